"""Files and folders that appear under their final name complete or not at all."""

from __future__ import annotations

import ctypes
import errno
import glob
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from rclicks_hf.errors import RclicksError

_REFUSALS = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.ELOOP,
)
_LOCKED_WITHIN = 60  # seconds between the creation of a folder and its lock, at most
_ATTEMPTS = 10  # to take a name that others create and remove meanwhile
_AT_FDCWD, _NOREPLACE, _EXCHANGE = -100, 1, 2  # of Linux' renameat2
LEAST_FREE = 1 << 20  # bytes; with less, a full disk is taken as the cause of a failed write


def _sibling(path: Path, key: str = "") -> Path:
    return path.with_name(f".{path.name}.{key or uuid.uuid4().hex[:8]}.tmp")


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock a folder until the body or the process ends; yields whether it was free."""
    # Not filelock: it locks a file, which would be left beside the folder.
    descriptor, is_free = -1, False
    try:
        with suppress(ImportError, OSError):  # a system or file system without locks
            import fcntl

            descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_free = True
        yield is_free
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def remove_left_over(folder: Path, name: str = "*") -> None:
    """Remove temporary folders that killed runs left for final names matching ``name``."""
    for part in folder.glob(str(_sibling(Path(name), "????????"))):
        with suppress(OSError), _locked(part) as is_free:
            is_old = time.time() - part.stat().st_mtime > _LOCKED_WITHIN
            if is_free and is_old and not part.is_symlink():
                shutil.rmtree(part, ignore_errors=True)


def _remove_siblings(final: Path) -> None:
    # If there is no folder of the final name, a run may have been killed while it swapped folders:
    # then the older folder exists only under such a temporary name.
    if os.path.lexists(final):
        remove_left_over(final.parent, glob.escape(final.name))


@contextmanager
def scratch_directory(path: str | os.PathLike[str]) -> Iterator[Path]:
    """An empty hidden sibling of a path, removed at the end, with those that killed runs left."""
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
    """Turn any exception that a full disk caused into an `RclicksError`.

    Compiled libraries (torch, safetensors, Arrow) raise their own types, so the free space of the
    disk that will hold ``path`` decides.
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
    """Turn the system's refusal to write ``part`` into an `RclicksError`; other errors pass."""
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
    """Raise `RclicksError` if the output exists."""
    if os.path.lexists(path):
        raise RclicksError(f"{path}: already exists; remove it or give another name with --out")


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary sibling to write to; it replaces ``path`` in one step at the end.

    After an exception nothing is left; the system's refusals become an `RclicksError`.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "a.txt"
        >>> with atomic_file(file) as part:
        ...     _ = part.write_text("all of it")
        >>> file.read_text()
        'all of it'
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
    """Yield an empty temporary sibling to fill; it becomes ``path`` at the end.

    With ``replace`` it changes places with an older folder, which is then removed. Without, an
    existing ``path`` is an `RclicksError`; if it appears meanwhile, the work is kept beside it.
    """
    final = Path(path)
    _restore_replaced(final)
    if not replace:
        require_absent(final)
    part = _sibling(final)
    try:
        with _explain_refusal(part, final):
            _remove_siblings(final)
            part.mkdir(parents=True)
            with _locked(part):
                yield part
                take_name(part, final, replace=replace)
            _remove_siblings(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def take_name(part: Path, final: Path, *, replace: bool = False) -> None:
    """Give finished work its final name in one step.

    With ``replace``, ``part`` names what was there before. Without, a name that is taken by now is
    an `RclicksError`, and the work is kept under a name beside it.
    """
    for _ in range(_ATTEMPTS):
        try:
            if replace and os.path.lexists(final):
                _exchange(part, final)  # ``part`` names the older folder now
                return
            _rename_new(part, final)
            return
        except FileExistsError:
            if not replace:
                kept = _keep(part, final)
                raise RclicksError(
                    f"{final}: was created meanwhile and is unchanged; this result is in {kept}"
                ) from None
        except FileNotFoundError:  # the older folder went away meanwhile
            if not replace or not part.exists():
                raise
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final))


def _keep(part: Path, final: Path) -> Path:
    """Move finished work beside a name that is taken, under a name that is free."""
    for number in range(1, 1_000):
        kept = final.with_name(f"{final.name}-{number}")
        with suppress(FileExistsError):
            _rename_new(part, kept)
            return kept
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final))


def _rename_new(source: Path, target: Path) -> None:
    """Rename a folder; an existing target is a `FileExistsError`, even an empty folder."""
    if _renameat2(source, target, _NOREPLACE):
        return
    # Without that call: creating the folder takes the name, and rename replaces an empty folder.
    os.mkdir(target)
    try:
        os.rename(source, target)
    except OSError as error:
        with suppress(OSError):
            os.rmdir(target)
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(errno.EEXIST, error.strerror, str(target)) from error
        raise


def _exchange(part: Path, final: Path) -> None:
    """Swap two names in one step, or where the kernel cannot, so that a kill can be repaired."""
    if _renameat2(part, final, _EXCHANGE):
        return
    old = _replaced(final)
    os.rename(final, old)  # killed after this, `_restore_replaced` brings the older folder back
    try:
        _rename_new(part, final)
    except OSError:
        with suppress(FileExistsError):
            _rename_new(old, final)
        raise
    os.rename(old, part)


def _replaced(final: Path) -> Path:
    return final.with_name(f".{final.name}.replaced")


def _restore_replaced(final: Path) -> None:
    """Bring back an older folder that a killed run had moved aside; later, remove it."""
    old = _replaced(final)
    if not old.is_dir() or old.is_symlink():
        return
    with suppress(OSError):
        _rename_new(old, final)  # fails where a folder has the name
        return
    if final.is_dir():
        shutil.rmtree(old, ignore_errors=True)


def _renameat2(source: Path, target: Path, flags: int) -> bool:
    """Rename with flags; False where the system or the file system does not offer it."""
    call = _find_renameat2()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(source), None, str(target))


@cache
def _find_renameat2() -> Callable[..., int] | None:
    """The C library's ``renameat2``; Python offers no rename that refuses or swaps."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):  # not Linux, or an old C library
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    call.restype = ctypes.c_int
    return call
