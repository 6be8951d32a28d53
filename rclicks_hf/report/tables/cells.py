"""Tables as text cells, whatever they are written as: HTML, Markdown or LaTeX."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Ranks that are marked, as in the paper's tables: bold, underlined, italic.
MARKED_RANKS = 3


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: What it says.
        rank: 1, 2 or 3 for the best of its column; 0 for the others.
        is_number: False for a row's name.
        interval: Shown small beside the text, for example ``"[1.00, 2.00]"``.

    Example:
        >>> Cell("6.41", rank=1).is_best
        True
    """

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
    """One row; ``is_simulated`` marks it."""

    cells: Sequence[Cell]
    is_simulated: bool = False


@dataclass(frozen=True)
class Table:
    """Column heads (text, whether numbers stand below), and rows under the title of their group."""

    heads: Sequence[tuple[str, bool]]
    groups: Mapping[str, Sequence[Row]]

    @property
    def is_simulated(self) -> bool:
        """True where any row is."""
        return any(row.is_simulated for rows in self.groups.values() for row in rows)


@dataclass(frozen=True)
class NamedTable:
    """A table with its title and a sentence on how to read it."""

    title: str
    intro: str
    table: Table


def ranks(values: Sequence[float], *, up: bool, digits: int) -> list[int]:
    """Rank of each value as it is printed, as the paper's tables mark them.

    Args:
        values: Of one column; NaN where there is none.
        up: True where higher is better.
        digits: Decimals that are printed; values printed alike share a rank.

    Returns:
        1, 2 or 3 for the best, 0 for the others, and for all where none is better than another.

    Example:
        >>> ranks([2.001, 1.0, 2.004, 9.0, 5.0], up=False, digits=2)
        [2, 1, 2, 0, 0]
    """
    printed = [float(f"{value:.{digits}f}") * (-1 if up else 1) for value in values]
    finite = sorted(value for value in printed if math.isfinite(value))
    if len(set(finite)) < 2:
        return [0] * len(values)
    found = [finite.index(value) + 1 if math.isfinite(value) else 0 for value in printed]
    return [rank if rank <= MARKED_RANKS else 0 for rank in found]
