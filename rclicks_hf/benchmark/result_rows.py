"""Benchmark results as Parquet: one row a (dataset, instance, run)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

# Readers of results find the names of the runs here, too.
from rclicks_hf.benchmark.runs import BASELINE_RUN as BASELINE_RUN
from rclicks_hf.benchmark.runs import RUNS as RUNS
from rclicks_hf.benchmark.runs import USER_RUN as USER_RUN
from rclicks_hf.data.instances import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import PARQUET_OPTIONS, read_table, write_table
from rclicks_hf.support.atomic import atomic_file

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
        segmenter: Name of the segmentation method.
        click_model: Name of the click model the groups drew from; ``""`` where none was used.
        run: One of `RUNS`.
        is_simulated: True where the clicks of the instance were simulated, not made by people.
        protocol_id, protocol_digest: The protocol followed.
        iou, boundary_iou: After every click; in the runs of single clicks after each, from scratch.
        x, y, is_positive: The clicks, pixels.
        seconds_encoder: This row's share of the image's encoding.
        seconds_decoder, seconds_clicker, seconds_metrics: This row's share of the batches it was
            in.
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
        """Add one click and what the mask after it is worth."""
        self.x.append(click.x)
        self.y.append(click.y)
        self.is_positive.append(click.is_positive)
        self.iou.append(iou)
        self.boundary_iou.append(boundary_iou)


def rows_to_table(rows: Sequence[ResultRow]) -> pa.Table:
    """Rows as an Arrow table of `RESULT_SCHEMA`.

    Example:
        >>> row = ResultRow("d", "a", "a", "test", "s", "m", "base", False, "p", "0")
        >>> rows_to_table([row]).num_rows
        1
    """
    return pa.Table.from_pylist([asdict(row) for row in rows], schema=RESULT_SCHEMA)


def write_part(path: Path, rows: Sequence[ResultRow]) -> None:
    """Write the rows of one image; the file is there whole, or not at all.

    Example:
        >>> import tempfile
        >>> row = ResultRow("d", "a", "a", "test", "s", "m", "base", False, "p", "0", iou=[0.5])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "parts" / "a.parquet", [row])
        ...     pq.read_table(Path(folder) / "parts" / "a.parquet")["iou"].to_pylist()
        [[0.5]]
    """
    write_table(path, rows_to_table(rows))


def read_part(path: Path) -> pa.Table | None:
    """Rows of one image; None where the file is absent, damaged or of another schema.

    Example:
        >>> import tempfile
        >>> row = ResultRow("d", "a", "a", "test", "s", "m", "base", False, "p", "0", iou=[0.5])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     part = Path(folder) / "a.parquet"
        ...     write_part(part, [row])
        ...     whole = read_part(part)
        ...     size = part.write_bytes(part.read_bytes()[:100])  # cut short
        ...     whole["full_stem"].to_pylist(), read_part(part)
        (['a'], None)
    """
    return read_table(path, RESULT_SCHEMA)


class RowCounts(NamedTuple):
    """What a results file holds.

    Attributes:
        rows: Number of rows.
        failures: Number of instances that failed.
    """

    rows: int
    failures: int


def merge_parts(
    parts: Iterable[tuple[Path, set[tuple[str, str]]]], path: Path, *, draws: bool = True
) -> RowCounts:
    """Write many parts into one results file, a part in memory at a time.

    Args:
        parts: (file, its (full_stem, run) keys that are wanted), in the order of the rows.
        path: The results file.
        draws: False where no wanted run draws from a click model: then no row names one, also where
            its part is of an earlier run that did, or one method would come apart into two.

    Returns:
        Number of rows written, and of failed instances among them.

    Raises:
        RclicksError: If a part is absent or damaged.

    Example:
        >>> import tempfile
        >>> rows = {stem: ResultRow("d", stem, stem, "test", "s", "m", "base", False, "p", "0")
        ...         for stem in "abc"}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     first, second = Path(folder) / "1.parquet", Path(folder) / "2.parquet"
        ...     write_part(first, [rows["a"], rows["b"]])  # b is of an earlier, larger run
        ...     write_part(second, [rows["c"]])
        ...     parts = [(second, {("c", "base")}), (first, {("a", "base")})]
        ...     counts = merge_parts(parts, Path(folder) / "results.parquet")
        ...     counts, read_results(folder)["full_stem"].to_pylist()
        (RowCounts(rows=2, failures=0), ['c', 'a'])
    """
    rows, failures = 0, 0
    with (
        atomic_file(path) as target,
        pq.ParquetWriter(target, RESULT_SCHEMA, **PARQUET_OPTIONS) as writer,
    ):
        for part, wanted in parts:
            table = read_part(part)
            if table is None:
                raise RclicksError(f"{part}: damaged since it was written; run the command again")
            keep = [key in wanted for key in part_keys(table)]
            table = table.filter(pa.array(keep, pa.bool_()))
            if not draws:
                place = RESULT_SCHEMA.get_field_index("click_model")
                nobody = pa.repeat(pa.scalar(""), table.num_rows)
                table = table.set_column(place, RESULT_SCHEMA.field(place), nobody)
            writer.write_table(table)
            rows += table.num_rows
            failed = table.filter(pc.not_equal(table["error"], ""))
            failures += len(failed["full_stem"].unique())
    return RowCounts(rows, failures)


def part_keys(table: pa.Table) -> list[tuple[str, str]]:
    """(full_stem, run) of every row.

    Example:
        >>> row = ResultRow("d", "a_1", "a", "test", "s", "m", "base", False, "p", "0")
        >>> part_keys(rows_to_table([row]))
        [('a_1', 'base')]
    """
    stems, runs = table["full_stem"].to_pylist(), table["run"].to_pylist()
    return list(zip(stems, runs, strict=True))


def read_results(path: str | Path) -> pa.Table:
    """Read a results file, or the one in a results folder.

    Args:
        path: ``results.parquet`` or the folder that holds it.

    Returns:
        Table of `RESULT_SCHEMA`.

    Raises:
        RclicksError: If there is none, or it is something else.

    Example:
        >>> import tempfile
        >>> row = ResultRow("d", "a", "a", "test", "s", "m", "base", False, "p", "0", iou=[0.5])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     read_results(folder)["iou"].to_pylist()
        [[0.5]]
        >>> read_results("unfinished")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: unfinished: no such results; let `rclicks benchmark` ...
    """
    file = Path(path)
    if file.is_dir():
        file = file / "results.parquet"
    if not file.is_file():
        inside = sorted(str(found.parent) for found in Path(path).glob("*/results.parquet"))
        if inside:  # of several datasets
            raise RclicksError(f"{path}: holds results folders; give {', '.join(inside)}")
        raise RclicksError(f"{file}: no such results; let `rclicks benchmark` finish first")
    table = read_part(file)
    if table is None:
        raise RclicksError(f"{file}: not readable as benchmark results; run the benchmark again")
    if not table.num_rows:
        raise RclicksError(f"{file}: holds no results; run the benchmark again")
    for column in ("iou", "boundary_iou"):
        _check_ious(table[column], f"{file}: column {column}")
    return table


def _check_ious(column: pa.ChunkedArray, name: str) -> None:
    """Refuse what no benchmark writes, before some number is made of it."""
    values = pc.list_flatten(column)
    is_iou = pc.and_(pc.greater_equal(values, 0.0), pc.less_equal(values, 1.0))  # NaN is not
    if column.null_count or values.null_count or not pc.all(is_iou, min_count=0).as_py():
        raise RclicksError(f"{name} has values that are no IoU in [0, 1]; run the benchmark again")
