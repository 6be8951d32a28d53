"""Files and folders that appear under their final name whole, or not at all."""

from __future__ import annotations

import errno
import glob
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rclicks_hf.errors import RclicksError

_REFUSALS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)
_LOCKED_WITHIN = 60  # seconds; a new folder is made first and then locked
LEAST_FREE = 1 << 20  # bytes; with less, a failed write is taken for the disk's fault


def _sibling(path: Path, key: str = "") -> Path:
    return path.with_name(f".{path.name}.{key or uuid.uuid4().hex[:8]}.tmp")


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder's lock, which ends with the process however that ends; whether it was free."""
    descriptor, is_free = -1, False
    try:
        with suppress(ImportError, OSError):  # a system or a disk without locks
            import fcntl

            descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_free = True
        yield is_free
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def remove_left_over(folder: Path, name: str = "*") -> None:
    """Remove the temporary folders that killed runs left.

    Args:
        folder: Where they lie.
        name: Final name that they were to take, a pattern.

    Example:
        >>> remove_left_over(Path("never-made"))
    """
    for part in folder.glob(str(_sibling(Path(name), "????????"))):
        with suppress(OSError), _locked(part) as is_free:
            is_old = time.time() - part.stat().st_mtime > _LOCKED_WITHIN
            if is_free and is_old and not part.is_symlink():
                shutil.rmtree(part, ignore_errors=True)


def _remove_siblings(final: Path) -> None:
    # A run that was killed in the middle of a swap leaves the older folder under such a name, and
    # nothing under its own.
    if os.path.lexists(final):
        remove_left_over(final.parent, glob.escape(final.name))


@contextmanager
def scratch_directory(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A hidden sibling of a path that is removed at the end, as are those that killed runs left.

    Args:
        path: Gives the name.

    Yields:
        The empty folder.

    Example:
        >>> import tempfile, pathlib
        >>> with scratch_directory(pathlib.Path(tempfile.mkdtemp()) / "parts") as scratch:
        ...     print(scratch.is_dir())
        True
        >>> scratch.exists()
        False
    """
    final = Path(path)
    remove_left_over(final.parent, glob.escape(final.name))
    part = _sibling(final)
    try:
        part.mkdir(parents=True)
        with _locked(part):
            yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def explain_full_disk(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn whatever a library raises on a full disk into one line.

    Libraries with a compiled core (torch, safetensors, Arrow) have errors of their own for it, so
    the disk itself is asked.

    Args:
        path: What is being written; it need not exist.

    Raises:
        RclicksError: If the body failed and the disk that holds ``path`` is full.

    Example:
        >>> with explain_full_disk("model"):
        ...     raise OSError(errno.ENOSPC, "No space left on device")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: model: the disk is full; free some space and run it again
    """
    try:
        yield
    except RclicksError:
        raise
    except Exception as error:
        if _is_full(error, Path(path)):
            message = f"{path}: the disk is full; free some space and run it again"
            raise RclicksError(message) from error
        raise


def _is_full(error: Exception, path: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    place = next((p for p in (path, *path.absolute().parents) if p.exists()), Path.cwd())
    return shutil.disk_usage(place).free < LEAST_FREE


@contextmanager
def _explain_refusal(part: Path, final: Path) -> Iterator[None]:
    """Turn the system's refusal to write ``part`` into one line; other errors pass."""
    try:
        with explain_full_disk(final):
            yield
    except OSError as error:
        named = {str(name) for name in (error.filename, error.filename2) if name is not None}
        ours = not named or any(n.startswith((str(part), str(final.parent))) for n in named)
        if ours and error.errno in _REFUSALS:
            message = f"{final}: cannot be written there ({error.strerror}); choose another place"
            raise RclicksError(message) from error
        raise


def require_absent(path: Path) -> None:
    """Refuse an output that is already there.

    Args:
        path: File or folder about to be made.

    Raises:
        RclicksError: If something stands there already.

    Example:
        >>> require_absent(Path("never-made"))
        >>> require_absent(Path("."))
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: .: already exists; remove it or give another name with --out
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
    if not final.name:
        raise RclicksError(f"{final}: is a folder; give the name of a file in it")
    part = _sibling(final)
    try:
        with _explain_refusal(part, final):
            final.parent.mkdir(parents=True, exist_ok=True)
            yield part
            os.replace(part, final)
    finally:
        with suppress(OSError):  # a parent may not even be a folder
            part.unlink()


@contextmanager
def atomic_directory(path: str | os.PathLike[str], *, replace: bool = False) -> Iterator[Path]:
    """Fill a folder through a temporary sibling that takes its name only when it is whole.

    The siblings that killed runs left are removed.

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
        with _explain_refusal(part, final):
            _remove_siblings(final)
            part.mkdir(parents=True)
            with _locked(part):
                yield part
                _swap_in(part, final)
            _remove_siblings(final)
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
