"""Zip archives from outside: listed and checked before anything of them is read."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.visible_text import shown

_MOST_ENTRIES = 200_000
_GROWTH = 200  # largest ratio of a file's size to its packed size; results have below 20
_SMALL = 1 << 16  # bytes; smaller entries may be packed more tightly
_LONGEST = 100  # characters of a name in a message


class DamagedArchiveError(RclicksError):
    """An archive whose bytes are not those that were packed."""


def open_zip(path: Path, retry: str) -> zipfile.ZipFile:
    """Open an archive whose entries stay inside and do not unpack to more than they seem.

    Args:
        path: The file.
        retry: What an error advises, for example ``"download it again"``.

    Raises:
        RclicksError: If it cannot be listed, has an entry outside its folder, a link, an encrypted
            entry, a name twice, too many entries, or one that unpacks to far more than it has.
    """
    with explained_zip(str(path), retry):
        archive = zipfile.ZipFile(path)
    if problem := _problem(archive.infolist()):
        archive.close()
        raise RclicksError(f"{path}: {problem}; {retry}")
    return archive


def unpack_zip(
    archive: zipfile.ZipFile,
    folder: Path,
    *,
    strip: str = "",
    skip: Callable[[str], bool] = lambda name: False,
    progress: Callable[[int], object] = lambda count: None,
) -> int:
    """Unpack a checked archive into an existing folder; number of files.

    ``strip`` is a leading path that is left out, with entries that lack it; ``skip`` says which
    names are left out; ``progress`` is told the bytes of each file.
    """
    count = 0
    for entry in archive.infolist():
        name = entry.filename.replace("\\", "/")
        if entry.is_dir() or not name.startswith(strip) or skip(name):
            continue
        place = folder / PurePosixPath(name.removeprefix(strip))
        place.parent.mkdir(parents=True, exist_ok=True)
        # "x": names that differ in case only may be one file here.
        with archive.open(entry) as packed, place.open("xb") as target:
            shutil.copyfileobj(packed, target, 1 << 20)
        progress(entry.file_size)
        count += 1
    return count


@contextmanager
def explained_zip(what: str, retry: str) -> Iterator[None]:
    """Turn whatever a damaged archive raises into one line."""
    try:
        yield
    except (RclicksError, OSError):
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise DamagedArchiveError(
            f"{what}: the archive is damaged or cut off ({reason}); {retry}"
        ) from error


def _problem(entries: list[zipfile.ZipInfo]) -> str:
    """What no archive of a published folder has; ``""`` if it has nothing of that."""
    names = {entry.filename for entry in entries}
    if len(entries) > _MOST_ENTRIES:
        return f"has {len(entries):,} entries"
    if len(names) < len(entries):
        return "lists a name twice"
    for entry in entries:
        name = shown(entry.filename, _LONGEST)
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0] or "\0" in entry.filename:
            return f"has an entry outside its folder, {name}"
        if stat.S_ISLNK(entry.external_attr >> 16):
            return f"has a link, {name}"
        if entry.flag_bits & 1:
            return f"is encrypted ({name})"
        if entry.file_size > max(_GROWTH * entry.compress_size, _SMALL):
            return f"has {name}, which would unpack to {entry.file_size / 2**20:,.0f} MiB"
    return ""
