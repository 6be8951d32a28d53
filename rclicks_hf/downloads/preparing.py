"""Downloads public items and makes them ready: dataset folders, model folders, results."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm.auto import tqdm

from rclicks_hf.data.images.folders import FolderStore
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.downloads.fetching import Fetcher
from rclicks_hf.downloads.public_items import ITEMS, PublicItem, choose_items
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.atomic import (
    atomic_directory,
    atomic_file,
    explain_full_disk,
    require_absent,
    scratch_directory,
    take_name,
)
from rclicks_hf.support.files.download_folder import download_folder
from rclicks_hf.support.progress import is_quiet
from rclicks_hf.support.text.text_table import plain_table
from rclicks_hf.support.untrusted.safe_zip import (
    DamagedArchiveError,
    explained_zip,
    open_zip,
    unpack_zip,
)

_RETRY = "remove it and run the same command again"
_JUNK = ("__MACOSX/", "._", ".DS_Store", "Thumbs.db", "desktop.ini")
#: Part of a network -> its file in the archive of checkpoints.
_CHECKPOINTS = {"clickability": "clickability_model.pth", "saliency": "TranSalNet_Res.pth"}


def download(
    names: Sequence[str],
    *,
    to: str | os.PathLike[str] | None = None,
    mirror: str = "",
    progress: bool = True,
    report: Callable[[str], object] = lambda line: None,
) -> dict[str, Path]:
    """Download public items and make them ready to use.

    Existing results are kept. The same call resumes after an interruption. Archives are unpacked
    so that nothing leaves the folder; a result gets its final name only when it is complete.

    Args:
        names: Keys of `ITEMS`, or ``"all"``.
        to: Folder for the results; None is the download folder: the variable ``RCLICKS_CACHE``,
            or ``rclicks`` beside the Hub's cache.
        mirror: A folder or a web address that holds the files by their names, in place of the
            published addresses.
        progress: Show progress bars.
        report: Called with one line per item.

    Returns:
        Name -> the result: the folder of the files, dataset, network or results.

    Raises:
        RclicksError: If a name is unknown, or a file cannot be fetched, is damaged or is not the
            published one.

    Example:
        >>> download(["imagenet"])
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: imagenet: unknown item; choose clicks,
        ... or all
    """
    items = choose_items(names)
    folder = download_folder() if to is None else Path(to)
    fetcher = Fetcher(folder, mirror, progress)
    made: dict[str, Path] = {}
    archives = {
        folder / file.name for item in items if item.becomes != "files" for file in item.files
    }
    own = {archive for archive in archives if archive.exists()}  # somebody put them there
    with explain_full_disk(folder), _explain_refusal(folder):
        for item in items:
            made[item.name] = _make(item, fetcher, report)
        for archive in archives - own:  # at the end: two items may be in one archive
            archive.unlink(missing_ok=True)
    return made


@contextmanager
def _explain_refusal(folder: Path) -> Iterator[None]:
    """Turn the system's refusal to write into one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise RclicksError(
            f"{folder}: cannot be written ({reason}); choose another --out"
        ) from error


def plan(
    names: Sequence[str], *, to: str | os.PathLike[str] | None = None, mirror: str = ""
) -> str:
    """What `download` would fetch, as text."""
    folder = download_folder() if to is None else Path(to)
    fetcher, rows, total = Fetcher(folder, mirror), [], 0.0
    for item in choose_items(names):
        if _result(item, folder).exists() and item.becomes != "files":
            rows.append([item.name, "", "is already there", str(_result(item, folder))])
            continue
        for file in item.files:
            done = (folder / file.name).exists()
            total += 0 if done else file.megabytes
            state = "is already there" if done else fetcher.source(file)
            rows.append([item.name, _size(file.megabytes), state, str(_result(item, folder))])
    place = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(place).free / 1e6
    return "\n".join(
        [
            plain_table([["item", "size", "from", "to"], *rows], left=4),
            f"{_size(total)} to fetch; {_size(free)} free in {place}",
        ]
    )


def list_items() -> str:
    """The table of public items as text."""
    folder = download_folder()
    rows = [
        [
            item.name,
            _size(item.megabytes),
            "yes" if _is_here(item, folder) else "no",
            item.title,
            item.note,
            item.licence,
        ]
        for item in ITEMS.values()
    ]
    heads = ["item", "size", "downloaded", "what", "for", "licence"]
    return plain_table([heads, *rows], left=len(heads))


def total_size(names: Sequence[str]) -> str:
    """What is fetched at most for these items, as text."""
    files = {file.name: file.megabytes for item in choose_items(names) for file in item.files}
    return _size(sum(files.values()))


def _size(megabytes: float) -> str:
    return f"{megabytes / 1e3:.1f} GB" if megabytes >= 1e3 else f"{megabytes:.0f} MB"


def _is_here(item: PublicItem, folder: Path) -> bool:
    if item.becomes == "files":
        return all((folder / file.name).is_file() for file in item.files)
    return _result(item, folder).is_dir()


def _result(item: PublicItem, folder: Path) -> Path:
    return folder / item.folder if item.folder else folder


def _make(item: PublicItem, fetcher: Fetcher, report: Callable[[str], object]) -> Path:
    """Fetch an item and make it ready; its result."""
    final = _result(item, fetcher.folder)
    if item.becomes == "files":
        for file in item.files:
            found = fetcher.fetch(file)
            if found.parent != fetcher.folder:  # a local mirror
                _copy(found, fetcher.folder / file.name)
        report(f"{item.name}: {', '.join(file.name for file in item.files)} in {final}")
        return final
    if final.exists() and item.becomes != "results":
        report(f"{item.name}: {final} is already there{_checked(item, final)}")
        return final
    (file,) = item.files
    was_there = (fetcher.folder / file.name).exists()
    archive = fetcher.fetch(file)
    try:
        if item.becomes == "results":
            facts = _import(archive, final, fetcher.progress)
        elif item.becomes in _CHECKPOINTS:
            facts = _convert(item, archive, final)
        else:
            facts = _unpack(item, archive, final, fetcher.progress)
    except DamagedArchiveError:
        if not was_there and archive.parent == fetcher.folder:
            archive.unlink()  # so that the same command fetches it again
        raise
    digest = fetcher.remember(file, archive)
    report(f"{item.name}: {final}{facts}; SHA-256 of {file.name}: {digest}")
    return final


def _copy(source: Path, target: Path) -> None:
    require_absent(target)
    with atomic_file(target) as part:
        shutil.copyfile(source, part)


def _unpack(item: PublicItem, archive: Path, final: Path, progress: bool) -> str:
    """Unpack a dataset's archive, its one leading folder left out; a clause on what came out."""
    with open_zip(archive, _RETRY) as opened, atomic_directory(final) as part:
        names = [
            entry.filename.replace("\\", "/")
            for entry in opened.infolist()
            if not entry.is_dir() and not _is_junk(entry.filename)
        ]
        if not names:
            raise RclicksError(f"{archive}: is empty; {_RETRY}")
        first = {name.split("/")[0] for name in names}
        is_wrapped = len(first) == 1 and all("/" in name for name in names)
        strip = f"{first.pop()}/" if is_wrapped else ""
        total = sum(entry.file_size for entry in opened.infolist())
        with (
            explained_zip(str(archive), _RETRY),
            tqdm(
                total=total,
                desc=f"unpack {item.folder}",
                unit="B",
                unit_scale=True,
                disable=not progress or is_quiet(),
            ) as bar,
        ):
            unpack_zip(opened, part, strip=strip, skip=_is_junk, progress=bar.update)
        return _checked(item, part)


def _is_junk(name: str) -> bool:
    """Whether Finder or Windows left it behind."""
    last = name.rstrip("/").rpartition("/")[2]
    return "__MACOSX/" in f"{name}/" or last.startswith("._") or last in _JUNK


def _checked(item: PublicItem, folder: Path) -> str:
    """Count what is in a dataset's folder; another number than the published is refused."""
    if item.becomes != "source":
        return ""
    source = SOURCE_DATASETS[item.name]
    store = FolderStore(source.layout, folder, progress=True)
    images, objects = len(store.image_stems()), len(store.objects())
    if objects != source.instances:
        raise RclicksError(
            f"{folder}: holds {objects:,} objects of {source.title}, not the published "
            f"{source.instances:,}; remove it and download it again"
        )
    return f", {images:,} images with {objects:,} objects as published"


def _convert(item: PublicItem, archive: Path, final: Path) -> str:
    """Make the model folder of a network in the archive of checkpoints."""
    from rclicks_hf.downloads.network_card import write_network_card
    from rclicks_hf.networks import convert_checkpoint

    wanted = _CHECKPOINTS[item.becomes]
    with open_zip(archive, _RETRY) as opened:
        found = [
            entry
            for entry in opened.infolist()
            if entry.filename.rpartition("/")[2] == wanted and not _is_junk(entry.filename)
        ]
        if len(found) != 1:
            raise RclicksError(
                f"{archive}: holds {len(found)} files called {wanted}, not one; {_RETRY}"
            )
        with scratch_directory(final) as scratch:
            with (
                explained_zip(str(archive), _RETRY),
                opened.open(found[0]) as packed,
                (scratch / wanted).open("xb") as target,
            ):
                shutil.copyfileobj(packed, target, 1 << 20)
            conversion = convert_checkpoint(item.becomes, scratch / wanted, scratch / "model")
            write_network_card(scratch / "model", item, conversion)
            take_name(scratch / "model", final)
    return f", {conversion.size}, licence: {item.licence}"


def _import(archive: Path, final: Path, progress: bool) -> str:
    """Import the paper's results."""
    from rclicks_hf.benchmark.published.importing import import_results

    return "\n" + str(import_results(archive, final, progress=progress))
