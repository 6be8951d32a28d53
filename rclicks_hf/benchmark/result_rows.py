"""Benchmark results as Parquet: one row per dataset, instance and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

# Also for readers of results, who look for the names of the runs here.
from rclicks_hf.benchmark.runs import BASELINE_RUN as BASELINE_RUN
from rclicks_hf.benchmark.runs import RUNS as RUNS
from rclicks_hf.benchmark.runs import USER_RUN as USER_RUN
from rclicks_hf.data.instances import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import read_table, write_table

RESULT_SCHEMA = pa.schema(
    [
        ("dataset", pa.string()),
        ("full_stem", pa.string()),
        ("image_stem", pa.string()),
        ("split", pa.string()),
        ("segmenter", pa.string()),
        ("click_model", pa.string()),
        ("run", pa.string()),
        ("is_simulated", pa.bool_()),
        ("protocol_id", pa.string()),
        ("protocol_digest", pa.string()),
        ("iou", pa.list_(pa.float64())),
        ("boundary_iou", pa.list_(pa.float64())),
        ("x", pa.list_(pa.int32())),
        ("y", pa.list_(pa.int32())),
        ("is_positive", pa.list_(pa.bool_())),
        ("seconds_encoder", pa.float64()),
        ("seconds_decoder", pa.float64()),
        ("seconds_clicker", pa.float64()),
        ("seconds_metrics", pa.float64()),
        ("error", pa.string()),
    ]
)

#: Columns that differ from one execution to the next.
TIMING_COLUMNS = ("seconds_encoder", "seconds_decoder", "seconds_clicker", "seconds_metrics")


@dataclass
class ResultRow:
    """One run on one instance.

    Attributes:
        dataset, full_stem, image_stem, split: The instance.
        segmenter: Name of the segmenter.
        click_model: Name of the click model that was drawn from; ``""`` without one.
        run: One of `RUNS`.
        is_simulated: True where the instance's clicks are simulated, not recorded.
        protocol_id, protocol_digest: The protocol followed.
        iou, boundary_iou: After every click; in the runs of single clicks after each, from scratch.
        x, y, is_positive: The clicks, pixels.
        seconds_encoder: This row's share of encoding the image.
        seconds_decoder, seconds_clicker, seconds_metrics: This row's share of its batches.
        error: Traceback if the instance failed, else ``""``.

    Example:
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", False,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95], x=[13, 18], y=[11, 10])
        >>> row.run, row.iou[-1], row.error
        ('base', 0.95, '')
    """

    dataset: str
    full_stem: str
    image_stem: str
    split: str
    segmenter: str
    click_model: str
    run: str
    is_simulated: bool
    protocol_id: str
    protocol_digest: str
    iou: list[float] = field(default_factory=list)
    boundary_iou: list[float] = field(default_factory=list)
    x: list[int] = field(default_factory=list)
    y: list[int] = field(default_factory=list)
    is_positive: list[bool] = field(default_factory=list)
    seconds_encoder: float = 0.0
    seconds_decoder: float = 0.0
    seconds_clicker: float = 0.0
    seconds_metrics: float = 0.0
    error: str = ""

    def append(self, click: Click, iou: float, boundary_iou: float) -> None:
        """Add one click and the scores of the mask after it."""
        self.x.append(click.x)
        self.y.append(click.y)
        self.is_positive.append(click.is_positive)
        self.iou.append(iou)
        self.boundary_iou.append(boundary_iou)


def rows_to_table(rows: Sequence[ResultRow]) -> pa.Table:
    """Rows as an Arrow table of `RESULT_SCHEMA`."""
    return pa.table([_column(rows, entry) for entry in RESULT_SCHEMA], schema=RESULT_SCHEMA)


def _column(rows: Sequence[ResultRow], entry: pa.Field) -> pa.Array:
    """One column; lists are joined first, which is three times as fast as Arrow's own way."""
    values = [getattr(row, entry.name) for row in rows]
    if not pa.types.is_list(entry.type) or None in values:
        return pa.array(values, entry.type)
    offsets = [0, *accumulate(map(len, values))]
    flat = pa.array(list(chain.from_iterable(values)), entry.type.value_type)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat, type=entry.type)


def write_part(path: Path, rows: Sequence[ResultRow]) -> None:
    """Write rows as Parquet, whole or not at all."""
    write_table(path, rows_to_table(rows))


def read_part(path: Path) -> pa.Table | None:
    """Rows of a file; None where it is absent, damaged or of another schema."""
    return read_table(path, RESULT_SCHEMA)


def part_keys(table: pa.Table) -> list[tuple[str, str]]:
    """(full_stem, run) of every row."""
    stems, runs = table["full_stem"].to_pylist(), table["run"].to_pylist()
    return list(zip(stems, runs, strict=True))


def read_result_table(path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a results file, or the one in a results folder.

    Args:
        path: ``results.parquet`` or the folder that holds it.
        columns: Names of the columns to read; None reads all.

    Returns:
        Table of `RESULT_SCHEMA`, or of these columns of it.

    Raises:
        RclicksError: If it does not exist, is something else, or holds impossible IoUs.

    Example:
        >>> read_result_table("unfinished")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: unfinished: does not exist; give a folder that
        `rclicks benchmark` made
    """
    file = Path(path)
    if file.is_dir():
        file = file / "results.parquet"
    if not file.is_file():
        inside = sorted(str(found.parent) for found in Path(path).glob("*/results.parquet"))
        if inside:  # of several datasets
            raise RclicksError(f"{path}: holds results folders; give {', '.join(inside)}")
        if not Path(path).exists():
            made = "give a folder that `rclicks benchmark` made"
            raise RclicksError(f"{path}: does not exist; {made}")
        raise RclicksError(f"{file}: does not exist; let `rclicks benchmark` finish first")
    table = read_table(file, RESULT_SCHEMA, columns)
    if table is None:
        raise RclicksError(f"{file}: not readable as benchmark results; run the benchmark again")
    if not table.num_rows:
        raise RclicksError(f"{file}: holds no results; run the benchmark again")
    for column in {"iou", "boundary_iou"} & set(table.column_names):
        _check_ious(table[column], f"{file}: column {column}")
    if {"run", "iou", "error"} <= set(table.column_names):
        _check_lengths(table.filter(pc.equal(table["error"], "")), file)
    return table


def _check_lengths(whole: pa.Table, file: Path) -> None:
    """Refuse rows without an error that lack IoUs, or clicks of some IoUs."""
    clicks = pc.list_value_length(whole["iou"])
    is_of_user = pc.match_substring(whole["run"], "user")  # whom an instance may lack
    bad = [("iou", pc.and_(pc.equal(clicks, 0), pc.invert(is_of_user)))]
    for column in {"boundary_iou", "x", "y", "is_positive"} & set(whole.column_names):
        length = pc.list_value_length(whole[column])  # none are stored in large results
        bad.append((column, pc.and_(pc.not_equal(length, 0), pc.not_equal(length, clicks))))
    for column, rows in bad:
        if pc.any(rows).as_py():
            raise RclicksError(
                f"{file}: column {column} lacks values of some clicks; run the benchmark again"
            )


def _check_ious(column: pa.ChunkedArray, name: str) -> None:
    """Refuse values that no benchmark writes, before they go into a number."""
    values = pc.list_flatten(column)
    is_iou = pc.and_(pc.greater_equal(values, 0.0), pc.less_equal(values, 1.0))  # NaN is not
    if column.null_count or values.null_count or not pc.all(is_iou, min_count=0).as_py():
        raise RclicksError(f"{name} has values outside [0, 1], not IoUs; run the benchmark again")
