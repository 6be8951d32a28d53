"""Tables that set numbers side by side: with the paper's, and of one method with another's."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.numbers.method_results import MethodResults, Results
from rclicks_hf.report.numbers.paper_benchmark import published_row
from rclicks_hf.report.numbers.scoring import Score, compare, dataset_nsr
from rclicks_hf.report.tables.cells import Cell, NamedTable, Row, Table
from rclicks_hf.report.tables.number_format import ABSENT, number
from rclicks_hf.report.tables.score_cells import (
    DIGITS,
    ScoresByMethod,
    by_dataset,
    comparable,
    interval_text,
    score_cell,
    score_text,
)

#: What methods are compared by in pairs.
COMPARED = ("sample_noc", "base_noc", "sample_auc")


def published_tables(
    results: Results, scores: ScoresByMethod, threshold: float
) -> list[NamedTable]:
    """Measured numbers over the paper's, where model, dataset and protocol are the same.

    Args:
        results: From `load_results`.
        scores: All numbers of every method.
        threshold: IoU that NoC asked for.

    Returns:
        One table, or none where the paper has none of the rows.

    Example:
        >>> published_tables(Results([]), {}, 0.9)
        []
    """
    keys = ("sample_noc", "delta_sb_noc", "delta_gr_noc")
    groups: dict[str, list[Row]] = {}
    for method in results.values():
        row = published_row(method, threshold)
        if row is None:
            continue
        mine = [score_cell(scores[method.key][key]) for key in keys]
        paper = (
            Score(row.sample_noc, row.sample_noc_std),
            Score(row.delta_sb),
            Score(row.delta_gr),
        )
        name = f"measured, clicks by {method.key.click_model}"
        groups.setdefault(f"{method.key.dataset}: {row.method} {row.backbone}", []).extend(
            [
                Row([Cell(name, is_number=False), *mine]),
                Row([Cell("paper", is_number=False), *(Cell(score_text(s)) for s in paper)]),
            ]
        )
    if not groups:
        return []
    heads = [("Numbers", False), *((MEASURES[key].head, True) for key in keys)]
    intro = (
        "The paper's numbers, of clicks drawn from its own network. Yours are comparable as far as "
        "your click model is that network and your weights are those weights."
    )
    return [NamedTable("Beside the published numbers", intro, Table(heads, groups))]


def dataset_nsr_tables(results: Results) -> list[NamedTable]:
    """NSR of each dataset over its methods (paper, Fig. 7).

    Args:
        results: From `load_results`.

    Returns:
        One table, or none where no dataset has users' clicks of two methods.

    Example:
        >>> dataset_nsr_tables(Results([]))
        []
    """
    rows = []
    for dataset, methods in by_dataset(results).items():
        once = list({method.key.segmenter: method for method in methods}.values())
        value = dataset_nsr(once)
        if len(once) > 1 and math.isfinite(value):
            simulated = any(method.is_simulated for method in once)
            cells = [
                Cell(dataset, is_number=False),
                Cell(str(len(once))),
                Cell(number(value, DIGITS)),
            ]
            rows.append(Row(cells, simulated))
    if not rows:
        return []
    heads = [("Dataset", False), ("Methods", True), ("NSR %", True)]
    intro = (
        "How much users' variety makes of a dataset: mean and deviation of IoU over users' first "
        "clicks, each averaged over the methods; their ratio, averaged over instances. It depends "
        "on which methods are in it."
    )
    return [NamedTable("NSR of the datasets", intro, Table(heads, {"": rows}))]


def paired_tables(results: Results, scores: ScoresByMethod, threshold: float) -> list[NamedTable]:
    """Every segmenter less the one that needs fewest clicks, on the instances that both have.

    Args:
        results: From `load_results`.
        scores: All numbers of every method.
        threshold: IoU that NoC asks for.

    Returns:
        One table, or none where no two segmenters were clicked at alike.

    Example:
        >>> paired_tables(Results([]), {}, 0.9)
        []
    """
    groups: dict[str, list[Row]] = {}
    for (dataset, click_model), methods in comparable(results).items():
        best = _best(methods, scores)
        others = [method for method in methods if method is not best]
        if others:
            title = f"{dataset}: less {best.key.segmenter}"
            title += f", clicks by {click_model}" if click_model else ""
            groups[title] = [_paired_row(method, best, threshold) for method in others]
    if not groups:
        return []
    heads = [("Segmenter", False), ("Instances", True)]
    heads += [(MEASURES[key].head, True) for key in COMPARED]
    intro = (
        "Each segmenter's number less that of the best one by Sample NoC, over the instances that "
        "neither failed on. An interval that leaves out 0 tells the two apart."
    )
    return [NamedTable("Paired differences", intro, Table(heads, groups))]


def _best(methods: Sequence[MethodResults], scores: ScoresByMethod) -> MethodResults:
    def clicks(method: MethodResults) -> float:
        found = (scores[method.key][key].value for key in ("sample_noc", "base_noc"))
        return next((value for value in found if math.isfinite(value)), math.inf)

    return min(methods, key=clicks)


def _paired_row(method: MethodResults, best: MethodResults, threshold: float) -> Row:
    found = [compare(MEASURES[key], method, best, threshold) for key in COMPARED]
    count = max((one.instances for one in found if one is not None), default=0)
    cells = [
        Cell(ABSENT)
        if one is None
        else Cell(
            number(one.difference.mean, DIGITS),
            interval=interval_text(one.difference.low, one.difference.high),
        )
        for one in found
    ]
    names = [Cell(method.key.segmenter, is_number=False), Cell(str(count))]
    return Row([*names, *cells], method.is_simulated or best.is_simulated)
