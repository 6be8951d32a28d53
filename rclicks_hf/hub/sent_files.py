"""Which files of a folder belong to a kind of Hub repo."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rclicks_hf.errors import RclicksError

_NAME = r"(?!\.)[^/]+"
_COMMON = r"README\.md|LICENSE(\.txt|\.md)?|CITATION\.cff|\.gitattributes"
# Paths of files, and the folders that may hold some, by kind of repo.
_FILES = {
    "dataset": rf"{_NAME}\.parquet|croissant\.json|eval\.yaml"
    rf"|(clicks|images|instances|data)/({_NAME}/)*{_NAME}\.parquet",
    "model": r"(\w+_)?config\.json|model\.safetensors(\.index\.json)?"
    r"|model-\d+-of-\d+\.safetensors|adapter_model\.safetensors|training_log\.json|\w+\.py"
    rf"|\.eval_results/{_NAME}\.yaml|runs/({_NAME}/)*events\.out\.tfevents\.[^/]+",
    "space": r"\w+\.py|requirements\.txt",
}
_FOLDERS = {
    "dataset": ("clicks", "images", "instances", "data"),
    "model": (".eval_results", "runs"),
    "space": (),
}
#: Files of a repo that are deleted once the folder has others of them, but not these.
OWNED = {
    "dataset": r"croissant\.json|[^/]+\.parquet|(clicks|images|instances|data)/.+\.parquet",
    "model": r"model(-\d+-of-\d+)?\.safetensors(\.index\.json)?",
    "space": r"rclicks_\w+\.py",
}
# A folder being written by `rclicks_hf.support.files.atomic`, by `rclicks train`, or by Python.
_UNFINISHED = re.compile(r"\.tmp$|\.training$|^__pycache__$|^checkpoint-\d+$")
REPO_TYPES = tuple(_FILES)

#: The Hub's limits: most files of a repo, greatest file, greatest file that is not stored apart.
MAX_FILES = 100_000
MAX_BYTES = 50_000_000_000
MAX_TEXT_BYTES = 10_000_000
_STORED_APART = (".parquet", ".safetensors")


@dataclass
class SentFiles:
    """What is sent of a folder, by path in the repo, and what is not, with the reason."""

    sent: dict[str, Path] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def sent_files(folder: Path, repo_type: str) -> SentFiles:
    """The files of a folder that belong to a kind of repo.

    A link is followed where its target lies in the folder and belongs to the repo too.

    Args:
        folder: A built dataset repo, a saved model, or a metric module.
        repo_type: Item of `REPO_TYPES`.

    Returns:
        The files to send and the entries left out; an entry of a folder left out ends in ``/``.

    Raises:
        RclicksError: If a link leaves the folder, a file is too large or cannot be read, or there
            are too many files for a repo.

    Example:
        >>> sent_files(Path("never-built"), "model")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: never-built: cannot be read (No such file or directory)
    """
    found = SentFiles()
    root = Path(os.path.realpath(folder))
    try:
        for path, reason in _entries(root, repo_type):
            if reason is None:
                found.sent[path] = Path(os.path.realpath(root / path))
                _check_size(folder / path)
            else:
                found.left_out[path] = reason
            if len(found.sent) + len(found.left_out) > MAX_FILES:
                raise RclicksError(
                    f"{folder}: more than {MAX_FILES:,} files, the most that a Hub repo may have; "
                    "is it the right folder?"
                )
    except OSError as error:
        raise RclicksError(f"{folder}: cannot be read ({error.strerror})") from None
    return found


def _entries(
    root: Path, repo_type: str, inside: str = "", above: tuple[str, ...] = ()
) -> Iterator[tuple[str, str | None]]:
    """Paths under a folder of the root, with the reason where one is left out."""
    here = os.path.realpath(root / inside)
    for entry in sorted(os.scandir(here), key=lambda entry: entry.name):
        path = inside + entry.name
        target = Path(os.path.realpath(entry.path))
        if entry.is_symlink() and not target.is_relative_to(root):
            raise RclicksError(
                f"{root.name}/{_shown(path)}: a link to a file outside of the folder; put the file "
                "itself there (`cp -rL` does so for a folder), or remove the link"
            )
        real_path = target.relative_to(root).as_posix()
        try:
            mode = os.stat(entry.path).st_mode
        except OSError:
            yield path, "a broken link" if entry.is_symlink() else "cannot be read"
            continue
        if stat.S_ISDIR(mode):
            if not all(_may_hold_files(of, repo_type) for of in (path, real_path)):
                yield f"{path}/", _foreign(repo_type)
            elif str(target) in (here, *above):
                yield f"{path}/", "a link to a folder around it"
            else:
                yield from _entries(root, repo_type, f"{path}/", (here, *above))
        elif not stat.S_ISREG(mode):
            yield path, "not a file"
        elif all(_belongs(of, repo_type) for of in (path, real_path)):
            yield path, None
        else:
            yield path, _foreign(repo_type)


def _belongs(path: str, repo_type: str) -> bool:
    return path.isprintable() and bool(re.fullmatch(f"{_COMMON}|{_FILES[repo_type]}", path))


def _may_hold_files(path: str, repo_type: str) -> bool:
    top, *below = path.split("/")
    return (
        path.isprintable()
        and top in _FOLDERS[repo_type]
        and not any(name.startswith(".") or _UNFINISHED.search(name) for name in below)
    )


def _foreign(repo_type: str) -> str:
    kind = "metric" if repo_type == "space" else repo_type
    return f"does not belong to a {kind} repo"


def _check_size(path: Path) -> None:
    size, most = path.stat().st_size, MAX_TEXT_BYTES
    if path.suffix in _STORED_APART:
        most = MAX_BYTES
    if size > most:
        raise RclicksError(
            f"{path}: {size / 1e6:,.0f} MB, but the Hub takes at most {most / 1e6:,.0f} MB for "
            "such a file; split it"
        )


def _shown(path: str) -> str:
    """A path for a message: what cannot be printed is escaped."""
    return path if path.isprintable() else ascii(path)[1:-1]


def left_out_lines(folder: Path, found: SentFiles, most: int = 20) -> list[str]:
    """One line for each entry that is left out, and for the number of those beyond ``most``."""
    name = os.path.basename(os.path.realpath(folder))
    lines = [f"{name}/{_shown(path)}: left out, {why}" for path, why in found.left_out.items()]
    more = len(lines) - most
    return lines if more <= 0 else [*lines[:most], f"{name}: {more:,} more entries left out"]
