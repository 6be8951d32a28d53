"""The text of a click CSV, as untrusted input: bytes, header, and the fields of each line.

A line is a row: a file in which a quoted field runs over a line's end is not read. Lines end as in
pandas and Arrow: by a line feed, a carriage return, or both.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from rclicks_hf.data.clicks.word_codes import DICTIONARY
from rclicks_hf.errors import RclicksError

FIRST_LINE = 2  # of the data: line 1 is the header
MAX_LINE = 1 << 20  # bytes; Arrow's parser takes no longer ones


class BadLine(NamedTuple):
    r"""A line that is no row.

    Attributes:
        line: Line in the file, the header is line 1.
        reason: What is wrong with it, and what to do.

    Example:
        >>> next(bad_lines(b'a,b\n1,"2\n')).line
        2
    """

    line: int
    reason: str


@contextmanager
def open_csv(path: Path) -> Iterator[BinaryIO]:
    """The file, open to be read more than once.

    Args:
        path: The CSV; a pipe is read into memory.

    Yields:
        The file at its start; it can be sought.

    Raises:
        RclicksError: If it cannot be read.

    Example:
        >>> with open_csv(Path("none.csv")):
        ...     pass
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: none.csv: cannot be read (No such file or directory); ...
    """
    try:
        with path.open("rb") as file:
            yield file if file.seekable() else io.BytesIO(file.read())
    except OSError as error:
        raise RclicksError(
            f"{path}: cannot be read ({error.strerror or error}); give the click CSV"
        ) from error


def read_bytes(file: BinaryIO) -> bytes:
    r"""The bytes of the file, every line ended by a line feed.

    Args:
        file: The CSV, from `open_csv`.

    Returns:
        All of it.

    Example:
        >>> read_bytes(io.BytesIO(b"x,y\r\n1,2\r"))
        b'x,y\n1,2\n'
    """
    file.seek(0)
    data = file.read()
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def read_header(path: Path, file: BinaryIO) -> list[str]:
    r"""Names of the columns.

    Args:
        path: The CSV, for messages.
        file: The same, from `open_csv`.

    Returns:
        The names in the first line, each different.

    Raises:
        RclicksError: If the line is no header: not UTF-8, too long, a name twice, or a column
            without one.

    Example:
        >>> read_header(Path("clicks.csv"), io.BytesIO(b"x,y\n1,2\n"))
        ['x', 'y']
    """
    file.seek(0)
    lines = file.readline(MAX_LINE).splitlines()
    if lines and len(lines[0]) >= MAX_LINE - 1:
        raise RclicksError(f"{path}, line 1: {MAX_LINE:,} bytes or longer; give the click CSV")
    try:
        header = lines[0].decode("utf-8-sig") if lines else ""
        names = next(csv.reader([header], strict=True), [])
    except UnicodeDecodeError as error:
        raise RclicksError(f"{path}, line 1: not UTF-8 text; save the file as UTF-8") from error
    except csv.Error as error:
        raise RclicksError(f"{path}, line 1: {error}; give the click CSV") from error
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice or "" in names:
        raise RclicksError(
            f"{path}, line 1: column {(twice or [''])[0]!r} "
            f"{'occurs twice' if twice else 'has no name'}; give every column a name of its own"
        )
    return names


def bad_lines(data: bytes) -> Iterator[BadLine]:
    r"""Lines that are not UTF-8, that are too long, or whose quotes do not end on them.

    Args:
        data: The bytes of the CSV, from `read_bytes`.

    Yields:
        The lines in order.

    Example:
        >>> [bad.line for bad in bad_lines(b"a\nb\n" + "é".encode("latin-1"))]
        [3]
    """
    is_utf8 = _is_utf8(data)
    lines = data.split(b"\n")
    if is_utf8 and b'"' not in data and max(map(len, lines)) < MAX_LINE:
        return
    open_quote = False
    for number, line in enumerate(lines, 1):
        if len(line) >= MAX_LINE:
            yield BadLine(number, f"{len(line):,} bytes long; a row has less than {MAX_LINE:,}")
        elif not is_utf8 and not _is_utf8(line):
            yield BadLine(number, "not UTF-8 text; save the file as UTF-8")
        elif line.count(b'"') % 2:
            # The next line with an odd number of quotes closes this one.
            what = "a quoted field does not begin" if open_quote else "a quoted field does not end"
            open_quote = not open_quote
            yield BadLine(number, f"{what} on its line; close the quote or take the line break out")


def blank_lines(data: bytes, lines: set[int]) -> bytes:
    r"""The bytes with some lines emptied, so that the others keep their numbers.

    Args:
        data: The bytes of the CSV.
        lines: Numbers of the lines to empty, the first is 1.

    Returns:
        The bytes; an empty line is no row.

    Example:
        >>> blank_lines(b"a\nb\nc", {2})
        b'a\n\nc'
    """
    split = data.split(b"\n")
    return b"\n".join(b"" if number in lines else line for number, line in enumerate(split, 1))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _Watched(io.RawIOBase):
    """A file that notes, block by block as it is read, whether a quote goes by."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.has_quotes = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.has_quotes = self.has_quotes or b'"' in block
        return block


def parse_numbers(file: BinaryIO, names: list[str], numbers: set[str]) -> pa.Table | None:
    r"""The rows in one go, where every line has all fields and every number is one.

    The file is never in memory as a whole: the parser takes it block by block.

    Args:
        file: The CSV, from `open_csv`; its header is read again.
        names: The columns.
        numbers: Columns to read as float64; the others are text, dictionary-encoded.

    Returns:
        A row a line, each column in one chunk; None where some line has another number of fields or
        a quote that does not end on it, or some field is no number. `bad_lines` and `parse_text`
        then tell which.

    Example:
        >>> parse_numbers(io.BytesIO(b"a,n\nx,1.5\n"), ["a", "n"], {"n"}).to_pylist()
        [{'a': 'x', 'n': 1.5}]
        >>> parse_numbers(io.BytesIO(b"a,n\nx,y\n"), ["a", "n"], {"n"}) is None
        True
    """
    types = {name: pa.float64() if name in numbers else DICTIONARY for name in names}
    file.seek(0)
    watched = _Watched(file)
    try:
        table = pacsv.read_csv(pa.PythonFile(watched, mode="r"), convert_options=_convert(types))
    except pa.ArrowInvalid:
        return None
    if watched.has_quotes and next(bad_lines(read_bytes(file)), None):
        return None
    return table.unify_dictionaries().combine_chunks()


def parse_text(data: bytes, names: list[str]) -> tuple[pa.Table, np.ndarray, list[BadLine]]:
    r"""The rows as text, with the line of each.

    Args:
        data: The bytes of the CSV, header included; every line is UTF-8 and ends its quotes.
        names: The columns.

    Returns:
        The rows (blank lines are none), (n,) the line of each, and the lines with another number of
        fields than the header.

    Raises:
        RclicksError: If the text cannot be taken apart.

    Example:
        >>> table, lines, bad = parse_text(b"a,b\n\n1,2\n3\n", ["a", "b"])
        >>> table.to_pylist(), lines.tolist(), bad
        ([{'a': '1', 'b': '2'}], [3], [BadLine(line=4, reason='has 1 field instead of 2')])
    """
    malformed: list[BadLine] = []
    if not data.endswith(b"\n"):
        data += b"\n"  # Arrow takes a header that ends the file for an empty file

    def note(row: pacsv.InvalidRow) -> str:
        fields = "1 field" if row.actual_columns == 1 else f"{row.actual_columns} fields"
        malformed.append(BadLine(row.number, f"has {fields} instead of {len(names)}"))
        return "skip"

    try:
        table = pacsv.read_csv(
            pa.BufferReader(data),
            read_options=pacsv.ReadOptions(use_threads=False),  # one thread numbers the rows
            parse_options=pacsv.ParseOptions(invalid_row_handler=note, ignore_empty_lines=False),
            convert_options=_convert(dict.fromkeys(names, DICTIONARY)),
        )
    except pa.ArrowInvalid as error:
        raise RclicksError(f"{str(error).splitlines()[0]}; mend that row") from error
    lines = np.arange(FIRST_LINE, FIRST_LINE + len(table) + len(malformed))
    lines = np.delete(lines, [bad.line - FIRST_LINE for bad in malformed])
    blank = {number for number, line in enumerate(data.split(b"\n"), 1) if not line}
    filled = np.array([line not in blank for line in lines.tolist()], bool)
    return table.filter(pa.array(filled)).unify_dictionaries(), lines[filled], malformed


def _convert(types: Mapping[str, pa.DataType]) -> pacsv.ConvertOptions:
    """Types as told; no text stands for a missing value."""
    return pacsv.ConvertOptions(column_types=types, null_values=[], strings_can_be_null=False)
