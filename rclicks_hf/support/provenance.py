"""Where numbers come from: the command as typed, versions of libraries, digests of files."""

from __future__ import annotations

import hashlib
import shlex
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from rclicks_hf import __version__


def command_line() -> str:
    """The command as it was typed, without the folder of the script.

    Returns:
        A line that a shell reads back as the same words.

    Example:
        >>> sys.argv, kept = ["/opt/bin/rclicks", "demo", "--out", "my run"], sys.argv
        >>> command_line()
        "rclicks demo --out 'my run'"
        >>> sys.argv = kept
    """
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Versions of this package and of those of the named libraries that are installed.

    Args:
        names: Distribution names.

    Returns:
        Distribution name -> version, this package first.

    Example:
        >>> list(library_versions(["numpy", "no-such-library"]))
        ['rclicks-hf', 'numpy']
    """
    versions = {"rclicks-hf": __version__}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def file_digest(path: Path) -> str:
    """SHA-256 of a file.

    Args:
        path: The file.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: If it cannot be read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.txt"
        >>> _ = path.write_text("a")
        >>> file_digest(path)[:8]
        'ca978112'
    """
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """One SHA-256 over names and contents of all files below a folder, wherever that lies.

    Args:
        folder: The folder.

    Returns:
        64 hexadecimal digits.

    Raises:
        OSError: If a file cannot be read.

    Example:
        >>> import tempfile
        >>> folder_digest(Path(tempfile.mkdtemp()))[:8]
        'e3b0c442'
    """
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(bytes.fromhex(file_digest(file)))
    return digest.hexdigest()
