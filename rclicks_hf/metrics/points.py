"""Distances between two sets of points, in units of the object's bounding box."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy  # loads its parts on first use: that takes a second

from rclicks_hf.metrics.distribution import ClickDistribution
from rclicks_hf.metrics.validation import check_sets, check_size

__all__ = ["pl1_points", "wd_points"]

# Up to this many repeated points an assignment is faster than the linear program.
_MOST_REPEATED = 300
# Costs held at once: 64 MB for any number of sets.
_CHUNK = 8_000_000
# Up to this many points per set WD is exact; the time of an assignment grows with the cube.
_MOST_EXACT = 2048
# The same for sets whose sizes have no small common multiple: pairs of a linear program.
_MOST_PAIRS = 65_536
# Beyond that: cells per side of the points' box, and parts of the mass that are moved.
_CELLS = 64
_PARTS = 1024


def pl1_points(x1: Any, y1: Any, x2: Any, y2: Any, size: Any) -> float | np.ndarray:
    """PL1: mean L1 distance over all pairs of points, in box sides.

    The mean of |x - x'|/w + |y - y'|/h over all n1·n2 pairs.

    Args:
        x1: (n1,) columns of the first set, pixels; (R, n1) for R sets at once.
        y1: Rows of the first set, of the same shape.
        x2: (n2,) or (R, n2); one set is compared with all of the other side, R and R in pairs.
        y2: The same shape as ``x2``.
        size: (w, h) of the object's bounding box, pixels.

    Returns:
        A float >= 0, or (R,) where a side has R sets; 0 only where all points coincide.

    Raises:
        ValueError: If coordinates are missing, not finite, or differ in shape, or the box is empty.

    Example:
        >>> pl1_points([0, 4], [0, 0], [0, 4], [0, 0], size=(4, 2))
        0.5
    """
    sets, (w, h) = check_sets(x1, y1, x2, y2), check_size(size)
    distance = _mean_distances(sets[0], sets[2]) / w + _mean_distances(sets[1], sets[3]) / h
    return float(distance[0]) if np.ndim(x1) == np.ndim(x2) == 1 else distance


def pl1_expected(
    distribution: ClickDistribution, x: np.ndarray, y: np.ndarray, size: tuple[float, float]
) -> float:
    """Expectation of `pl1_points` over points of a map, from its marginals: O(H·W + n log n)."""
    (w, h), ((columns, mass_x), (rows, mass_y)) = size, distribution.marginals()
    return float(
        _mean_distance(columns, x, weights=mass_x) / w + _mean_distance(rows, y, weights=mass_y) / h
    )


def _mean_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean |first - second| over all pairs of each (R, n1) and (R, n2), or one set and R."""
    if len(first) == 1:
        return _mean_distance(first[0], second)
    if len(second) == 1:
        return _mean_distance(second[0], first)
    return np.array([_mean_distance(*sets) for sets in zip(first, second, strict=True)])


def _mean_distance(
    fixed: np.ndarray, moving: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Mean |fixed - moving| over all pairs, along the last axis of ``moving``.

    Fixed points with ``weights`` must be in ascending order.
    """
    knots = np.sort(fixed) if weights is None else fixed
    mass = np.ones(knots.size) if weights is None else weights
    mass_before, moment_before = (
        np.concatenate(([0.0], np.cumsum(values))) for values in (mass, mass * knots)
    )
    below = np.searchsorted(knots, moving)
    total = moving * (2 * mass_before[below] - mass_before[-1])
    total += moment_before[-1] - 2 * moment_before[below]
    # Rounding could leave a sum of zeros slightly below 0.
    return np.maximum(total.mean(axis=-1) / mass_before[-1], 0.0)


def wd_points(x1: Any, y1: Any, x2: Any, y2: Any, size: Any) -> float | np.ndarray:
    """WD: Wasserstein-1 distance of two point sets, in diagonals of the box.

    The least mean Euclidean distance by which the points of one set can be moved onto the other,
    divided by sqrt(w² + h²). It is a linear assignment where the sizes of the sets have a small
    common multiple, else a linear program, about a hundred times slower. Above 2,048 points per
    set (256 where a linear program is needed) it is an estimate in O(n log n) time: points are
    moved to the mean position in their cell of a 64 x 64 grid over both sets, and what a cell
    has too much or too little is assigned in 1,024 parts.

    Args:
        x1: (n1,) columns of the first set, pixels; (R, n1) for R sets at once.
        y1: Rows of the first set, of the same shape.
        x2: (n2,) or (R, n2); one set is compared with all of the other side, R and R in pairs.
        y2: The same shape as ``x2``.
        size: (w, h) of the object's bounding box, pixels.

    Returns:
        A float >= 0, or (R,) where a side has R sets; 0 for equal sets.

    Raises:
        ValueError: If coordinates are missing, not finite, or differ in shape, or the box is empty.

    Example:
        >>> wd_points([0, 10], [0, 0], [10, 0], [5, 5], size=(3, 4))
        1.0
    """
    sets, (w, h) = check_sets(x1, y1, x2, y2), check_size(size)
    distance = _transport(*sets) / np.hypot(w, h)
    return float(distance[0]) if np.ndim(x1) == np.ndim(x2) == 1 else distance


def _transport(x1: np.ndarray, y1: np.ndarray, x2: np.ndarray, y2: np.ndarray) -> np.ndarray:
    """Wasserstein-1 distance in pixels of R pairs of sets, or of one set to each of R."""
    if len(x2) == 1:
        x1, y1, x2, y2 = x2, y2, x1, y1
    first, second = np.stack((x1, y1), axis=-1), np.stack((x2, y2), axis=-1)
    count = math.lcm(x1.shape[1], x2.shape[1])
    is_program = x1.shape[1] != x2.shape[1] and count > _MOST_REPEATED
    pairs = x1.shape[1] * x2.shape[1]
    if pairs > (_MOST_PAIRS if is_program else _MOST_EXACT**2):
        first = np.broadcast_to(first, (len(second), *first.shape[1:]))
        return np.array([_on_grid(*sets) for sets in zip(first, second, strict=True)])
    if x1.shape[1] != x2.shape[1]:
        if is_program:
            first = np.broadcast_to(first, (len(second), *first.shape[1:]))
            distance = scipy.stats.wasserstein_distance_nd
            return np.array([distance(*sets) for sets in zip(first, second, strict=True)])
        # A point of weight 1/n is k points of weight 1/(k·n): sets of one size again.
        first, second = (
            np.repeat(side, count // side.shape[1], axis=1) for side in (first, second)
        )
    at_once = max(1, _CHUNK // second.shape[1] ** 2)
    parts = [slice(start, start + at_once) for start in range(0, len(second), at_once)]
    return np.concatenate(
        [_assigned(first if len(first) == 1 else first[part], second[part]) for part in parts]
    )


def _assigned(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean distance (R,) of the best partners in sets of one size, (R, n, 2) or one set and R."""
    costs = _costs(first, second)
    # Subtracting a constant from all costs of a point changes no assignment, and the solver is up
    # to a third faster with short paths.
    reduced = costs - costs.min(axis=1, keepdims=True)
    partners = np.array([scipy.optimize.linear_sum_assignment(cost)[1] for cost in reduced])
    return np.take_along_axis(costs, partners[:, :, None], axis=2).mean(axis=(1, 2))


def _on_grid(first: np.ndarray, second: np.ndarray) -> float:
    """Estimated Wasserstein-1 distance of two large sets, (n1, 2) and (n2, 2)."""
    points = np.concatenate((first, second))
    low = points.min(axis=0)
    extent = points.max(axis=0) - low
    places = ((points - low) / np.where(extent > 0, extent, 1.0) * _CELLS).astype(np.intp)
    column, row = np.minimum(places, _CELLS - 1).T
    cells = row * _CELLS + np.where(row % 2, _CELLS - 1 - column, column)  # there and back
    size = _CELLS**2
    count = np.maximum(np.bincount(cells, minlength=size), 1)
    centres = np.column_stack(
        [np.bincount(cells, weights=axis, minlength=size) / count for axis in points.T]
    )
    # Whole numbers, so that what both sets have in a cell cancels exactly.
    mass = np.bincount(cells[: len(first)], minlength=size) * len(second)
    mass -= np.bincount(cells[len(first) :], minlength=size) * len(first)
    moved = np.maximum(mass, 0).sum()
    if not moved:
        return 0.0
    at = (np.arange(_PARTS) + 0.5) / _PARTS * moved
    sides = [
        centres[np.searchsorted(np.cumsum(np.maximum(side, 0)), at, side="right")]
        for side in (mass, -mass)
    ]
    distance = float(_assigned(sides[0][None], sides[1][None])[0])
    return distance * float(moved) / (len(first) * len(second))


def _costs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Distances (R, n, n) from the points of the second sets (R, n, 2) to those of the first."""
    cdist = scipy.spatial.distance.cdist
    if len(first) == 1:
        return cdist(second.reshape(-1, 2), first[0]).reshape(*second.shape[:2], -1)
    return np.stack([cdist(*sets) for sets in zip(second, first, strict=True)])
