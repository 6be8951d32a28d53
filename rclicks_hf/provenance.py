"""Where numbers come from: the command as it was typed, and the versions of the libraries."""

from __future__ import annotations

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
