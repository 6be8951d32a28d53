"""The recorded clicks on disk: an append-only file per annotator, one line per click.

A file is named after a digest of its annotator's code, so that the code, which resumes the work,
is stored nowhere.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from rclicks_hf.analysis.display_modes import DISPLAY_MODES
from rclicks_hf.data.schema import CLICK_SCHEMA, SOURCE_DATASETS
from rclicks_hf.data.stems import FullStem, check_stem
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.atomic import atomic_file, require_absent
from rclicks_hf.support.text.visible_text import shown

#: What a click was made with, as the browser says -> device of the click table.
POINTERS = {"mouse": "pc", "keyboard": "pc", "touch": "mobile", "pen": "mobile"}
#: Columns of the exported table after those of `CLICK_SCHEMA`.
EXTRA_COLUMNS = ("annotator", "pointer", "display_mode", "response_ms")
CLICKS_FOLDER = "clicks"

_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without characters that look alike
_CODE_LENGTH = 12
_CODE = re.compile(f"[{_ALPHABET}]{{{_CODE_LENGTH}}}")
_LONGEST_RESPONSE = 10**9  # milliseconds; more is not a response time
_LONGEST_SIDE = 2**15


@dataclass(frozen=True)
class CollectedClick:
    """One click of one annotator on one object, in pixels of the picture itself.

    Raises:
        ValueError: If a value cannot be one of a click; says which.
    """

    dataset: str
    image_stem: str
    object_stem: str
    x: int
    y: int
    w: int
    h: int
    pointer: str
    display_mode: str
    response_ms: int

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            wanted = int if field.type == "int" else str
            if type(value) is not wanted:
                raise ValueError(f"{field.name} {shown(value)} is not of type {wanted.__name__}")
        for name, known in (
            ("dataset", SOURCE_DATASETS),
            ("pointer", POINTERS),
            ("display_mode", DISPLAY_MODES),
        ):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} {shown(getattr(self, name))} is unknown")
        check_stem(self.image_stem, "image_stem")
        if self.object_stem:
            check_stem(self.object_stem, "object_stem")
        for name, least, end in (
            ("w", 1, _LONGEST_SIDE + 1),
            ("h", 1, _LONGEST_SIDE + 1),
            ("x", 0, self.w),
            ("y", 0, self.h),
            ("response_ms", 0, _LONGEST_RESPONSE),
        ):
            if not least <= getattr(self, name) < end:
                raise ValueError(f"{name} {getattr(self, name)} is not in [{least}, {end})")

    @property
    def full_stem(self) -> str:
        """Name of the instance: image and object."""
        return str(FullStem(self.image_stem, self.object_stem))


def new_code() -> str:
    """A random code for a new annotator."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))


def readable_code(code: str) -> str:
    """The code in groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def parse_code(text: object) -> str | None:
    """The code that somebody typed, in any spelling; None if it is none."""
    if not isinstance(text, str) or len(text) > 100:
        return None
    code = re.sub(r"[\s-]", "", text).upper()
    return code if _CODE.fullmatch(code) else None


def annotator_of(code: str) -> str:
    """The name of an annotator in tables, from which the code cannot be found out."""
    return hashlib.sha256(f"rclicks annotator {code}".encode()).hexdigest()[:12]


class ClickJournal:
    """All clicks that are recorded in a folder; threads and processes may append at once.

    Args:
        folder: The study's folder, created where it does not exist; the clicks are in ``clicks/``.

    Raises:
        RclicksError: If the folder cannot be created or written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / CLICKS_FOLDER
        if self.folder.is_symlink():
            raise RclicksError(f"{self.folder}: is a link; clicks are written to a real folder")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RclicksError(
                f"{self.folder}: cannot be written ({error.strerror}); give another folder"
            ) from error
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise RclicksError(f"{self.folder}: cannot be written; give another folder")

    def of(self, code: str) -> list[CollectedClick]:
        """The clicks of an annotator, in order; none for an unknown code."""
        path = self._path(code)
        return list(_read(path)) if path.is_file() else []

    def append(self, code: str, click: CollectedClick) -> list[CollectedClick]:
        """Record a click; returns all clicks of the annotator.

        Raises:
            RclicksError: If the annotator has clicked on this object, or the click cannot be
                written; the file is then as it was.
        """
        path = self._path(code)
        line = json.dumps(asdict(click), ensure_ascii=True).encode() + b"\n"
        try:
            with _locked(path) as descriptor:
                data = _content(descriptor)
                earlier = list(_parse(data, path))
                if any(one.full_stem == click.full_stem for one in earlier):
                    raise RclicksError(f"{click.full_stem}: you have clicked on this object before")
                # A line that a crash left half-written goes.
                end = data.rfind(b"\n") + 1
                os.ftruncate(descriptor, end)
                try:
                    _write(descriptor, line)
                except OSError:
                    os.ftruncate(descriptor, end)
                    raise
        except OSError as error:
            raise RclicksError(
                f"{path.name}: the click cannot be written ({error.strerror}); try again"
            ) from error
        return [*earlier, click]

    def all(self) -> dict[str, list[CollectedClick]]:
        """Annotator -> clicks, sorted by annotator."""
        return {path.stem: list(_read(path)) for path in sorted(self.folder.glob("*.jsonl"))}

    def _path(self, code: str) -> Path:
        return self.folder / f"{annotator_of(code)}.jsonl"


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """A file open for appending, which nobody else appends to meanwhile; links are refused."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        # Not filelock: the lock is the file of clicks itself, and nothing else lies beside it.
        with suppress(ImportError):  # a system without these locks
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]
    os.fsync(descriptor)


def _read(path: Path) -> Iterator[CollectedClick]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RclicksError(f"{path}: cannot be read ({error.strerror})") from error
    return _parse(data, path)


def _parse(data: bytes, path: Path) -> Iterator[CollectedClick]:
    """The complete lines; what comes after the last line end was never finished."""
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            yield CollectedClick(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise RclicksError(
                f"{path}, line {number}: is not a click ({error}); remove the line"
            ) from error


def click_csv(clicks: dict[str, list[CollectedClick]]) -> str:
    """The clicks of annotators as the CSV that ``rclicks build`` reads, sorted by instance."""
    rows = [(one, annotator) for annotator, of_one in clicks.items() for one in of_one]
    rows.sort(key=lambda row: (row[0].dataset, row[0].full_stem, row[1]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*CLICK_SCHEMA.names, *EXTRA_COLUMNS])
    writer.writerows(_csv_rows(rows))
    return text.getvalue()


def _csv_rows(rows: Iterable[tuple[CollectedClick, str]]) -> Iterator[list[object]]:
    for click, annotator in rows:
        values: dict[str, object] = {
            **asdict(click),
            "dataset": SOURCE_DATASETS[click.dataset].csv_name,
            "full_stem": click.full_stem,
            "click_type": "first",
            "model_type": "",
            "device": POINTERS[click.pointer],
            "annotator": annotator,
        }
        yield [values[name] for name in (*CLICK_SCHEMA.names, *EXTRA_COLUMNS)]


def export_clicks(folder: Path, out: Path) -> str:
    """Write the clicks of all annotators to one click table; returns a line about it.

    Args:
        folder: Folder that clicks were collected in.
        out: CSV to create, as ``rclicks build --clicks`` takes it.

    Raises:
        RclicksError: If there are no clicks, a file is damaged, or ``out`` exists.
    """
    require_absent(out)
    clicks = ClickJournal(folder).all() if (folder / CLICKS_FOLDER).is_dir() else {}
    count = sum(map(len, clicks.values()))
    if not count:
        raise RclicksError(
            f"{folder}: holds no recorded clicks; collect some with rclicks space --collect"
        )
    with atomic_file(out) as part:
        part.write_text(click_csv(clicks), encoding="utf-8")
    people = "1 annotator" if len(clicks) == 1 else f"{len(clicks):,} annotators"
    return f"{out}: {count:,} click{'s' * (count > 1)} of {people}"
