"""The supplementary tables: every number of the paper with its interval, and timing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from rclicks_hf.report.numbers.measures import MEASURES, Measure
from rclicks_hf.report.numbers.method_results import MethodKey, by_dataset, comparable
from rclicks_hf.report.results import Results
from rclicks_hf.report.tables.comparisons import (
    correlation_tables,
    dataset_nsr_tables,
    paired_tables,
    paper_tables,
)
from rclicks_hf.report.tables.table_cells import (
    DIGITS,
    Cell,
    NamedTable,
    Row,
    Table,
    is_own,
    label,
    method_labels,
    number,
    ranks,
    score_cell,
)


class _Part(NamedTuple):
    title: str
    intro: str
    measures: tuple[str, ...]


def _forms(score: str) -> tuple[str, ...]:
    return tuple(
        f"{form}_{score}" for form in ("sample", "base", "delta_sb", "delta_gr", "delta_hh")
    )


_PARTS = (
    _Part(
        "Clicks to the threshold",
        "ΔSB compares sampled users with the baseline clicker, ΔGR the least with the most likely "
        "group of clicks, ΔHH the less with the more likely half of the groups; in percent of NoC.",
        _forms("noc"),
    ),
    _Part(
        "Area under the IoU curve",
        "Mean IoU over the clicks in percent, without a threshold; differences in percentage "
        "points.",
        (*_forms("auc"), "nsr_auc"),
    ),
    _Part(
        "Instances that never reach the threshold",
        "After ±: std of the counts over groups.",
        _forms("nof"),
    ),
    _Part(
        "The same, counted as in the paper",
        "The paper's code counts instances whose NoC is the maximum, so an instance that reaches "
        "the threshold only with the last click counts as a failure.",
        _forms("nof_reference"),
    ),
    _Part(
        "One click",
        "IoU after the first click: of the baseline clicker, of the users, and of as many clicks "
        "drawn from the click model (NUser). After ±: std over users, mean over instances.",
        ("base_iou1", "user_iou1", "nuser_iou1", "nsr_user", "nsr_nuser"),
    ),
    _Part(
        "Clicks to the threshold of boundary IoU",
        "As above, with boundary IoU in place of IoU.",
        _forms("boundary_noc"),
    ),
    _Part(
        "Area under the boundary IoU curve",
        "As above, with boundary IoU in place of IoU.",
        _forms("boundary_auc"),
    ),
)


def supplement(results: Results) -> list[NamedTable]:
    """All supplementary tables that the results have numbers for, in page order."""
    parts = (_part_table(part, results) for part in _PARTS)
    return [
        *paper_tables(results),
        *(table for table in parts if table is not None),
        *paired_tables(results),
        *dataset_nsr_tables(results),
        *correlation_tables(results),
        *timing_tables(results.summary),
    ]


def _part_table(part: _Part, results: Results) -> NamedTable | None:
    scores = results.scores
    shown = [
        MEASURES[key]
        for key in part.measures
        if any(math.isfinite(scores[method][key].value) for method in results)
    ]
    if not shown:
        return None
    heads = [("Segmenter", False), ("Click model", False)]
    heads += [(measure.head, True) for measure in shown]
    marks = _marks(results, shown)
    groups = {
        dataset: [
            Row(
                [
                    *method_labels(m),
                    *(score_cell(scores[m.key][x.key], marks[m.key, x.key]) for x in shown),
                ],
                m.is_simulated,
                is_own(m),
            )
            for m in methods
        ]
        for dataset, methods in by_dataset(results.values()).items()
    }
    return NamedTable(part.title, part.intro, Table(heads, groups))


def _marks(results: Results, shown: Sequence[Measure]) -> dict[tuple[MethodKey, str], int]:
    """Ranks among the methods of one dataset and click model."""
    marks: dict[tuple[MethodKey, str], int] = {}
    for methods in comparable(results.values()).values():
        for measure in shown:
            values = [results.scores[method.key][measure.key].value for method in methods]
            found = ranks(values, up=measure.direction == "up", digits=DIGITS)
            marks |= {(m.key, measure.key): rank for m, rank in zip(methods, found, strict=True)}
    return marks


_PREFIX = "seconds_"
_KEY = ("dataset", "segmenter", "click_model")


def timing_tables(rows: pa.Table) -> list[NamedTable]:
    """Milliseconds per click and stage; one table, or none where nothing was timed."""
    stages = [name for name in rows.column_names if name.startswith(_PREFIX)]
    clicks = pc.cast(pc.list_value_length(rows["iou"]), pa.int64())
    sums = (
        rows.select([*_KEY, *stages, "is_simulated"])
        .append_column("clicks", clicks)
        .group_by(list(_KEY), use_threads=False)
        .aggregate([*((name, "sum") for name in (*stages, "clicks")), ("is_simulated", "any")])
        .to_pylist()
    )
    # Published results are not timed.
    timed = [row for row in sums if any(row[f"{name}_sum"] for name in stages)]
    if not timed:
        return []
    groups: dict[str, list[Row]] = {}
    for row in sorted(timed, key=lambda row: [row[name] for name in _KEY]):
        groups.setdefault(row["dataset"], []).append(_row(row, stages))
    names = [name.removeprefix(_PREFIX).capitalize() for name in stages]
    heads = [("Segmenter", False), ("Click model", False), *((n, True) for n in (*names, "Sum"))]
    intro = (
        "Milliseconds per click, mean over all runs, on the machines named in the manifests. Time "
        "spent on a batch is divided among its rows."
    )
    return [NamedTable("Time", intro, Table(heads, groups))]


def _row(sums: dict, stages: Sequence[str]) -> Row:
    names = [label(sums[name]) for name in _KEY[1:]]
    clicks = sums["clicks_sum"]
    each = [1000 * sums[f"{stage}_sum"] / clicks if clicks else float("nan") for stage in stages]
    cells = [Cell(number(value, 1)) for value in (*each, sum(each))]
    return Row([*names, *cells], sums["is_simulated_any"])
