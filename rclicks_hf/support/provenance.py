"""Provenance of results: command line, library versions, digests of files."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

from rclicks_hf import __version__
from rclicks_hf.support.files.file_digest import file_digest
from rclicks_hf.support.text.visible_text import visible, without_secrets


def utc_day() -> str:
    """Today's date, YYYY-MM-DD in UTC."""
    return datetime.now(UTC).date().isoformat()


def command_line() -> str:
    """The command as it was typed, without the script's folder, quoted for a shell."""
    return visible(without_secrets(shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])))


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Versions of this package, first, and of the named distributions that are installed."""
    versions = {"rclicks-hf": __version__}
    return versions | {name: found for name in names if (found := _version(name))}


@cache  # a file is read and parsed for each
def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def folder_digest(folder: Path) -> str:
    """One SHA-256 of the names and contents of all files in a folder, independent of its place."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(bytes.fromhex(file_digest(file)))
    return digest.hexdigest()
