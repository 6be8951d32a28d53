"""The small files of the paper's public repository, at one pinned commit, with their checks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

COMMIT = "e20bf7636198545331a9d383b77e42107e97ea09"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class PublicFile:
    """A file of the public repository and how its content is checked."""

    name: str  # below ``datasets/``
    blob: str = ""  # Git's SHA-1 of its content, "" if unknown
    lines: int = 0  # number of different lines, 0 where ``blob`` suffices

    def problem(self, path: Path) -> str:
        """Why a file is not the published one; ``""`` if it is."""
        if self.blob:
            found = blob_sha1(path)
            if found == self.blob:
                return ""
            return f"is not the published file (git blob {found}, published {self.blob})"
        lines = path.read_bytes().splitlines()
        if len(lines) == len(set(lines)) == self.lines:
            return ""
        return f"has {len(set(lines)):,} different lines instead of {self.lines:,}"


FILES = (
    PublicFile("clicks.csv", blob="34e225d556b8f8b8db0e1bf5d1e1cd570c1e3cd4"),
    PublicFile("previews.csv", blob="4a5fe1ea767006d4399ff6a6db433b5cbf67ff72"),
    PublicFile("TETRIS_train.txt", lines=1_500),
    PublicFile("TETRIS_val.txt", lines=500),
)


def blob_sha1(path: Path) -> str:
    """Git's name for a file's content: the SHA-1 of a header with the size, and the content."""
    total = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()
