"""Files and folders that appear under their final name whole, or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rclicks_hf.errors import RclicksError


def _sibling(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")


def _explain(error: OSError, part: Path, final: Path) -> RclicksError | None:
    """The user's version of a refusal to write; None where the error is about something else."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RclicksError(f"{final}: the disk is full; free some space and run it again")
    named = {str(name) for name in (error.filename, error.filename2) if name is not None}
    ours = not named or any(n.startswith((str(part), str(final.parent))) for n in named)
    if ours and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
        return RclicksError(f"{final}: cannot be written there ({error.strerror}); choose another")
    return None


def require_absent(path: Path) -> None:
    """Refuse an output that is already there.

    Args:
        path: File or folder about to be made.

    Raises:
        RclicksError: If something stands there already.
    """
    if os.path.lexists(path):
        raise RclicksError(f"{path}: already exists; remove it or give another name with --out")


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file through a temporary sibling that takes its name only when it is whole.

    Args:
        path: Final name; an older file there is replaced in one step.

    Yields:
        The temporary name to write to.

    Raises:
        RclicksError: If the operating system refuses (full disk, no permission); nothing is left.

    Example:
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> with atomic_file(folder / "a.txt") as part:
        ...     _ = part.write_text("whole")
        >>> [f.name for f in folder.iterdir()]
        ['a.txt']
    """
    final = Path(path)
    part = _sibling(final)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, final)
    except OSError as error:
        raise (_explain(error, part, final) or error) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: str | os.PathLike[str], *, replace: bool = False) -> Iterator[Path]:
    """Fill a folder through a temporary sibling that takes its name only when it is whole.

    Args:
        path: Final name of the folder.
        replace: Swap an older folder of that name out, once the new one is whole.

    Yields:
        The temporary folder, empty, to write into.

    Raises:
        RclicksError: If the folder exists and ``replace`` is false, or the system refuses.

    Example:
        >>> import tempfile, pathlib
        >>> out = pathlib.Path(tempfile.mkdtemp()) / "set"
        >>> with atomic_directory(out) as part:
        ...     _ = (part / "a.txt").write_text("whole")
        >>> sorted(f.name for f in out.iterdir())
        ['a.txt']
    """
    final = Path(path)
    if not replace:
        require_absent(final)
    part = _sibling(final)
    try:
        part.mkdir(parents=True)
        yield part
        _swap_in(part, final)
    except OSError as error:
        raise (_explain(error, part, final) or error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _swap_in(part: Path, final: Path) -> None:
    """Give ``part`` its final name; an older folder is put aside first and removed after."""
    if not os.path.lexists(final):
        os.rename(part, final)
        return
    old = _sibling(final)
    os.rename(final, old)
    try:
        os.rename(part, final)
    except OSError:
        os.rename(old, final)
        raise
    shutil.rmtree(old, ignore_errors=True)
