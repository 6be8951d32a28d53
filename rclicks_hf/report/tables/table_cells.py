"""Tables as text cells, independent of the format they are written in, and the number format."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rclicks_hf.report.numbers.method_results import OWN, MethodResults, stored_name
from rclicks_hf.report.numbers.scoring import Score
from rclicks_hf.segmenters.methods import method_label

ABSENT = "–"
SIMULATED_NOTE = "Clicks of users: simulated, not made by people."

#: Decimals of benchmark numbers, as in the paper's tables.
DIGITS = 2

#: Ranks marked as in the paper's tables: bold, underlined, italic.
MARKED_RANKS = 3

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Cell:
    """One cell: its text, its rank if it is 1 to 3 in its column, and a small interval."""

    text: str
    rank: int = 0
    is_number: bool = True
    interval: str = ""

    @property
    def is_best(self) -> bool:
        """True for the first of its column."""
        return self.rank == 1


@dataclass(frozen=True)
class Row:
    """One row; ``is_simulated`` marks it, ``is_own`` lifts it out among published ones."""

    cells: Sequence[Cell]
    is_simulated: bool = False
    is_own: bool = False


@dataclass(frozen=True)
class Table:
    """Column heads (text, whether the column holds numbers), and rows under their group's title."""

    heads: Sequence[tuple[str, bool]]
    groups: Mapping[str, Sequence[Row]]

    @property
    def is_simulated(self) -> bool:
        """True if any row is."""
        return any(row.is_simulated for rows in self.groups.values() for row in rows)


@dataclass(frozen=True)
class NamedTable:
    """A table with its title and a sentence on how to read it."""

    title: str
    intro: str
    table: Table


def label(text: str) -> Cell:
    """A cell that names its row."""
    return Cell(text or ABSENT, is_number=False)


def segmenter_label(segmenter: str, origin: str = "") -> str:
    """What tables call a segmenter, with where its results come from."""
    text = method_label(stored_name(segmenter))
    return f"{text} ({origin})" if origin else text


def is_own(method: MethodResults) -> bool:
    """Whether a method's rows are lifted out."""
    return method.origin == OWN


def method_labels(method: MethodResults) -> list[Cell]:
    """The first cells of a method's row: segmenter and click model."""
    name = segmenter_label(method.key.segmenter, method.origin)
    return [label(name), label(method.key.click_model)]


def number(value: float, digits: int = DIGITS) -> str:
    """A number with fixed decimals; a dash if it is not finite."""
    if not math.isfinite(value):
        return ABSENT
    return f"{value:.{digits}f}".replace("-", "−")


def with_spread(value: float, spread: float, digits: int = DIGITS) -> str:
    """A number and its spread after ±; without ± where there is no spread."""
    text = number(value, digits)
    return text if math.isnan(spread) else f"{text} ± {number(spread, digits)}"


def interval_text(low: float, high: float, digits: int = DIGITS) -> str:
    """The bounds of an interval in brackets; empty if there is none."""
    return "" if math.isnan(low) else f"[{number(low, digits)}, {number(high, digits)}]"


def score_cell(score: Score, rank: int = 0) -> Cell:
    """The cell of a number with its spread and interval."""
    text = with_spread(score.value, score.spread)
    return Cell(text, rank, interval=interval_text(score.low, score.high))


def ranks(values: Sequence[float], *, up: bool, digits: int) -> list[int]:
    """Rank of each value of a column as printed: 1 to 3, 0 for the others.

    Values that are printed the same share a rank; if all are, none is ranked.
    """
    printed = [float(f"{value:.{digits}f}") * (-1 if up else 1) for value in values]
    finite = sorted(value for value in printed if math.isfinite(value))
    if len(set(finite)) < 2:
        return [0] * len(values)
    found = [finite.index(value) + 1 if math.isfinite(value) else 0 for value in printed]
    return [rank if rank <= MARKED_RANKS else 0 for rank in found]


def scale_of(values: Iterable[float]) -> int:
    """Power of ten that makes small values readable: 0 unless all are below 0.01."""
    largest = max((abs(v) for v in values if math.isfinite(v) and v), default=1.0)
    return math.floor(math.log10(largest)) if largest < 0.01 else 0


def times_ten(scale: int) -> str:
    """The power of ten in a column head, as ``" ×10⁻⁴"``; empty for 0."""
    return f" ×10{str(scale).translate(_SUPERSCRIPT)}" if scale else ""
