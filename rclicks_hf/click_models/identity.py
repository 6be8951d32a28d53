"""What a number was made from: digests of a click model's files and of a dataset's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rclicks_hf.click_models.registry import split_spec
from rclicks_hf.data import load_instances
from rclicks_hf.data.schema import IMAGES, INSTANCES, ConfigKey
from rclicks_hf.data.tree import config_files, content_digest


def click_model_identity(spec: str) -> dict[str, str]:
    """What a click model is, wherever it lies: its name, and a digest of a model folder's files.

    Args:
        spec: What `load_click_model` takes: name, folder or Hub id, with or without a prefix.

    Returns:
        ``click_model`` and ``click_model_fingerprint``, the latter ``""`` for what is no folder.

    Example:
        >>> click_model_identity("dt")
        {'click_model': 'dt', 'click_model_fingerprint': ''}
    """
    name, weights = split_spec(spec)
    folder = Path(weights)
    if not weights or not folder.is_dir():
        return {"click_model": spec, "click_model_fingerprint": ""}
    prefix = "" if spec == weights else f"{name}:"
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return {
        "click_model": prefix + folder.resolve().name,
        "click_model_fingerprint": digest.hexdigest(),
    }


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
