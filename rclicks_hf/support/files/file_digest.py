"""Digests of files; in one process, a file that has not changed is read once."""

from __future__ import annotations

import hashlib
import os
import time
from io import BufferedReader
from pathlib import Path
from typing import Any

# A file that changed within this time may change again without another time stamp.
_SETTLED = 2.0  # seconds

_digests: dict[tuple[Any, ...], str] = {}


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file."""
    with path.open("rb") as file:
        return open_file_digest(file)


def open_file_digest(file: BufferedReader) -> str:
    """SHA-256 (hex) of an open file."""
    facts = os.fstat(file.fileno())
    # The change time cannot be set by hand, unlike the modification time.
    key = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
    if key not in _digests:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if time.time() - max(facts.st_ctime, facts.st_mtime) < _SETTLED:
            return digest
        _digests[key] = digest
    return _digests[key]
