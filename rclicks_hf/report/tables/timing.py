"""Seconds a click, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from rclicks_hf.benchmark.result_rows import read_results
from rclicks_hf.report.tables.cells import Cell, NamedTable, Row, Table
from rclicks_hf.report.tables.number_format import ABSENT, number

_PREFIX = "seconds_"
_KEY = ("dataset", "segmenter", "click_model")


def timing_tables(paths: Sequence[Path]) -> list[NamedTable]:
    """Milliseconds that a click took in every stage which the results have a column for.

    Args:
        paths: Results folders, or their ``results.parquet``.

    Returns:
        One table, or none where nothing was timed.

    Raises:
        RclicksError: If there are no such results.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.benchmark.result_rows import ResultRow, write_part
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", False,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95], seconds_decoder=0.5)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     [table] = timing_tables([Path(folder)])
        >>> [cell.text for cell in table.table.groups["grabcut"][0].cells]
        ['geocut', 'ud', '0.0', '250.0', '0.0', '0.0', '250.0']
    """
    if not paths:
        return []
    rows = pa.concat_tables([read_results(path) for path in paths])
    stages = [name for name in rows.column_names if name.startswith(_PREFIX)]
    clicks = pc.cast(pc.list_value_length(rows["iou"]), pa.int64())
    sums = (
        rows.select([*_KEY, *stages, "is_simulated"])
        .append_column("clicks", clicks)
        .group_by(list(_KEY), use_threads=False)
        .aggregate([*((name, "sum") for name in (*stages, "clicks")), ("is_simulated", "any")])
        .to_pylist()
    )
    if not any(row[f"{name}_sum"] for row in sums for name in stages):
        return []
    groups: dict[str, list[Row]] = {}
    for row in sums:
        groups.setdefault(row["dataset"], []).append(_row(row, stages))
    names = [name.removeprefix(_PREFIX).capitalize() for name in stages]
    heads = [("Segmenter", False), ("Click model", False), *((n, True) for n in (*names, "Sum"))]
    intro = (
        "Milliseconds a click, mean over all runs, on the machines of the runs (their manifests "
        "say which). A row's seconds are its share of what was done for several at once."
    )
    return [NamedTable("Time", intro, Table(heads, groups))]


def _row(sums: dict, stages: Sequence[str]) -> Row:
    names = [Cell(sums[name] or ABSENT, is_number=False) for name in _KEY[1:]]
    clicks = sums["clicks_sum"]
    each = [1000 * sums[f"{stage}_sum"] / clicks if clicks else float("nan") for stage in stages]
    cells = [Cell(number(value, 1)) for value in (*each, sum(each))]
    return Row([*names, *cells], sums["is_simulated_any"])
