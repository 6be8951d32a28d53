"""Which metrics rank methods alike, as tables."""

from __future__ import annotations

import math

from rclicks_hf.metrics import metric_correlations
from rclicks_hf.metrics.correlation import MIN_METHODS
from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.numbers.method_results import MethodResults, Results
from rclicks_hf.report.tables.cells import Cell, NamedTable, Row, Table
from rclicks_hf.report.tables.number_format import ABSENT, number
from rclicks_hf.report.tables.score_cells import DIGITS, ScoresByMethod, comparable

#: Metrics whose correlation over methods is shown, where all methods have them.
CORRELATED = (
    "base_noc", "sample_noc", "delta_sb_noc", "delta_gr_noc", "delta_hh_noc",
    "sample_auc", "nsr_auc", "base_iou1", "user_iou1", "nsr_user",
)  # fmt: skip


def correlation_tables(results: Results, scores: ScoresByMethod) -> list[NamedTable]:
    """Correlation of the metrics over methods, one table a click model.

    Args:
        results: From `load_results`.
        scores: All numbers of every method.

    Returns:
        A table for each click model with at least 3 segmenters on some dataset.

    Example:
        >>> correlation_tables(Results([]), {})
        []
    """
    by_model: dict[str, list[list[MethodResults]]] = {}
    for (_, click_model), methods in comparable(results).items():
        if len(methods) >= MIN_METHODS:
            by_model.setdefault(click_model, []).append(methods)
    made = [_correlation(model, groups, scores) for model, groups in by_model.items()]
    return [table for table in made if table is not None]


def _correlation(
    click_model: str, groups: list[list[MethodResults]], scores: ScoresByMethod
) -> NamedTable | None:
    everyone = [method.key for methods in groups for method in methods]
    keys = [key for key in CORRELATED if all(math.isfinite(scores[m][key].value) for m in everyone)]
    if len(keys) < 2:
        return None
    values = [[[scores[m.key][key].value for key in keys] for m in methods] for methods in groups]
    matrix = metric_correlations(values)
    simulated = any(method.is_simulated for methods in groups for method in methods)
    rows = [
        Row(
            [
                Cell(MEASURES[key].title, is_number=False),
                *(Cell(ABSENT if i == j else number(float(x), DIGITS)) for j, x in enumerate(line)),
            ],
            simulated,
        )
        for i, (key, line) in enumerate(zip(keys, matrix, strict=True))
    ]
    heads = [("Metric", False), *((MEASURES[key].title, True) for key in keys)]
    counts = ", ".join(f"{len(m)} on {m[0].key.dataset}" for m in groups)
    intro = (
        "Spearman below the diagonal, Pearson above it, over methods; mean over datasets, absolute "
        f"value. Segmenters: {counts}. With so few, read it as a hint."
    )
    title = f"Correlation of metrics{f', clicks by {click_model}' if click_model else ''}"
    return NamedTable(title, intro, Table(heads, {"": rows}))
