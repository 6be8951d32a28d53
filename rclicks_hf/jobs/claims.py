"""Claims on pieces of work in a folder that processes, and nodes, share.

A claim is a lock on a file. The operating system gives it up together with the process that holds
it, however that ended, so the work of a dead process is free at once and no claim is ever stale.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

CLAIMS = "claims"


@contextmanager
def claim(file: Path, *, wait: bool = False) -> Iterator[bool]:
    """Claim a piece of work for the time of the body.

    Args:
        file: Names the work; made with its folder, and left there. It tells who claimed it last.
        wait: Wait for a claim of another process to end, instead of giving way.

    Yields:
        Whether the work may be done. Where the system or the file system has no locks it always
        may: work is then done twice at times, and nothing worse.

    Example:
        >>> import tempfile
        >>> work = Path(tempfile.mkdtemp()) / "claims" / "a"
        >>> with claim(work) as mine, claim(work) as again:
        ...     mine, again
        (True, False)
        >>> with claim(work) as mine:
        ...     mine
        True
    """
    with _open(file) as handle:
        is_mine = _lock(handle.fileno(), wait)
        if is_mine:
            handle.truncate(0)
            handle.write(f"{platform.node()} {os.getpid()}\n")
            handle.flush()
        yield is_mine  # closing the file gives the lock up


def _open(file: Path) -> TextIO:
    for _ in range(100):
        # Another process may finish, and remove the folder, at any moment.
        with suppress(FileNotFoundError, FileExistsError):
            file.parent.mkdir(parents=True, exist_ok=True)
            return file.open("a+")
    return file.open("a+")


def _lock(descriptor: int, wait: bool) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
