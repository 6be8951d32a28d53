"""Reading the paper's ``clicks.csv``, or a file like it, as untrusted input.

What cannot be read is an error that names file, line and value. What the paper's code reads is
accepted: coordinates are truncated to whole pixels and clipped to the image as there, and the
original values are kept in ``x_raw`` and ``y_raw``; duplicate rows, unknown models and further
columns are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rclicks_hf.data.clicks import csv_lines
from rclicks_hf.data.clicks.word_codes import decode_table, encode, map_words
from rclicks_hf.data.schema import (
    CLICK_SCHEMA,
    CLICK_TYPES,
    DERIVED_SCHEMA,
    DEVICES,
    NO_MODEL,
    SOURCE_DATASETS,
)
from rclicks_hf.data.stems import UNSAFE_PATTERN, stem_problem
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.visible_text import shown

_NUMBERS = ("x", "y", "w", "h")
_MAX_SIDE = 2**15  # more pixels per side than any picture here has; keeps int32 safe
# CSV name -> key of SOURCE_DATASETS; the keys themselves are understood too.
_DATASET_NAMES: Mapping[str, str] = {
    entry.csv_name: entry.name for entry in SOURCE_DATASETS.values()
} | {name: name for name in SOURCE_DATASETS}


class RejectedRow(NamedTuple):
    """A line of the CSV that was left out.

    Attributes:
        line: Line in the file, the header is line 1.
        reason: What was wrong with it.
        text: The line itself; bytes that are not UTF-8 are escaped.

    Example:
        >>> RejectedRow(line=3, reason="x '?' is not a number", text="GrabCut,095,...,481").line
        3
    """

    line: int
    reason: str
    text: str


class _NeedsLinesError(Exception):
    """A row is bad: the file must be read again with the line number of every row."""


class _Rows:
    """The rows still to be checked (``lines`` is None where unknown); ``skips`` drops bad ones."""

    def __init__(
        self, path: Path, columns: dict[str, pa.ChunkedArray], lines: np.ndarray | None, skips: bool
    ) -> None:
        self.path = path
        self.columns = columns
        self.lines = lines
        self.skips = skips
        self.bad: list[csv_lines.BadLine] = []

    def refuse(self, bad: np.ndarray, reason: Callable[[int], str]) -> None:
        """Raise on the first bad row, or note all of them and keep the rest."""
        rows = np.flatnonzero(bad)
        if len(rows) == 0:
            return
        if self.lines is None:
            raise _NeedsLinesError
        found = [csv_lines.BadLine(int(self.lines[row]), reason(int(row))) for row in rows]
        self.note(found)
        keep = pa.array(~bad)
        self.columns = {name: column.filter(keep) for name, column in self.columns.items()}
        self.lines = self.lines[~bad]

    def note(self, found: Iterable[csv_lines.BadLine]) -> None:
        """Record lines that are not rows, or raise on the first."""
        for bad in found:
            if not self.skips:
                raise RclicksError(f"{self.path}, line {bad.line}: {bad.reason}")
            self.bad.append(bad)

    def values(self, name: str) -> np.ndarray:
        """A column as a NumPy array."""
        return self.columns[name].to_numpy()

    def says(self, name: str, problem: str | pa.Array) -> Callable[[int], str]:
        """Message for a row: the column, its value, and the problem (one for all, or per row)."""
        column = self.columns[name]
        return lambda row: (
            f"{name} {shown(column[row].as_py())} "
            f"{problem if isinstance(problem, str) else problem[row].as_py()}"
        )


def read_clicks(
    path: str | Path,
    *,
    datasets: Mapping[str, str] = _DATASET_NAMES,
    on_outside: Literal["clip", "error"] = "clip",
    on_error: Literal["raise", "skip"] = "raise",
    rejected: list[RejectedRow] | None = None,
    encoded: bool = False,
) -> pa.Table:
    r"""Read a click CSV.

    Args:
        path: UTF-8 CSV with a header and at least the columns of `CLICK_SCHEMA`; ``dataset`` holds
            the CSV names of `SOURCE_DATASETS`. Numbers may have blanks around them. Further
            columns are kept as text.
        datasets: Value of the CSV's ``dataset`` column -> value in the table; others are refused.
        on_outside: ``"clip"`` moves a click outside its image to [0, w-1] x [0, h-1] as the paper's
            code does, ``"error"`` refuses it.
        on_error: ``"raise"`` stops at the first row that cannot be read; ``"skip"`` leaves such
            rows out and appends them to ``rejected``.
        rejected: List that receives the rows left out; required with ``on_error="skip"``.
        encoded: Keep text dictionary-encoded, which `build_dataset` reads faster.

    Returns:
        The columns of `CLICK_SCHEMA` (``dataset`` as a key of `SOURCE_DATASETS`, an empty
        ``model_type`` as ``"none"``), then ``x_raw`` and ``y_raw`` (float64, as in the file), then
        further columns (text). One row per line, in the file's order.

    Raises:
        RclicksError: If the file, its header or a row cannot be read; names file, line and value.
        ValueError: If ``on_error`` is ``"skip"`` without a list for the rejected rows.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "clicks.csv"
        >>> row = "GrabCut,095,095,,first,,pc,-2.5,20,321,481"
        >>> _ = path.write_text(",".join(CLICK_SCHEMA.names) + "\n" + row)
        >>> table = read_clicks(path)
        >>> table["full_stem"][0].as_py(), table["x"][0].as_py(), table["x_raw"][0].as_py()
        ('095', 0, -2.5)
    """
    if on_error == "skip" and rejected is None:
        raise ValueError("on_error='skip' needs a list as rejected")
    path = Path(path)
    with csv_lines.open_csv(path) as file:
        names = csv_lines.read_header(path, file)
        _check_header(path, names)
        try:
            rows = _whole_rows(path, file, names)
            if rows is None:
                raise _NeedsLinesError
            _check_rows(rows, datasets, on_outside)
        except _NeedsLinesError:
            data = csv_lines.read_bytes(file)
            rows = _numbered_rows(path, data, names, on_error == "skip")
            _check_rows(rows, datasets, on_outside)
            if rejected is not None:
                rejected.extend(_with_text(rows.bad, data))
    table = _table(rows, names, datasets)
    return table if encoded else decode_table(table)


def _outside(value: np.ndarray, side: np.ndarray) -> np.ndarray:
    cut = np.trunc(value)
    return (cut < 0) | (cut >= side)


def _check_header(path: Path, names: list[str]) -> None:
    missing = [name for name in CLICK_SCHEMA.names if name not in names]
    if missing:
        raise RclicksError(
            f"{path}, line 1: no column {missing[0]!r}; the header needs "
            f"{','.join(CLICK_SCHEMA.names)}"
        )
    reserved = [name for name in names if name in DERIVED_SCHEMA.names and name != "split"]
    if reserved:
        raise RclicksError(f"{path}, line 1: column {reserved[0]!r} is reserved; rename it")


def _whole_rows(path: Path, file: BinaryIO, names: list[str]) -> _Rows | None:
    """All rows at once without their line numbers; None where some line is malformed."""
    table = csv_lines.parse_whole(file, names)
    if table is None:
        return None
    rows = _Rows(path, dict(zip(names, table.columns, strict=True)), None, skips=False)
    for name in _NUMBERS:
        _to_number(rows, name)
    return rows


def _numbered_rows(path: Path, data: bytes, names: list[str], skips: bool) -> _Rows:
    """All rows with their line numbers; slower, so only after the fast way found a fault."""
    broken = list(csv_lines.bad_lines(data))
    rows = _Rows(path, {}, np.zeros(0, np.int64), skips)
    rows.note(broken)
    if broken:
        data = csv_lines.blank_lines(data, {bad.line for bad in broken})
    try:
        table, rows.lines, malformed = csv_lines.parse_text(data, names)
    except RclicksError as error:
        raise RclicksError(f"{path}: {error}") from error
    rows.note(malformed)
    rows.columns = dict(zip(names, table.columns, strict=True))
    for name in _NUMBERS:
        _to_number(rows, name)
    return rows


def _check_rows(rows: _Rows, datasets: Mapping[str, str], on_outside: str) -> None:
    for name in ("full_stem", "image_stem", "object_stem"):
        _check_stems(rows, name)
    shown = dict.fromkeys(datasets.values()) if datasets is not _DATASET_NAMES else _SHOWN_NAMES
    _check_closed(rows, "dataset", datasets, shown)
    _check_closed(rows, "device", DEVICES, DEVICES)
    _check_closed(rows, "click_type", CLICK_TYPES, CLICK_TYPES)
    for name in ("x", "y"):
        # Beyond this a float counts in steps of more than a pixel, and int32 would overflow.
        far = ~(np.abs(rows.values(name)) < 2**31)
        rows.refuse(far, rows.says(name, "is not a valid coordinate"))
    for name in ("w", "h"):
        side = rows.values(name)
        bad = ~((side >= 1) & (side <= _MAX_SIDE))
        rows.refuse(bad, rows.says(name, f"must be 1 to {_MAX_SIDE}"))
    if on_outside == "error":
        for axis, side_name in (("x", "w"), ("y", "h")):
            bad = _outside(rows.values(axis), np.trunc(rows.values(side_name)))
            rows.refuse(bad, rows.says(axis, "is outside the image"))


_SHOWN_NAMES = (
    *(entry.csv_name for entry in SOURCE_DATASETS.values() if not entry.is_simulated),
    "Simulated...",
)


def _check_stems(rows: _Rows, name: str) -> None:
    column = encode(rows.columns[name])
    optional = name == "object_stem"
    words = column.dictionary
    suspects = pc.or_(pc.match_substring_regex(words, UNSAFE_PATTERN), pc.equal(words, ""))
    if not pc.any(suspects).as_py():
        return
    problems = [None if optional and not stem else stem_problem(stem) for stem in words.to_pylist()]
    found = pa.array(problems, pa.string()).take(column.indices)
    rows.refuse(pc.is_valid(found).to_numpy(zero_copy_only=False), rows.says(name, found))


def _check_closed(rows: _Rows, name: str, closed: Collection[str], shown: Iterable[str]) -> None:
    column = encode(rows.columns[name])
    known = np.array([word in closed for word in column.dictionary.to_pylist()], bool)
    if not known.all():
        bad = ~known[column.indices.to_numpy()]
        rows.refuse(bad, rows.says(name, f"is unknown; use one of {', '.join(shown)}"))


# What pandas, and with it the paper's code, reads as a finite number.
_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
_BLANKS = " \t"


def _to_number(rows: _Rows, name: str) -> None:
    """Read a text column as float64, each of its words once; blanks around a number are allowed."""
    text = encode(rows.columns[name])
    words = pc.utf8_trim(text.dictionary, _BLANKS)
    is_number = pc.match_substring_regex(words, _NUMBER)
    if not pc.all(is_number).as_py():
        rows.refuse(~np.asarray(is_number.take(text.indices)), rows.says(name, "is not a number"))
        words = pc.if_else(is_number, words, "nan")  # of no row that is left
    numbers = pc.cast(words, pa.float64())
    rows.columns[name] = pa.chunked_array([numbers.take(encode(rows.columns[name]).indices)])


def _with_text(bad: list[csv_lines.BadLine], data: bytes) -> list[RejectedRow]:
    lines = data.split(b"\n") if bad else []
    return [
        RejectedRow(line, reason, lines[line - 1].decode("utf-8", errors="backslashreplace"))
        for line, reason in sorted(bad)
    ]


def _table(rows: _Rows, names: list[str], datasets: Mapping[str, str]) -> pa.Table:
    columns: dict[str, pa.Array | pa.ChunkedArray] = dict(rows.columns)
    raw = {f"{axis}_raw": columns[axis] for axis in ("x", "y")}
    for axis, side in (("x", "w"), ("y", "h")):
        length = np.trunc(rows.values(side))
        inside = np.clip(np.trunc(rows.values(axis)), 0, length - 1)
        columns[axis] = pa.array(inside.astype(np.int32))
        columns[side] = pa.array(length.astype(np.int32))
    columns["dataset"] = map_words(columns["dataset"], lambda word: datasets[word])
    columns["model_type"] = map_words(columns["model_type"], lambda word: word or NO_MODEL)
    extra = [name for name in names if name not in CLICK_SCHEMA.names]
    table = pa.table(
        {name: columns[name] for name in CLICK_SCHEMA.names}
        | raw
        | {name: columns[name] for name in extra}
    )
    return table.combine_chunks()
