"""What a push would change in a repo of the Hub, found by comparing digests of files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import RepoFile

from rclicks_hf.data.public_files import blob_sha1
from rclicks_hf.support.files.file_digest import file_digest

Files = Mapping[str, Path | bytes]


@dataclass(frozen=True)
class Changes:
    """Paths in a repo that a push adds, changes and deletes, each list sorted.

    Example:
        >>> print(Changes(added=["README.md"], deleted=["old.parquet"]))
        1 added, 0 changed, 1 deleted
        >>> Changes().lines(), bool(Changes())
        ([], False)
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    @property
    def sent(self) -> list[str]:
        """What is uploaded."""
        return [*self.added, *self.changed]

    def __bool__(self) -> bool:
        return bool(self.sent or self.deleted)

    def __str__(self) -> str:
        return ", ".join(f"{len(paths)} {kind}" for kind, paths in vars(self).items())

    def lines(self) -> list[str]:
        """One line per path: the sign of the change and the path."""
        signs = {"+": self.added, "~": self.changed, "-": self.deleted}
        return [f"  {sign} {path}" for sign, paths in signs.items() for path in paths]


def find_changes(files: Files, remote: Mapping[str, RepoFile], owned: str) -> Changes:
    """Compare the files to push with those of a repo.

    What matches ``owned`` is deleted unless it is pushed too; nothing is where nothing pushed does,
    so that a card alone replaces no data.
    """
    of_kind = re.compile(owned)
    may_delete = any(map(of_kind.fullmatch, files))
    return Changes(
        sorted(path for path in files if path not in remote),
        sorted(p for p, file in files.items() if p in remote and not _is_equal(file, remote[p])),
        sorted(p for p in remote if may_delete and p not in files and of_kind.fullmatch(p)),
    )


def _is_equal(file: Path | bytes, remote: RepoFile) -> bool:
    size = len(file) if isinstance(file, bytes) else file.stat().st_size
    if size != remote.size:
        return False
    if remote.lfs is not None:
        found = hashlib.sha256(file).hexdigest() if isinstance(file, bytes) else file_digest(file)
        return found == remote.lfs.sha256
    if isinstance(file, bytes):
        return hashlib.sha1(b"blob %d\0%b" % (size, file)).hexdigest() == remote.blob_id
    return blob_sha1(file) == remote.blob_id
