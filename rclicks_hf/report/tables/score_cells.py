"""Cells of measured numbers, and which methods stand together in a table."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rclicks_hf.report.numbers.method_results import MethodKey, MethodResults, Results
from rclicks_hf.report.numbers.scoring import Score
from rclicks_hf.report.tables.cells import Cell
from rclicks_hf.report.tables.number_format import ABSENT, number

#: Decimals of every number, as in the paper's tables; ranks are of the printed values.
DIGITS = 2

ScoresByMethod = Mapping[MethodKey, Mapping[str, Score]]


def score_text(score: Score) -> str:
    """A number and its spread, as tables print them.

    Example:
        >>> score_text(Score(6.414, 1.121)), score_text(Score())
        ('6.41 ± 1.12', '–')
    """
    text = number(score.value, DIGITS)
    return text if math.isnan(score.spread) else f"{text} ± {number(score.spread, DIGITS)}"


def interval_text(low: float, high: float) -> str:
    """The bounds of an interval; nothing where there is none.

    Args:
        low: Lower bound.
        high: Upper bound.

    Example:
        >>> interval_text(1.0, 2.5), interval_text(math.nan, math.nan)
        ('[1.00, 2.50]', '')
    """
    return "" if math.isnan(low) else f"[{number(low, DIGITS)}, {number(high, DIGITS)}]"


def score_cell(score: Score, rank: int = 0) -> Cell:
    """The cell of a number with its interval.

    Args:
        score: The number.
        rank: Its rank in the column.

    Example:
        >>> score_cell(Score(2.0, low=1.0, high=3.0)).interval
        '[1.00, 3.00]'
    """
    return Cell(score_text(score), rank, interval=interval_text(score.low, score.high))


def method_cells(key: MethodKey) -> list[Cell]:
    """The first cells of a method's row: its segmenter and click model.

    Args:
        key: The method.

    Example:
        >>> [cell.text for cell in method_cells(MethodKey("geocut", "", "davis"))]
        ['geocut', '–']
    """
    return [Cell(text or ABSENT, is_number=False) for text in (key.segmenter, key.click_model)]


def by_dataset(results: Results) -> dict[str, list[MethodResults]]:
    """Dataset -> its methods, in order of first appearance."""
    groups: dict[str, list[MethodResults]] = {}
    for method in results.values():
        groups.setdefault(method.key.dataset, []).append(method)
    return groups


def comparable(results: Results) -> dict[tuple[str, str], list[MethodResults]]:
    """(dataset, click model) -> its methods: clicked at alike, so ranked and compared."""
    groups: dict[tuple[str, str], list[MethodResults]] = {}
    for method in results.values():
        groups.setdefault((method.key.dataset, method.key.click_model), []).append(method)
    return groups
