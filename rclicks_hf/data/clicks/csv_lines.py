"""The lines of a click CSV as untrusted input: bytes, header, and the fields of each line.

A line is a row: a quoted field must not span lines. As in pandas and Arrow, lines end with a line
feed, a carriage return, or both. Every field is read as text here, so that a number means the same
whichever way its line was read.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from rclicks_hf.data.clicks.word_codes import DICTIONARY
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.visible_text import shorten, shown, visible

FIRST_LINE = 2  # of the data: line 1 is the header
_PACKED = {b"\x1f\x8b": "compressed with gzip", b"PK": "a zip archive or a spreadsheet"}
MAX_LINE = 1 << 20  # bytes, the limit of Arrow's parser
_WINDOW = MAX_LINE // 4  # a line that is too long fills at least one such part of the file
# A field is quoted as a whole, with its quotes doubled, or not at all.
_FIELD = rb'(?:"(?:[^"]|"")*+"|[^",]*+)'
_QUOTED_LINE = re.compile(_FIELD + rb"(?:," + _FIELD + rb")*+", re.DOTALL)
_BAD_QUOTE = "a quote inside a field; quote the whole field and double the quotes in it"
_NUL = "holds a NUL byte; save the file as plain UTF-8 text"


class BadLine(NamedTuple):
    """A line (the header is line 1) that is not a row: what is wrong with it, and what to do."""

    line: int
    reason: str


@contextmanager
def open_csv(path: Path) -> Iterator[BinaryIO]:
    """The open, seekable file (a pipe is read into memory); `RclicksError` if unreadable."""
    try:
        with path.open("rb") as opened:
            file = opened if opened.seekable() else io.BytesIO(opened.read())
            kind = _PACKED.get(file.read(2))
            if kind:
                raise RclicksError(f"{path}: is {kind}; give the unpacked click CSV")
            file.seek(0)
            yield file
    except OSError as error:
        raise RclicksError(
            f"{path}: cannot be read ({error.strerror or error}); give the click CSV"
        ) from error


def read_bytes(file: BinaryIO) -> bytes:
    """All bytes of the file, every line ended by a line feed."""
    file.seek(0)
    data = file.read()
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def read_header(path: Path, file: BinaryIO) -> list[str]:
    """The column names in the first line; `RclicksError` if it is not a valid header."""
    file.seek(0)
    lines = file.readline(MAX_LINE).splitlines()
    if lines and len(lines[0]) >= MAX_LINE - 1:
        raise RclicksError(f"{path}, line 1: {MAX_LINE:,} bytes or longer; give the click CSV")
    try:
        header = lines[0].decode("utf-8-sig") if lines else ""
        if "\0" in header:
            raise RclicksError(f"{path}, line 1: {_NUL}")
        if not _QUOTED_LINE.fullmatch(header.encode()):
            raise RclicksError(f"{path}, line 1: {_BAD_QUOTE}")
        names = next(csv.reader([header], strict=True), [])
    except UnicodeDecodeError as error:
        raise RclicksError(f"{path}, line 1: not UTF-8 text; save the file as UTF-8") from error
    except csv.Error as error:
        raise RclicksError(f"{path}, line 1: {error}; give the click CSV") from error
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice or "" in names:
        raise RclicksError(
            f"{path}, line 1: column {shown((twice or [''])[0])} "
            f"{'occurs twice' if twice else 'has no name'}; give every column a unique name"
        )
    return names


def bad_lines(data: bytes) -> Iterator[BadLine]:
    """Lines that are not UTF-8, too long, or malformed by NUL bytes or quotes, in order."""
    is_utf8 = _is_utf8(data)
    lines = data.split(b"\n")
    is_plain = is_utf8 and not _is_suspect(data)
    if is_plain and max(map(len, lines)) < MAX_LINE:
        return
    open_quote = False
    for number, line in enumerate(lines, 1):
        if len(line) >= MAX_LINE:
            yield BadLine(number, f"{len(line):,} bytes long; a row has fewer than {MAX_LINE:,}")
        elif not is_utf8 and not _is_utf8(line):
            yield BadLine(number, "not UTF-8 text; save the file as UTF-8")
        elif b"\0" in line:
            yield BadLine(number, _NUL)
        elif line.count(b'"') % 2:
            # The next line with an odd number of quotes closes this one.
            what = "a quoted field does not begin" if open_quote else "a quoted field does not end"
            open_quote = not open_quote
            yield BadLine(number, f"{what} on its line; close the quote or remove the line break")
        elif number > 1 and b'"' in line and not _QUOTED_LINE.fullmatch(line):
            yield BadLine(number, _BAD_QUOTE)


def blank_lines(data: bytes, lines: set[int]) -> bytes:
    """The bytes with the lines of these numbers emptied, so that the others keep theirs."""
    split = data.split(b"\n")
    return b"\n".join(b"" if number in lines else line for number, line in enumerate(split, 1))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_suspect(data: bytes) -> bool:
    return b'"' in data or b"\0" in data


class _Watched(io.RawIOBase):
    """A file that records, block by block, whether a line may be one that Arrow reads too kindly.

    These are lines with quotes or NUL bytes, and lines that are too long.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.is_suspect = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.is_suspect = self.is_suspect or _is_suspect(block) or _has_long_line(block)
        return block


def _has_long_line(block: bytes) -> bool:
    """Whether some whole window of a block has no line end."""
    starts = range(0, len(block) - _WINDOW + 1, _WINDOW)
    return any(
        block.find(b"\n", start, start + _WINDOW) < 0
        and block.find(b"\r", start, start + _WINDOW) < 0
        for start in starts
    )


def parse_whole(file: BinaryIO, names: list[str]) -> pa.Table | None:
    """All rows at once as dictionary-encoded text.

    The file is parsed block by block, never held in memory completely. None where a line is
    malformed: `bad_lines` and `parse_text` say which.
    """
    file.seek(0)
    watched = _Watched(file)
    try:
        table = pacsv.read_csv(pa.PythonFile(watched, mode="r"), convert_options=_convert(names))
    except pa.ArrowInvalid:
        return None
    if watched.is_suspect and next(bad_lines(read_bytes(file)), None):
        return None
    return table.unify_dictionaries().combine_chunks()


def parse_text(data: bytes, names: list[str]) -> tuple[pa.Table, np.ndarray, list[BadLine]]:
    """The rows as text, the line number of each, and the lines with a wrong number of fields.

    Every line of ``data`` must be UTF-8 and close its quotes. Blank lines are not rows.
    """
    malformed: list[BadLine] = []
    if not data.endswith(b"\n"):
        data += b"\n"  # Arrow reads a header without a line end as an empty file

    def note(row: pacsv.InvalidRow) -> str:
        fields = "1 field" if row.actual_columns == 1 else f"{row.actual_columns} fields"
        malformed.append(BadLine(row.number, f"has {fields} instead of {len(names)}"))
        return "skip"

    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(use_threads=False),  # one thread numbers the rows
            parse_options=pacsv.ParseOptions(invalid_row_handler=note, ignore_empty_lines=False),
            convert_options=_convert(names),
        )
    except pa.ArrowInvalid as error:
        reason = shorten(visible(str(error).splitlines()[0]), 80)
        raise RclicksError(f"{reason}; fix that row") from error
    lines = np.arange(FIRST_LINE, FIRST_LINE + len(table) + len(malformed))
    lines = np.delete(lines, [bad.line - FIRST_LINE for bad in malformed])
    blank = {number for number, line in enumerate(data.split(b"\n"), 1) if not line}
    filled = np.array([line not in blank for line in lines.tolist()], bool)
    return table.filter(pa.array(filled)).unify_dictionaries(), lines[filled], malformed


def _convert(names: list[str]) -> pacsv.ConvertOptions:
    """Every column as text; none of it is read as a missing value."""
    types = dict.fromkeys(names, DICTIONARY)
    return pacsv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False)
