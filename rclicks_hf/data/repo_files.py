"""Paths in a dataset repo: one Parquet tree that all configs share through globs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow.parquet as pq

from rclicks_hf.data.schema import CLICKS, IMAGES, INSTANCES, SPLITS, ConfigKey
from rclicks_hf.support.files.file_digest import file_digest

PART = "part-00000.parquet"

#: Where an image file's metadata holds the digest of its pictures and masks.
PICTURES_KEY = "rclicks_pictures"


def parquet_path(
    kind: str, split: str, dataset: str, round_: str = "", device: str = "", *, keyed: bool = False
) -> str:
    """Path of a Parquet file in the repo; only click files have a round and a device.

    Builds were once ``keyed``, with folders such as ``split=test``. Other readers take these for
    columns, whose type then differs from that of the stored columns of the same name.
    """
    parts = {"dataset": dataset, "round": round_, "device": device, "split": split}
    levels = [f"{key}={value}" if keyed else value for key, value in parts.items() if value]
    return "/".join([kind, *levels, PART])


def config_glob(key: ConfigKey, split: str, *, keyed: bool = False) -> str:
    """Glob that matches the files of one split of a config."""
    levels = [key.dataset] if key.kind != CLICKS else [key.dataset, key.round, key.device]
    path = parquet_path(key.kind, split, *(name or "*" for name in levels), keyed=keyed)
    return path.replace(PART, "*.parquet")


def config_files(root: Path, key: ConfigKey) -> dict[str, list[Path]]:
    """The sorted files of a config by split; splits without files are left out."""
    return RepoFiles(root).of_config(key)


class RepoFiles:
    """The Parquet files of a repo, listed once for all configs; ``strays`` belong to none.

    ``keyed`` is the layout, see `parquet_path`.
    """

    def __init__(self, root: Path) -> None:
        paths = {path: path.relative_to(root).parent.parts for path in _parquet(root)}
        with_keys = sum("=" in "/".join(folders) for folders in paths.values())
        self.keyed = 2 * with_keys > len(paths)
        placed = {path: _levels(folders, self.keyed) for path, folders in paths.items()}
        self._files = {path: levels for path, levels in placed.items() if levels}
        self.strays = [path for path, levels in placed.items() if not levels]

    def datasets(self) -> set[str]:
        """The source datasets that the repo has clicks of."""
        return {of["dataset"] for of in self._files.values() if of["kind"] == CLICKS}

    def of_kind(self, kind: str) -> list[Path]:
        """The files of ``"clicks"``, ``"images"`` or ``"instances"``, sorted."""
        return [path for path, levels in self._files.items() if levels["kind"] == kind]

    def of_config(self, key: ConfigKey) -> dict[str, list[Path]]:
        """The files of a config by split, as `config_files` returns them."""
        wanted = {"kind": key.kind, "dataset": key.dataset}
        wanted |= {"round": key.round, "device": key.device} if key.kind == CLICKS else {}
        chosen: dict[str, list[Path]] = {split: [] for split in SPLITS}
        for path, levels in self._files.items():
            if all(value in (None, levels.get(name)) for name, value in wanted.items()):
                chosen[levels["split"]].append(path)
        return {split: files for split, files in chosen.items() if files}


def _parquet(root: Path) -> list[Path]:
    kinds = (CLICKS, IMAGES, INSTANCES)
    return sorted(path for kind in kinds for path in (root / kind).glob("**/*.parquet"))


def _levels(folders: tuple[str, ...], keyed: bool) -> dict[str, str]:
    """What the folders above a file say, empty where they are not those of `parquet_path`."""
    kind, *rest = folders
    names = ["dataset", "round", "device", "split"] if kind == CLICKS else ["dataset", "split"]
    pairs = [folder.partition("=")[::2] for folder in rest] if keyed else []
    values = [value for _, value in pairs] if keyed else rest
    if keyed and [name for name, _ in pairs] != names:
        return {}
    if len(values) != len(names) or values[-1] not in SPLITS or "=" in "".join(values):
        return {}
    return {"kind": kind, **dict(zip(names, values, strict=True))}


def stored_pictures(paths: list[Path]) -> str:
    """The digest of pictures and masks that `rclicks build` stored; ``""`` in older builds."""
    found = set()
    for path in paths:
        metadata = pq.read_metadata(path).metadata or {}
        found.add(metadata.get(PICTURES_KEY.encode(), b"").decode("ascii", "replace"))
    return found.pop() if len(found) == 1 else ""


def content_digest(root: Path, files: dict[str, list[Path]], digests: dict[Path, str]) -> str:
    """SHA-256 (hex) over the names and contents of a config's files.

    ``digests`` collects the SHA-256 of each file, so that shared files are read once.
    """
    total = hashlib.sha256()
    for split, paths in files.items():
        for path in paths:
            if path not in digests:
                digests[path] = file_digest(path)
            total.update(f"{split} {path.relative_to(root).as_posix()} {digests[path]}\n".encode())
    return total.hexdigest()
