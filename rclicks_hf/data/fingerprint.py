"""A digest of the files that a number was computed from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rclicks_hf.data.loading import load_instances
from rclicks_hf.data.repo_files import config_files, content_digest
from rclicks_hf.data.schema import IMAGES, INSTANCES, ConfigKey


def dataset_fingerprint(repo: str, dataset: str, split: str, rounds: Iterable[str]) -> str:
    """A digest that changes whenever the instances of a dataset and split do.

    A folder is digested by its files, a Hub repo by its stored rows of the given rounds.

    Raises:
        RclicksError: If a Hub repo cannot be read.
    """
    root = Path(repo)
    if not root.is_dir():
        return load_instances(repo, dataset, split=split, rounds=tuple(rounds)).content_digest()
    digests: dict[Path, str] = {}
    parts = []
    for kind in (INSTANCES, IMAGES):
        files = config_files(root, ConfigKey(dataset, kind=kind))
        wanted = {name: paths for name, paths in files.items() if name == split}
        parts.append(content_digest(root, wanted, digests))
    return _digest(parts)


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
