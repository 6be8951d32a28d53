"""Failed instances of a results table in a line, and where in the code the first one failed."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = tuple(
    Path(path).resolve() for name, path in sysconfig.get_paths().items() if "lib" in name
)
_FRAME = re.compile(r'^\s*File "(?P<file>.+)", line (?P<line>\d+)', re.MULTILINE)
_LONGEST = 160

#: Columns that name an instance, and that of its error.
INSTANCE_COLUMNS = ("dataset", "full_stem", "segmenter", "click_model", "error")


def failure_line(table: pa.Table) -> str:
    """How many instances failed, and the first one's error with file and line; ``""`` for none."""
    rows = table.select(["full_stem", "error"])
    failed = rows.filter(pc.not_equal(rows["error"], ""))
    if not failed.num_rows:
        return ""
    first = failed.slice(0, 1).to_pylist()[0]
    stems, of = len(failed["full_stem"].unique()), len(rows["full_stem"].unique())
    count = f"all {of}" if stems == of else f"{stems} of {of}"
    return f"{count} failed, first {first['full_stem']}: {error_line(first['error'])}"


def all_failed(table: pa.Table) -> bool:
    """True if the table has instances and none of them has numbers."""
    *names, error = INSTANCE_COLUMNS
    failed = table.filter(pc.not_equal(table[error], ""))
    if not failed.num_rows:
        return False
    counts = [rows.select(names).group_by(names).aggregate([]).num_rows for rows in (table, failed)]
    return counts[0] == counts[1]


def error_line(traceback: str) -> str:
    """The error at the end of a traceback in one line, with file and line.

    The place is the innermost one in the user's code, or where there is none the innermost one.

    Example:
        >>> lines = ["Traceback:", '  File "disk.py", line 7, in predict', "    return state[1]"]
        >>> print(error_line(chr(10).join([*lines, "IndexError: out of", "range"])))
        IndexError: out of range (disk.py, line 7)
    """
    frames = list(_FRAME.finditer(traceback))
    rest = traceback[frames[-1].end() :] if frames else traceback
    said = [line for line in rest.splitlines()[bool(frames) :] if line.strip()]
    start = next((i for i, line in enumerate(said) if not line[0].isspace()), 0)
    error = " ".join(" ".join(said[start:]).split())
    if len(error) > _LONGEST:
        error = f"{error[:_LONGEST]}…"
    return f"{error} ({_place(frames)})" if frames else error


def _place(frames: Iterable[re.Match[str]]) -> str:
    places = list(frames)
    own = [frame for frame in places if not _is_library(frame["file"])]
    frame = (own or places)[-1]
    return f"{frame['file']}, line {frame['line']}"


def _is_library(file: str) -> bool:
    path = Path(file)
    return any(path.is_relative_to(folder) for folder in (_PACKAGE, *_INSTALLED))
