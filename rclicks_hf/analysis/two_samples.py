"""Comparison of two sets of clicks on one object: a test and two distances."""

from __future__ import annotations

from typing import Any, NamedTuple

from rclicks_hf.metrics import ks2d_pvalue, pl1_points, wd_points
from rclicks_hf.metrics.kolmogorov_smirnov import SIGNIFICANCE


class TwoSampleScores(NamedTuple):
    """How far two sets of clicks are apart.

    Attributes:
        ks_pvalue: P-value of the two-sample 2-D Kolmogorov-Smirnov test, in [0, 1].
        ks: 1.0 where the p-value is above 0.05, so that the test cannot distinguish the sets; else
            0.0. Its mean over instances is the KS share.
        wd: Wasserstein-1 distance in diagonals of the unit, >= 0.
        pl1: Mean L1 distance of all pairs in sides of the unit, >= 0.
    """

    ks_pvalue: float
    ks: float
    wd: float
    pl1: float


def two_sample_scores(x1: Any, y1: Any, x2: Any, y2: Any, size: Any) -> TwoSampleScores:
    """KS, WD and PL1 of two sets of clicks, as in the paper's comparisons of devices and displays.

    Args:
        x1: (n1,) columns of the first set, pixels.
        y1: (n1,) rows of the first set.
        x2: (n2,) columns of the second set.
        y2: (n2,) rows of the second set.
        size: (w, h) of the object's bounding box, pixels.

    Returns:
        The four scores; symmetric in the two sets.

    Raises:
        ValueError: If a set is empty or not finite, x and y differ in shape, or the box is empty.

    Example:
        >>> x, y = [0, 1, 2, 3, 4], [0, 2, 1, 4, 3]
        >>> scores = two_sample_scores(x, y, [value + 3 for value in x], y, size=(3, 4))
        >>> round(scores.ks_pvalue, 3), scores.ks, round(scores.wd, 3), round(scores.pl1, 3)
        (0.076, 1.0, 0.6, 1.427)
    """
    p = float(ks2d_pvalue(x1, y1, x2, y2))
    return TwoSampleScores(
        ks_pvalue=p,
        ks=float(p > SIGNIFICANCE),
        wd=float(wd_points(x1, y1, x2, y2, size)),
        pl1=float(pl1_points(x1, y1, x2, y2, size)),
    )
