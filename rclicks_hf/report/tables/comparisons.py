"""Tables that compare: with the paper, methods in pairs, datasets, and measures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rclicks_hf.metrics import metric_correlations
from rclicks_hf.metrics.correlation import MIN_METHODS
from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.numbers.method_results import (
    OWN,
    PUBLISHED,
    MethodResults,
    by_dataset,
    comparable,
)
from rclicks_hf.report.numbers.paper_benchmark import paper_row
from rclicks_hf.report.numbers.scoring import Comparison, Score, compare_pairs, dataset_nsr
from rclicks_hf.report.results import Results
from rclicks_hf.report.tables.table_cells import (
    ABSENT,
    Cell,
    NamedTable,
    Row,
    Table,
    interval_text,
    is_own,
    label,
    number,
    score_cell,
    segmenter_label,
    with_spread,
)

#: Measures of the paired comparison.
COMPARED = ("sample_noc", "base_noc", "sample_auc")

#: Own runs per dataset that are compared with every published method.
OWN_SHOWN = 3


def paper_tables(results: Results) -> list[NamedTable]:
    """Measured numbers above the paper's, where model, dataset and protocol are the same."""
    keys = ("sample_noc", "delta_sb_noc", "delta_gr_noc")
    groups: dict[str, list[Row]] = {}
    for method in results.values():
        row = paper_row(method, results.threshold)
        if row is None:
            continue
        mine = [score_cell(results.scores[method.key][key]) for key in keys]
        paper = (
            Score(row.sample_noc, row.sample_noc_std),
            Score(row.delta_sb),
            Score(row.delta_gr),
        )
        name = f"measured, clicks by {method.key.click_model}"
        groups.setdefault(f"{method.key.dataset}: {row.method.label}", []).extend(
            [
                Row([label(name), *mine]),
                Row([label("paper"), *(Cell(with_spread(s.value, s.spread)) for s in paper)]),
            ]
        )
    if not groups:
        return []
    heads = [("Numbers", False), *((MEASURES[key].head, True) for key in keys)]
    intro = (
        "The paper's numbers are of clicks drawn from its own clickability network. Compare them "
        "only if the click model is that network and the segmenter has the same weights."
    )
    return [NamedTable("Beside the paper's numbers", intro, Table(heads, groups))]


def dataset_nsr_tables(results: Results) -> list[NamedTable]:
    """NSR per dataset, for datasets with users' clicks on two or more segmenters (Fig. 7)."""
    rows = []
    for dataset, methods in by_dataset(results.values()).items():
        once = list({method.key.segmenter: method for method in methods}.values())
        value = dataset_nsr(once)
        if len(once) > 1 and math.isfinite(value):
            simulated = any(method.is_simulated for method in once)
            cells = [
                label(dataset),
                Cell(str(len(once))),
                Cell(number(value)),
            ]
            rows.append(Row(cells, simulated))
    if not rows:
        return []
    heads = [("Dataset", False), ("Methods", True), ("NSR %", True)]
    intro = (
        "How much the IoU on a dataset depends on who clicks: ratio of std to mean of IoU after "
        "users' first clicks. Std and mean are averaged over the methods, the ratio over "
        "instances. The value depends on the set of methods."
    )
    return [NamedTable("NSR of the datasets", intro, Table(heads, {"": rows}))]


def paired_tables(results: Results) -> list[NamedTable]:
    """Paired differences: to the best segmenter, and of own runs to the published methods."""
    best_groups, own_groups = {}, {}
    for (dataset, click_model), methods in comparable(results.values()).items():
        best = _best(methods, results)
        others = [method for method in methods if method is not best]
        if others:
            title = f"{dataset}: minus {_name(best)}"
            title += f", clicks by {click_model}" if click_model else ""
            best_groups[title] = [(method, best) for method in others]
    for dataset, methods in by_dataset(results.values()).items():
        published = [method for method in methods if method.origin == PUBLISHED]
        own = [method for method in methods if method.origin == OWN]
        for method in own[:OWN_SHOWN] if published else []:
            clicks = f", clicks by {method.key.click_model}" if method.key.click_model else ""
            own_groups[f"{dataset}: {_name(method)}{clicks}"] = [
                (method, other) for other in published
            ]
    heads = [("Segmenter", False), ("Instances", True)]
    heads += [(MEASURES[key].head, True) for key in COMPARED]
    made = []
    if best_groups:
        intro = (
            "Each segmenter's number minus that of the segmenter with the lowest Sample NoC, over "
            "the instances on which neither failed. The difference is significant if the interval "
            "excludes 0."
        )
        rows = _paired_rows(best_groups, results.threshold, shown=0)
        made.append(NamedTable("Paired differences", intro, Table(heads, rows)))
    if own_groups:
        intro = (
            "The own run's number minus that of each published method, over the instances that "
            "both have. Sample NoC and IoU-AUC can be compared only if both drew from the same "
            f"click model. At most {OWN_SHOWN} own runs per dataset, those with the lowest Sample "
            "NoC."
        )
        rows = _paired_rows(own_groups, results.threshold, shown=1)
        heads = [("Published method", False), *heads[1:]]
        made.append(NamedTable("Own runs against the paper's", intro, Table(heads, rows)))
    return made


_Pair = tuple[MethodResults, MethodResults]


def _paired_rows(
    groups: Mapping[str, Sequence[_Pair]], threshold: float, shown: int
) -> dict[str, list[Row]]:
    """A row per pair, named by its first or second method (``shown``)."""
    pairs = [pair for of_group in groups.values() for pair in of_group]
    found = iter(
        compare_pairs([(MEASURES[key], *pair) for pair in pairs for key in COMPARED], threshold)
    )
    return {
        title: [_paired_row(pair, shown, [next(found) for _ in COMPARED]) for pair in of_group]
        for title, of_group in groups.items()
    }


def _name(method: MethodResults) -> str:
    return segmenter_label(method.key.segmenter, method.origin)


def _best(methods: Sequence[MethodResults], results: Results) -> MethodResults:
    def clicks(method: MethodResults) -> float:
        found = (results.scores[method.key][key].value for key in ("sample_noc", "base_noc"))
        return next((value for value in found if math.isfinite(value)), math.inf)

    return min(methods, key=clicks)


def _paired_row(pair: _Pair, shown: int, found: Sequence[Comparison | None]) -> Row:
    count = max((one.instances for one in found if one is not None), default=0)
    cells = [
        Cell(ABSENT)
        if one is None
        else Cell(
            number(one.difference.mean),
            interval=interval_text(one.difference.low, one.difference.high),
        )
        for one in found
    ]
    names = [label(_name(pair[shown])), Cell(str(count))]
    simulated = any(method.is_simulated for method in pair)
    return Row([*names, *cells], simulated, is_own(pair[shown]))


#: Measures whose correlation over methods is shown, where all methods have them.
_CORRELATED = (
    "base_noc", "sample_noc", "delta_sb_noc", "delta_gr_noc", "delta_hh_noc",
    "sample_auc", "nsr_auc", "base_iou1", "user_iou1", "nsr_user",
)  # fmt: skip


def correlation_tables(results: Results) -> list[NamedTable]:
    """Correlation of the measures over methods, one table per click model with 3 segmenters."""
    by_model: dict[str, list[list[MethodResults]]] = {}
    for (_, click_model), methods in comparable(results.values()).items():
        if len(methods) >= MIN_METHODS:
            by_model.setdefault(click_model, []).append(methods)
    made = [_correlation(model, groups, results) for model, groups in by_model.items()]
    return [table for table in made if table is not None]


def _correlation(
    click_model: str, groups: list[list[MethodResults]], results: Results
) -> NamedTable | None:
    scores = results.scores
    everyone = [method.key for methods in groups for method in methods]
    keys = [
        key for key in _CORRELATED if all(math.isfinite(scores[m][key].value) for m in everyone)
    ]
    if len(keys) < 2:
        return None
    values = [[[scores[m.key][key].value for key in keys] for m in methods] for methods in groups]
    matrix = metric_correlations(values)
    simulated = any(method.is_simulated for methods in groups for method in methods)
    rows = [
        Row(
            [
                label(MEASURES[key].title),
                *(Cell(ABSENT if i == j else number(float(x))) for j, x in enumerate(line)),
            ],
            simulated,
        )
        for i, (key, line) in enumerate(zip(keys, matrix, strict=True))
    ]
    heads = [("Measure", False), *((MEASURES[key].title, True) for key in keys)]
    counts = ", ".join(f"{len(m)} on {m[0].key.dataset}" for m in groups)
    intro = (
        "Spearman below the diagonal, Pearson above it: correlation over methods, averaged over "
        f"datasets, absolute value. Segmenters: {counts}. With so few, correlations are "
        "only indicative."
    )
    title = f"Correlation of measures{f', clicks by {click_model}' if click_model else ''}"
    return NamedTable(title, intro, Table(heads, {"": rows}))
