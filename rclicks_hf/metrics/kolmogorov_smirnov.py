"""The two-sample, two-dimensional Kolmogorov-Smirnov test."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy

from rclicks_hf.metrics.sampling import Estimate
from rclicks_hf.metrics.validation import check_sets

__all__ = ["ConstantCoordinateWarning", "ks2d_pvalue"]

SIGNIFICANCE = 0.05
# Pairs of points compared at once: three tables of 32 MB for any number of sets.
_CHUNK = 32_000_000
# Up to this many points a table of all pairs is faster than counting by rank.
_MOST_IN_TABLE = 512


class ConstantCoordinateWarning(RuntimeWarning):
    """A KS p-value is undefined because all points have one x or one y; it counts as 0."""


def ks2d_pvalue(x1: Any, y1: Any, x2: Any, y2: Any) -> float | np.ndarray:
    """P-value of the 2-D Kolmogorov-Smirnov test of two point sets.

    Peacock's statistic as in Fasano and Franceschini (1987): the largest difference of the sets'
    shares over the quadrants at the points of each set, averaged over the two sets; the p-value by
    Press et al., Numerical Recipes (2007), corrected for the correlation of the coordinates.

    Args:
        x1: (n1,) first coordinates of the first set, pixels; (R, n1) for R sets at once.
        y1: Second coordinates of the first set, of the same shape.
        x2: (n2,) or (R, n2); one set is compared with all of the other side, R and R in pairs.
        y2: The same shape as ``x2``.

    Returns:
        The p-value in [0, 1]: a float, or (R,) where a side has R sets. 0, with a
        `ConstantCoordinateWarning`, where all points of a set have one x or one y; the paper's code
        has NaN there and counts it as not above 0.05, which gives the same share.

    Raises:
        ValueError: If coordinates are missing, not finite, or differ in shape.

    Example:
        >>> x, y = [0, 1, 2, 3, 4], [0, 2, 1, 4, 3]
        >>> round(ks2d_pvalue(x, y, x, y), 3)
        0.999
    """
    p = ks2d_pvalues(*check_sets(x1, y1, x2, y2))
    undefined = np.isnan(p)
    _warn_of_undefined(undefined, stacklevel=3)
    p = np.where(undefined, 0.0, p)
    return float(p[0]) if np.ndim(x1) == np.ndim(x2) == 1 else p


def ks_share(x1: np.ndarray, y1: np.ndarray, x2: np.ndarray, y2: np.ndarray) -> Estimate:
    """Share of p-values above 0.05 of checked sets (R or 1, n); undefined ones count as below."""
    return share_of(ks2d_pvalues(x1, y1, x2, y2))


def share_of(p: np.ndarray) -> Estimate:
    """Share of the p-values above 0.05; undefined (NaN) ones count as below, with a warning."""
    undefined = np.isnan(p)
    _warn_of_undefined(undefined, stacklevel=4)
    return Estimate.of_draws(p > SIGNIFICANCE, int(undefined.sum()))


def _warn_of_undefined(undefined: np.ndarray, stacklevel: int) -> None:
    if undefined.any():
        warnings.warn(
            f"{undefined.sum()} of {undefined.size} KS comparisons have all points at one x or one "
            "y; their p-value is undefined and counts as 0",
            ConstantCoordinateWarning,
            stacklevel=stacklevel,
        )


def ks2d_pvalues(x1: np.ndarray, y1: np.ndarray, x2: np.ndarray, y2: np.ndarray) -> np.ndarray:
    """`ks2d_pvalue` for checked sets (R or 1, n); NaN where a coordinate is constant."""
    size = x1.shape[1] * x2.shape[1] / (x1.shape[1] + x2.shape[1])
    r1, r2 = _correlation(x1, y1), _correlation(x2, y2)
    spread = np.sqrt(np.maximum(0.0, 1.0 - (r1**2 + r2**2) / 2))
    root = np.sqrt(size)
    statistic = ks2d_statistic(x1, y1, x2, y2)
    return scipy.special.kolmogorov(statistic * root / (1.0 + spread * (0.25 - 0.75 / root)))


def ks2d_statistic(x1: np.ndarray, y1: np.ndarray, x2: np.ndarray, y2: np.ndarray) -> np.ndarray:
    """Two-dimensional KS distance D in [0, 1] of checked sets (R or 1, n), as (R,)."""
    sets = (x1, y1, x2, y2)
    count = max(len(x1), len(x2))
    most = max(x1.shape[1], x2.shape[1])
    at_once = max(1, _CHUNK // most**2) if most <= _MOST_IN_TABLE else 1
    parts = [slice(start, start + at_once) for start in range(0, count, at_once)]
    return np.concatenate(
        [_statistic(*(side if len(side) == 1 else side[part] for side in sets)) for part in parts]
    )


def _statistic(x1: np.ndarray, y1: np.ndarray, x2: np.ndarray, y2: np.ndarray) -> np.ndarray:
    """`ks2d_statistic`, all sets at once."""
    # Points run down the first axis so that every sum over points is a sum of whole rows.
    x1, y1, x2, y2 = x1.T, y1.T, x2.T, y2.T
    at1 = _largest_difference(
        _quadrant_shares(x1, y1, x1, y1), _quadrant_shares(x1, y1, x2, y2), x1.shape[0]
    )
    at2 = _largest_difference(
        _quadrant_shares(x2, y2, x2, y2), _quadrant_shares(x2, y2, x1, y1), x2.shape[0]
    )
    return (at1 + at2) / 2


def _quadrant_shares(
    x: np.ndarray, y: np.ndarray, points_x: np.ndarray, points_y: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Shares of the points (m, R) in the four quadrants at each origin (n, R): four (n, R)."""
    count = points_x.shape[0]
    if max(count, x.shape[0]) > _MOST_IN_TABLE:  # one set at a time
        counts = count_below(x[:, 0], y[:, 0], points_x[:, 0], points_y[:, 0])
        left, up, both = (one[:, None] for one in counts)
    else:
        is_left = points_x[:, None] <= x[None]
        is_up = points_y[:, None] <= y[None]
        left, up, both = (_count(mask) for mask in (is_left, is_up, is_left & is_up))
    return (
        both / count,
        (left - both) / count,
        (up - both) / count,
        (count - left - up + both) / count,
    )


def _count(mask: np.ndarray) -> np.ndarray:
    """Number of True along the first axis, as int64."""
    narrow = np.uint8 if mask.shape[0] < 256 else np.int64
    return np.add.reduce(mask.view(np.uint8), axis=0, dtype=narrow).astype(np.int64)


def count_below(
    x: np.ndarray, y: np.ndarray, points_x: np.ndarray, points_y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers of points with x <= x_i, with y <= y_i, and with both, (n,) each, for (n,) origins.

    O((m + n) log m) time and O(m + n) memory: a wavelet matrix over the ranks of y in the order
    of x answers "how many of the first k have a rank below r" bit by bit.
    """
    order = np.argsort(points_x, kind="stable")
    ordered = np.sort(points_y)
    ranks = np.searchsorted(ordered, points_y[order], side="left")
    left = np.searchsorted(points_x[order], x, side="right")
    up = np.searchsorted(ordered, y, side="right")
    both = np.zeros(x.shape, np.int64)
    start, stop = np.zeros_like(left), left.copy()
    for bit in reversed(range(int(points_x.size).bit_length())):
        is_one = (ranks >> bit & 1).astype(bool)
        zeros_before = np.concatenate(([0], np.cumsum(~is_one)))
        start0, stop0 = zeros_before[start], zeros_before[stop]
        in_upper = (up >> bit & 1).astype(bool)
        both += np.where(in_upper, stop0 - start0, 0)
        zeros = zeros_before[-1]
        start = np.where(in_upper, zeros + start - start0, start0)
        stop = np.where(in_upper, zeros + stop - stop0, stop0)
        ranks = np.concatenate((ranks[~is_one], ranks[is_one]))
    return left, up, both


def _largest_difference(
    own: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...], count: int
) -> np.ndarray:
    """Largest difference of shares over origins and quadrants; ``own`` is the origins' own set.

    The origin lies on the border of its four quadrants and is counted in the first. It is moved to
    where the difference is largest, which matters for few points: it is 1/n.
    """
    lead = [mine - theirs for mine, theirs in zip(own, other, strict=True)]
    lead[0] = lead[0] - 1.0 / count
    most = np.maximum.reduce(lead).max(axis=0) + 1.0 / count
    return np.maximum(most, -np.minimum.reduce(lead).min(axis=0))


def _correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson correlation of each row, in [-1, 1]; NaN where a coordinate is constant."""
    constant = (x == x[:, :1]).all(axis=1) | (y == y[:, :1]).all(axis=1)
    dx = x - x.mean(axis=1, keepdims=True)
    dy = y - y.mean(axis=1, keepdims=True)
    if x.shape[1] == 2:  # two points lie on a line; rounding would hide it
        r = np.sign(dx[:, 0] * dy[:, 0])
    else:
        norm = np.linalg.norm(dx, axis=1) * np.linalg.norm(dy, axis=1)
        r = np.clip((dx * dy).sum(axis=1) / np.where(constant, 1.0, norm), -1.0, 1.0)
    return np.where(constant, np.nan, r)
