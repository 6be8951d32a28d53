"""The supplementary tables: every number of the paper with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from rclicks_hf.report.numbers.measures import MEASURES, Measure
from rclicks_hf.report.numbers.method_results import MethodKey, Results
from rclicks_hf.report.tables.cells import NamedTable, Row, Table, ranks
from rclicks_hf.report.tables.comparisons import dataset_nsr_tables, paired_tables, published_tables
from rclicks_hf.report.tables.correlations import correlation_tables
from rclicks_hf.report.tables.score_cells import (
    DIGITS,
    ScoresByMethod,
    by_dataset,
    comparable,
    method_cells,
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
        "group of clicks, ΔHH the less with the more likely half of the groups; per cent of NoC.",
        _forms("noc"),
    ),
    _Part(
        "Area under the IoU curve",
        "Mean IoU over the clicks in per cent, no threshold; differences in points of it.",
        (*_forms("auc"), "nsr_auc"),
    ),
    _Part(
        "Instances that never reach the threshold",
        "After ± the deviation of the groups' counts.",
        _forms("nof"),
    ),
    _Part(
        "The same, counted as in the paper",
        "The paper's code counts NoC equal to the last click, so reaching the threshold with the "
        "last click is a failure here.",
        _forms("nof_reference"),
    ),
    _Part(
        "One click",
        "IoU after the first click: of the baseline clicker, of every user, and of as many clicks "
        "drawn from the click model (NUser); after ± the mean over instances of the deviation.",
        ("base_iou1", "user_iou1", "nuser_iou1", "nsr_user", "nsr_nuser"),
    ),
    _Part(
        "Clicks to the threshold of boundary IoU",
        "As above, with boundary IoU in the place of IoU.",
        _forms("boundary_noc"),
    ),
    _Part(
        "Area under the boundary IoU curve",
        "As above, with boundary IoU in the place of IoU.",
        _forms("boundary_auc"),
    ),
)


def supplement(results: Results, scores: ScoresByMethod, threshold: float) -> list[NamedTable]:
    """All supplementary tables that the results have numbers for.

    Args:
        results: From `load_results`.
        scores: All numbers of every method.
        threshold: IoU that NoC and NoF asked for.

    Returns:
        The tables, in the order of the page.

    Example:
        >>> import numpy as np
        >>> from rclicks_hf.report.numbers.method_results import MethodResults
        >>> from rclicks_hf.report.numbers.scoring import score_all
        >>> ious = {"base": [np.array([0.5, 1.0])]}
        >>> method = MethodResults(MethodKey("geocut", "", "davis"), ("a",), ious, 0, False)
        >>> tables = supplement(Results([method]), {method.key: score_all(method)}, 0.9)
        >>> [table.title for table in tables][:2]
        ['Clicks to the threshold', 'Area under the IoU curve']
    """
    parts = (_part_table(part, results, scores) for part in _PARTS)
    return [
        *published_tables(results, scores, threshold),
        *(table for table in parts if table is not None),
        *paired_tables(results, scores, threshold),
        *dataset_nsr_tables(results),
        *correlation_tables(results, scores),
    ]


def _part_table(part: _Part, results: Results, scores: ScoresByMethod) -> NamedTable | None:
    shown = [
        MEASURES[key]
        for key in part.measures
        if any(math.isfinite(scores[method][key].value) for method in results)
    ]
    if not shown:
        return None
    heads = [("Segmenter", False), ("Click model", False)]
    heads += [(measure.head, True) for measure in shown]
    marks = _marks(results, scores, shown)
    groups = {
        dataset: [
            Row(
                [
                    *method_cells(m.key),
                    *(score_cell(scores[m.key][x.key], marks[m.key, x.key]) for x in shown),
                ],
                m.is_simulated,
            )
            for m in methods
        ]
        for dataset, methods in by_dataset(results).items()
    }
    return NamedTable(part.title, part.intro, Table(heads, groups))


def _marks(
    results: Results, scores: ScoresByMethod, shown: Sequence[Measure]
) -> dict[tuple[MethodKey, str], int]:
    """Ranks among the segmenters that one click model clicked at on one dataset."""
    marks: dict[tuple[MethodKey, str], int] = {}
    for methods in comparable(results).values():
        for measure in shown:
            values = [scores[method.key][measure.key].value for method in methods]
            found = ranks(values, up=measure.direction == "up", digits=DIGITS)
            marks |= {(m.key, measure.key): rank for m, rank in zip(methods, found, strict=True)}
    return marks
