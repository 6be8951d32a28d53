"""How the report writes numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable

ABSENT = "–"

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int) -> str:
    """A number with a fixed count of decimals; a dash where there is none.

    Args:
        value: Any float; NaN means that there is no value.
        digits: Decimals.

    Example:
        >>> number(-1.234, 2), number(float("nan"), 2)
        ('−1.23', '–')
    """
    if not math.isfinite(value):
        return ABSENT
    return f"{value:.{digits}f}".replace("-", "−")


def scale_of(values: Iterable[float]) -> int:
    """Power of ten that makes small values readable: 0 unless all are under 0.01.

    Args:
        values: The values of one column.

    Example:
        >>> scale_of([5e-4, 3e-5]), scale_of([0.5, 0.001])
        (-4, 0)
    """
    largest = max((abs(v) for v in values if math.isfinite(v) and v), default=1.0)
    return math.floor(math.log10(largest)) if largest < 0.01 else 0


def times_ten(scale: int) -> str:
    """What a column's head says about its power of ten; nothing for 0.

    Args:
        scale: Exponent, as `scale_of` gives it.

    Example:
        >>> times_ten(-4), times_ten(0)
        (' ×10⁻⁴', '')
    """
    return f" ×10{str(scale).translate(_SUPERSCRIPT)}" if scale else ""
