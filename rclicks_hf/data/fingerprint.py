"""What a number was made from: a digest of a dataset's files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rclicks_hf.data.loading import load_instances
from rclicks_hf.data.repo_files import config_files, content_digest
from rclicks_hf.data.schema import IMAGES, INSTANCES, ConfigKey


def dataset_fingerprint(repo: str, dataset: str, split: str, rounds: Iterable[str]) -> str:
    """Changes whenever the instances of a dataset and split do.

    Args:
        repo: Folder or Hub id of the dataset repo.
        dataset: Key of ``SOURCE_DATASETS``.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        rounds: Rounds that are used; they count only where the repo is a Hub id.

    Returns:
        Digest of the files of a folder; of the stems where the repo is a Hub id.

    Raises:
        RclicksError: If a Hub repo cannot be read.

    Example:
        >>> import tempfile
        >>> empty = tempfile.mkdtemp()
        >>> len(dataset_fingerprint(empty, "davis", "test", ("first",)))
        64
    """
    root = Path(repo)
    if not root.is_dir():
        return _digest(load_instances(repo, dataset, split=split, rounds=tuple(rounds)).stems)
    digests: dict[Path, str] = {}
    parts = []
    for kind in (INSTANCES, IMAGES):
        files = config_files(root, ConfigKey(dataset, kind=kind))
        wanted = {name: paths for name, paths in files.items() if name == split}
        parts.append(content_digest(root, wanted, digests))
    return _digest(parts)


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
