"""Claims on pieces of work in a folder that several processes or nodes share.

A claim is a lock on a file. The operating system releases it when its process ends, however it
ends, so the work of a dead process is free at once and no claim is ever stale.
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
    """Claim the work that a file stands for; yields whether it may be done.

    The file is created with its folder, kept, and names the process that claimed it last. Without
    locks (Windows, some network file systems) the work may always be done: at worst it is done
    twice. With ``wait`` it waits until another process's claim ends.
    """
    with _open(file) as handle:
        is_mine = _lock(handle.fileno(), wait)
        if is_mine:
            handle.truncate(0)
            handle.write(f"{platform.node()} {os.getpid()}\n")
            handle.flush()
        yield is_mine  # closing the file releases the lock


def _open(file: Path) -> TextIO:
    for _ in range(100):
        # Another process may finish, and remove the folder, at any moment.
        with suppress(FileNotFoundError, FileExistsError):
            file.parent.mkdir(parents=True, exist_ok=True)
            return file.open("a+")
    return file.open("a+")


# Not `filelock`: on a file system without locks it takes a file's existence for the lock, which a
# dead process keeps forever (only its newest releases can switch that off) and work would stop.
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
