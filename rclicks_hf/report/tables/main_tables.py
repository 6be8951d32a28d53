"""The report's tables as text cells: which columns, how numbers are written, what is best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from rclicks_hf.metrics import CLICK_METRICS, METRICS, MetricInfo
from rclicks_hf.report.numbers.scoring import Score
from rclicks_hf.report.page_data import CURVE_RUNS, ClickModelRow, IoUCurves
from rclicks_hf.report.pictures.charts import RUN_STYLES
from rclicks_hf.report.tables.benchmark_rows import BenchmarkRow
from rclicks_hf.report.tables.cells import Cell, Row, Table, ranks
from rclicks_hf.report.tables.number_format import ABSENT, number, scale_of, times_ten
from rclicks_hf.report.tables.score_cells import score_text

T = TypeVar("T", ClickModelRow, BenchmarkRow)


def click_score_table(scores: Sequence[ClickModelRow]) -> Table:
    """The click models' table: a group a dataset, a row a model, the best values told.

    Values that are printed alike are equally good.

    Args:
        scores: Rows; those of one dataset are brought together, in order of first appearance.

    Example:
        >>> low = ClickModelRow("UD", "davis", n=9, ks=0.1, pl1=0.5, wd=0.2, nss=2.0, pde=1e-5)
        >>> high = ClickModelRow("DT", "davis", n=9, ks=0.3, pl1=0.4, wd=0.1, nss=3.0, pde=2e-5)
        >>> rows = click_score_table([low, high]).groups["davis"]
        >>> [(row.cells[2].text, row.cells[2].is_best) for row in rows]
        [('0.100', False), ('0.300', True)]
    """
    scales = {key: scale_of(getattr(score, key) for score in scores) for key in CLICK_METRICS}
    heads = [("Click model", False), ("Instances", True)]
    heads += [(_head(METRICS[key], times_ten(scales[key])), True) for key in CLICK_METRICS]
    groups = _by_dataset(scores)
    return Table(heads, {name: _score_rows(group, scales) for name, group in groups.items()})


def _score_rows(scores: Sequence[ClickModelRow], scales: Mapping[str, int]) -> list[Row]:
    columns = [
        _ranked([getattr(score, key) / 10.0 ** scales[key] for score in scores], METRICS[key])
        for key in CLICK_METRICS
    ]
    return [
        Row([Cell(s.click_model, is_number=False), Cell(str(s.n)), *numbers], s.is_simulated)
        for s, *numbers in zip(scores, *columns, strict=True)
    ]


def _by_dataset(rows: Sequence[T]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for row in rows:
        groups.setdefault(row.dataset, []).append(row)
    return groups


def _head(metric: MetricInfo, unit: str = "") -> str:
    return f"{metric.abbreviation}{unit}\N{NO-BREAK SPACE}{metric.arrow}"


def _ranked(values: Sequence[float], metric: MetricInfo, digits: int = 3) -> list[Cell]:
    """Cells of a column with the best marked; the second and third are not, few as they are."""
    found = ranks(values, up=metric.direction == "up", digits=digits)
    return [
        Cell(number(value, digits), rank=int(rank == 1))
        for value, rank in zip(values, found, strict=True)
    ]


def _sample_noc(row: BenchmarkRow) -> str:
    return score_text(Score(row.sample_noc, row.sample_noc_std))


class Column(NamedTuple):
    """One number column of the benchmark table."""

    head: str
    text: Callable[[BenchmarkRow], str]
    value: Callable[[BenchmarkRow], float] | None = None  # what ranks it; lower is better
    digits: int = 2


#: Number columns of the benchmark table.
BENCHMARK_COLUMNS: tuple[Column, ...] = (
    Column("Instances", lambda row: str(row.instances)),
    Column("Failures", lambda row: str(row.failures)),
    Column(f"Sample {_head(METRICS['noc'])}", _sample_noc, lambda row: row.sample_noc),
    Column(
        f"Baseline {_head(METRICS['noc'])}",
        lambda row: number(row.baseline_noc, 2),
        lambda row: row.baseline_noc,
    ),
    Column(
        _head(METRICS["delta_sb"], unit=" %"),
        lambda row: number(row.delta_sb, 2),
        lambda row: row.delta_sb,
    ),
    Column(
        _head(METRICS["delta_gr"], unit=" %"),
        lambda row: number(row.delta_gr, 2),
        lambda row: row.delta_gr,
    ),
    Column(_head(METRICS["nsr"], unit=" %"), lambda row: number(row.nsr, 2), lambda row: row.nsr),
    Column("NoF\N{NO-BREAK SPACE}↓", lambda row: number(row.nof, 1), lambda row: row.nof, 1),
)


def benchmark_table_view(rows: Sequence[BenchmarkRow]) -> Table:
    """The benchmark's table: a group a dataset, a row a segmenter and click model, ranks told.

    Ranks are among the segmenters that one click model clicked at.

    Args:
        rows: Those of one dataset are brought together, in order of first appearance.

    Example:
        >>> row = BenchmarkRow("geocut", "dt", "davis", instances=9, failures=0, sample_noc=6.4)
        >>> [cell.text for cell in benchmark_table_view([row]).groups["davis"][0].cells][:3]
        ['geocut', 'dt', '9']
    """
    heads = [("Segmenter", False), ("Click model", False)]
    heads += [(column.head, True) for column in BENCHMARK_COLUMNS]
    groups = _by_dataset(rows)
    return Table(heads, {name: _benchmark_rows(group) for name, group in groups.items()})


def _benchmark_rows(rows: Sequence[BenchmarkRow]) -> list[Row]:
    columns = [_column_ranks(column, rows) for column in BENCHMARK_COLUMNS]
    return [
        Row(
            [
                *(Cell(t or ABSENT, is_number=False) for t in (row.segmenter, row.click_model)),
                *(
                    Cell(column.text(row), rank)
                    for column, rank in zip(BENCHMARK_COLUMNS, found, strict=True)
                ),
            ],
            row.is_simulated,
        )
        for row, *found in zip(rows, *columns, strict=True)
    ]


def _column_ranks(column: Column, rows: Sequence[BenchmarkRow]) -> list[int]:
    if column.value is None:
        return [0] * len(rows)
    found = dict.fromkeys(range(len(rows)), 0)
    for click_model in {row.click_model for row in rows}:
        places = [i for i, row in enumerate(rows) if row.click_model == click_model]
        values = [column.value(rows[i]) for i in places]
        found |= dict(zip(places, ranks(values, up=False, digits=column.digits), strict=True))
    return list(found.values())


def curve_table(data: IoUCurves) -> Table:
    """The numbers behind a chart of mean IoU: a row a run, a column a click.

    Args:
        data: The curves.

    Example:
        >>> import numpy as np
        >>> [row] = curve_table(IoUCurves("geocut", {"base": np.array([0.5, 0.75])})).groups[""]
        >>> [cell.text for cell in row.cells]
        ['Baseline', '0.500', '0.750']
    """
    heads = [("Clicks", False), *((str(click), True) for click in data.clicks)]
    rows = [
        Row(
            [
                Cell(RUN_STYLES[run].title, is_number=False),
                *(Cell(number(float(iou), 3)) for iou in data.curves[run]),
            ]
        )
        for run in CURVE_RUNS
        if run in data.curves
    ]
    return Table(heads, {"": rows})
