"""The report's tables as text cells: which columns, how numbers are written, what is best."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rclicks_hf.benchmark.report.data import CURVE_RUNS, ClickScore, IoUCurves
from rclicks_hf.benchmark.report.figures import RUN_STYLES
from rclicks_hf.benchmark.report.numbers import ABSENT, number, scale_of, times_ten
from rclicks_hf.benchmark.tables import BenchmarkRow
from rclicks_hf.metrics import CLICK_METRICS, METRICS, MetricInfo

T = TypeVar("T", ClickScore, BenchmarkRow)


@dataclass(frozen=True)
class Cell:
    """One cell: its text, and whether it is the best of its column, a number, or a row's name."""

    text: str
    is_best: bool = False
    is_number: bool = True


@dataclass(frozen=True)
class Row:
    """One row; ``is_simulated`` marks it."""

    cells: Sequence[Cell]
    is_simulated: bool = False


@dataclass(frozen=True)
class Table:
    """Column heads (text, whether numbers stand below), and rows under the title of their group."""

    heads: Sequence[tuple[str, bool]]
    groups: Mapping[str, Sequence[Row]]


def click_score_table(scores: Sequence[ClickScore]) -> Table:
    """The click models' table: a group a dataset, a row a model, the best values told.

    Values that are printed alike are equally good.

    Args:
        scores: Rows; those of one dataset are brought together, in order of first appearance.

    Example:
        >>> low = ClickScore("UD", "davis", n=9, ks=0.1, pl1=0.5, wd=0.2, nss=2.0, pde=1e-5)
        >>> high = ClickScore("DT", "davis", n=9, ks=0.3, pl1=0.4, wd=0.1, nss=3.0, pde=2e-5)
        >>> rows = click_score_table([low, high]).groups["davis"]
        >>> [(row.cells[2].text, row.cells[2].is_best) for row in rows]
        [('0.100', False), ('0.300', True)]
    """
    scales = {key: scale_of(getattr(score, key) for score in scores) for key in CLICK_METRICS}
    heads = [("Click model", False), ("Instances", True)]
    heads += [(_head(METRICS[key], times_ten(scales[key])), True) for key in CLICK_METRICS]
    groups = _by_dataset(scores)
    return Table(heads, {name: _score_rows(group, scales) for name, group in groups.items()})


def _score_rows(scores: Sequence[ClickScore], scales: Mapping[str, int]) -> list[Row]:
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
    printed = [round(value, digits) for value in values]
    finite = [value for value in printed if math.isfinite(value)]
    best = (max if metric.direction == "up" else min)(finite, default=math.nan)
    alone = len(values) < 2
    return [
        Cell(number(value, digits), is_best=not alone and shown == best)
        for value, shown in zip(values, printed, strict=True)
    ]


def _sample_noc(row: BenchmarkRow) -> str:
    return f"{number(row.sample_noc, 2)} ± {number(row.sample_noc_std, 2)}"


#: Head of a number column of the benchmark table -> its text.
BENCHMARK_COLUMNS: Mapping[str, Callable[[BenchmarkRow], str]] = {
    "Instances": lambda row: str(row.instances),
    "Failures": lambda row: str(row.failures),
    f"Sample {_head(METRICS['noc'])}": _sample_noc,
    f"Baseline {_head(METRICS['noc'])}": lambda row: number(row.baseline_noc, 2),
    _head(METRICS["delta_sb"], unit=" %"): lambda row: number(row.delta_sb, 2),
    _head(METRICS["delta_gr"], unit=" %"): lambda row: number(row.delta_gr, 2),
    _head(METRICS["nsr"], unit=" %"): lambda row: number(row.nsr, 2),
    "NoF\N{NO-BREAK SPACE}↓": lambda row: number(row.nof, 1),
}


def benchmark_table_view(rows: Sequence[BenchmarkRow]) -> Table:
    """The benchmark's table: a group a dataset, a row a segmenter and click model.

    Args:
        rows: Those of one dataset are brought together, in order of first appearance.

    Example:
        >>> row = BenchmarkRow("geocut", "dt", "davis", instances=9, failures=0, sample_noc=6.4)
        >>> [cell.text for cell in benchmark_table_view([row]).groups["davis"][0].cells][:3]
        ['geocut', 'dt', '9']
    """
    heads = [("Segmenter", False), ("Click model", False)]
    heads += [(name, True) for name in BENCHMARK_COLUMNS]
    groups = _by_dataset(rows)
    return Table(
        heads, {name: [_benchmark_row(r) for r in group] for name, group in groups.items()}
    )


def _benchmark_row(row: BenchmarkRow) -> Row:
    names = (Cell(t or ABSENT, is_number=False) for t in (row.segmenter, row.click_model))
    numbers = (Cell(write(row)) for write in BENCHMARK_COLUMNS.values())
    return Row([*names, *numbers], row.is_simulated)


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
