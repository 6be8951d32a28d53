"""Reading the paper's ``clicks.csv``, or a file like it, as untrusted input.

The text is checked column by column; what cannot be read is an error that names file, line and
value. Coordinates are cut to whole pixels and clipped to the image, as the paper's code does; the
values of the file stay in ``x_raw`` and ``y_raw``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from rclicks_hf.data.schema import (
    CLICK_SCHEMA,
    CLICK_TYPES,
    DERIVED_SCHEMA,
    DEVICES,
    NO_MODEL,
    SOURCE_DATASETS,
)
from rclicks_hf.data.stems import stem_problem
from rclicks_hf.errors import RclicksError

_FIRST_LINE = 2  # of the data: line 1 is the header
_MAX_SIDE = 2**15  # more pixels a side than any picture here has; keeps int32 safe
_CSV_DATASETS = {entry.csv_name: entry.name for entry in SOURCE_DATASETS.values()}
_DATASET_NAMES = _CSV_DATASETS | {name: name for name in SOURCE_DATASETS}


class RejectedRow(NamedTuple):
    r"""A row of the CSV that was left out.

    Attributes:
        line: Line in the file, the header is line 1.
        reason: What was wrong with it.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "clicks.csv"
        >>> rows = [f"GrabCut,095,095,,first,,pc,{x},20,321,481" for x in ("2", "?")]
        >>> _ = path.write_text("\n".join([",".join(CLICK_SCHEMA.names), *rows]))
        >>> left_out = []
        >>> len(read_clicks(path, on_error="skip", rejected=left_out)), left_out
        (1, [RejectedRow(line=3, reason=...)])
    """

    line: int
    reason: str


@dataclass
class _Rows:
    """The rows still to be checked; every check drops (or raises on) what it cannot read."""

    path: Path
    columns: dict[str, pa.ChunkedArray]
    lines: np.ndarray
    rejected: list[RejectedRow] | None
    reasons: list[RejectedRow] = field(default_factory=list)

    def refuse(self, bad: np.ndarray, reason: Callable[[int], str]) -> None:
        """Raise on the first bad row, or note all of them and keep the rest."""
        rows = np.flatnonzero(bad)
        if len(rows) == 0:
            return
        if self.rejected is None:
            raise RclicksError(f"{self.path}, line {self.lines[rows[0]]}: {reason(int(rows[0]))}")
        self.reasons += [RejectedRow(int(self.lines[row]), reason(int(row))) for row in rows]
        keep = pa.array(~bad)
        self.columns = {name: column.filter(keep) for name, column in self.columns.items()}
        self.lines = self.lines[~bad]

    def values(self, name: str) -> np.ndarray:
        """A column as a NumPy array."""
        return self.columns[name].to_numpy()


def read_clicks(
    path: str | Path,
    *,
    on_outside: Literal["clip", "error"] = "clip",
    on_error: Literal["raise", "skip"] = "raise",
    rejected: list[RejectedRow] | None = None,
) -> pa.Table:
    r"""Read a click CSV.

    Args:
        path: UTF-8 CSV with a header and at least the columns of `CLICK_SCHEMA`; ``dataset`` holds
            the CSV names of `SOURCE_DATASETS`. Further columns are carried along as text.
        on_outside: What to do with a click outside its image: clip it to [0, w-1] x [0, h-1] as the
            paper's code does, or refuse it.
        on_error: ``"raise"`` stops at the first row that cannot be read; ``"skip"`` leaves such
            rows out and appends them to ``rejected``.
        rejected: List that takes the rows left out; needed with ``on_error="skip"``, so that
            nothing vanishes silently.

    Returns:
        The columns of `CLICK_SCHEMA` (``dataset`` as a key of `SOURCE_DATASETS`, an empty
        ``model_type`` as ``"none"``), then ``x_raw`` and ``y_raw`` (float64, as in the file), then
        further columns (text). One row a line, in the file's order.

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
    data = _read_bytes(path)
    names = _read_header(path, data)
    rows = _read_text(path, data, names, rejected if on_error == "skip" else None)
    _check_stems(rows)
    _check_closed(rows, "dataset", _DATASET_NAMES, _CSV_DATASETS)
    _check_closed(rows, "device", DEVICES, DEVICES)
    _check_closed(rows, "click_type", CLICK_TYPES, CLICK_TYPES)
    for name in ("x", "y", "w", "h"):
        _to_number(rows, name)
    for name in ("w", "h"):
        side = rows.values(name)
        rows.refuse((side < 1) | (side > _MAX_SIDE), _says(rows, name, f"must be 1 to {_MAX_SIDE}"))
    if on_outside == "error":
        for axis, side_name in (("x", "w"), ("y", "h")):
            raw, side = np.trunc(rows.values(axis)), np.trunc(rows.values(side_name))
            rows.refuse((raw < 0) | (raw >= side), _says(rows, axis, "lies outside the image"))
    if rejected is not None:
        rejected.extend(sorted(rows.reasons))
    return _table(rows, names)


def count_outside(clicks: pa.Table) -> int:
    """Number of clicks that lay outside their image before they were clipped.

    Args:
        clicks: Table of `read_clicks`; without ``x_raw`` and ``y_raw`` nothing was clipped.

    Returns:
        The number of rows.

    Example:
        >>> count_outside(pa.table({"x_raw": [-3.0, 2.0], "y_raw": [0.0, 9.0],
        ...                         "w": [8, 8], "h": [8, 8]}))
        2
    """
    if "x_raw" not in clicks.column_names:
        return 0
    outside = np.zeros(len(clicks), bool)
    for axis, side in (("x_raw", "w"), ("y_raw", "h")):
        raw = np.trunc(clicks[axis].to_numpy())
        outside |= (raw < 0) | (raw >= clicks[side].to_numpy())
    return int(outside.sum())


def _read_bytes(path: Path) -> bytes:
    """The file's bytes, once every line is UTF-8 and ends its own quotes: lines are rows."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RclicksError(
            f"{path}: cannot be read ({error.strerror}); give the click CSV"
        ) from error
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RclicksError(
            f"{path}, line {line}: not UTF-8 text; save the file as UTF-8"
        ) from error
    if b'"' in data:
        for number, text in enumerate(data.split(b"\n"), 1):
            if text.count(b'"') % 2:
                raise RclicksError(
                    f"{path}, line {number}: a quoted field does not end on its line; "
                    "close the quote or take the line break out"
                )
    return data


def _read_header(path: Path, data: bytes) -> list[str]:
    header = data.split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")
    try:
        names = next(csv.reader([header]), [])
    except csv.Error as error:
        raise RclicksError(f"{path}, line 1: {error}; give the click CSV") from error
    missing = [name for name in CLICK_SCHEMA.names if name not in names]
    if missing:
        raise RclicksError(
            f"{path}, line 1: no column {missing[0]!r}; the header needs "
            f"{','.join(CLICK_SCHEMA.names)}"
        )
    reserved = [name for name in names if name in DERIVED_SCHEMA.names and name != "split"]
    if reserved:
        raise RclicksError(f"{path}, line 1: column {reserved[0]!r} is one we make; rename it")
    twice = [name for name in names if names.count(name) > 1]
    if twice or "" in names:
        raise RclicksError(
            f"{path}, line 1: column {(twice or [''])[0]!r} "
            f"{'occurs twice' if twice else 'has no name'}; give every column a name of its own"
        )
    return names


def _read_text(
    path: Path, data: bytes, names: list[str], rejected: list[RejectedRow] | None
) -> _Rows:
    """All columns as text, with the line of each row; rows of the wrong length are refused."""
    malformed: list[tuple[int, str]] = []

    def note(row: pacsv.InvalidRow) -> str:
        malformed.append((row.number, f"has {row.actual_columns} fields instead of {len(names)}"))
        return "skip"

    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(use_threads=False),  # one thread numbers the rows
            parse_options=pacsv.ParseOptions(invalid_row_handler=note, ignore_empty_lines=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise RclicksError(f"{path}: {str(error).splitlines()[0]}; mend that row") from error
    if malformed and rejected is None:
        line, reason = malformed[0]
        raise RclicksError(f"{path}, line {line}: {reason}; complete or remove that row")
    lines = np.arange(_FIRST_LINE, _FIRST_LINE + len(table) + len(malformed))
    lines = np.delete(lines, [line - _FIRST_LINE for line, _ in malformed])
    rows = _Rows(path, {name: table[name] for name in names}, lines, rejected)
    rows.reasons += [RejectedRow(line, reason) for line, reason in malformed]
    return _without_blank_lines(rows)


def _without_blank_lines(rows: _Rows) -> _Rows:
    """Blank lines are no rows, as for the paper's reader."""
    filled = np.zeros(len(rows.lines), bool)
    for column in rows.columns.values():
        filled |= pc.not_equal(column, "").to_numpy()
    if not filled.all():
        rows.columns = {k: column.filter(pa.array(filled)) for k, column in rows.columns.items()}
        rows.lines = rows.lines[filled]
    return rows


def _check_stems(rows: _Rows) -> None:
    for name in ("full_stem", "image_stem", "object_stem"):
        column = rows.columns[name].combine_chunks().dictionary_encode()
        optional = name == "object_stem"
        problems = [
            None if optional and not stem else stem_problem(stem)
            for stem in column.dictionary.to_pylist()
        ]
        found = pa.array(problems, pa.string()).take(column.indices)
        rows.refuse(pc.is_valid(found).to_numpy(zero_copy_only=False), _says(rows, name, found))


def _check_closed(rows: _Rows, name: str, closed: Collection[str], shown: Iterable[str]) -> None:
    known = pc.is_in(rows.columns[name], value_set=pa.array(list(closed))).to_numpy()
    rows.refuse(~known, _says(rows, name, f"is unknown; use one of {', '.join(shown)}"))


def _to_number(rows: _Rows, name: str) -> None:
    text = rows.columns[name]
    pattern = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?$"
    rows.refuse(
        ~pc.match_substring_regex(text, pattern).to_numpy(), _says(rows, name, "is no number")
    )
    rows.columns[name] = pc.cast(rows.columns[name], pa.float64())


def _says(rows: _Rows, name: str, problem: str | pa.Array) -> Callable[[int], str]:
    """Message for a row: the column, its value there, and the problem (one for all, or a row's)."""
    column = rows.columns[name]
    return lambda row: (
        f"{name} {column[row].as_py()!r} {problem if isinstance(problem, str) else problem[row]}"
    )


def _table(rows: _Rows, names: list[str]) -> pa.Table:
    columns = dict(rows.columns)
    raw = {f"{axis}_raw": columns[axis] for axis in ("x", "y")}
    for axis, side in (("x", "w"), ("y", "h")):
        length = np.trunc(rows.values(side))
        inside = np.clip(np.trunc(rows.values(axis)), 0, length - 1)
        columns[axis] = pa.chunked_array([inside.astype(np.int32)])
        columns[side] = pa.chunked_array([length.astype(np.int32)])
    columns["dataset"] = _translate(columns["dataset"], _DATASET_NAMES)
    columns["model_type"] = _translate(columns["model_type"], {"": NO_MODEL})
    extra = [name for name in names if name not in CLICK_SCHEMA.names]
    table = pa.table(
        {name: columns[name] for name in CLICK_SCHEMA.names}
        | raw
        | {name: columns[name] for name in extra}
    )
    return table.combine_chunks()


def _translate(column: pa.ChunkedArray, names: dict[str, str]) -> pa.Array:
    encoded = column.combine_chunks().dictionary_encode()
    words = [names.get(word, word) for word in encoded.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(encoded.indices, pa.array(words, pa.string())).cast(
        pa.string()
    )
