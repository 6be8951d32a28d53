"""Clicking groups: slices of a click map's mass, from the least likely clicks to the most likely.

A group (q_lo, q_hi) keeps the pixels whose value lies between the two values at which the mass,
summed from the least likely pixel upwards, crosses q_lo and q_hi of the total. G1 = (0, 0.1) are
the least likely clicks, G10 = (0.9, 1) the most likely (paper, section "Clicking groups").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rclicks_hf.support.pixels.zero_buffer import Box, sum_on_zeros

#: Shares of the map's mass at which one group ends and the next begins.
GROUP_EDGES: tuple[float, ...] = tuple(k / 10 for k in range(11))

MAX_GROUPS = len(GROUP_EDGES) - 1


def name_groups(edges: Sequence[float]) -> dict[str, tuple[float, float]]:
    """Name of the run -> (q_lo, q_hi) for 2 to 11 increasing edges in [0, 1]."""
    if not 2 <= len(edges) <= MAX_GROUPS + 1:
        raise ValueError(f"group_edges must be 2 to {MAX_GROUPS + 1} numbers, got {len(edges)}")
    if not all(0 <= edge <= 1 for edge in edges):
        raise ValueError(f"group_edges must lie in [0, 1], got {tuple(edges)}")
    for low, high in pairwise(edges):
        if not low < high:
            raise ValueError(
                f"group_edges must increase, or groups overlap or are empty: {high} follows {low}"
            )
    return {f"g{k}": group for k, group in enumerate(pairwise(edges), start=1)}


#: Name of the run -> (q_lo, q_hi), with the edges of the paper.
CLICKING_GROUPS: dict[str, tuple[float, float]] = name_groups(GROUP_EDGES)


def check_group(group: tuple[float, float]) -> tuple[float, float]:
    """(q_lo, q_hi) itself, if 0 <= q_lo < q_hi <= 1."""
    q_lo, q_hi = group
    if not 0.0 <= q_lo < q_hi <= 1.0:
        raise ValueError(f"group must be (q_lo, q_hi) with 0 <= q_lo < q_hi <= 1, got {group}")
    return q_lo, q_hi


def group_weights(weights: np.ndarray, group: tuple[float, float]) -> np.ndarray | None:
    """(H, W) float32 click map inside a clicking group, 0 elsewhere; None without finite mass."""
    if weights.ndim != 2:
        raise ValueError(f"weights must be (H, W), got shape {weights.shape}")
    weights = weights.astype(np.float32, copy=False)
    keep = _in_group(weights[weights != 0], group, weights.size)
    if keep is None:
        return None
    kept = np.zeros_like(weights)
    kept[weights != 0] = weights[weights != 0] * keep
    return kept


def _in_group(values: np.ndarray, group: tuple[float, float], size: int) -> np.ndarray | None:
    """Which of the float32 values of a map of ``size`` pixels, all but zeros, are in a group.

    Pixels are kept by VALUE, both ends inclusive, so all pixels of a plateau stay together and
    neighbouring groups share the pixels of the value between them. Sums are float32 as in the
    paper's code: at 3 megapixels a float64 sum moves one or two pixels over the edge. None without
    finite mass.
    """
    q_lo, q_hi = check_group(group)
    if not len(values) or not np.isfinite(values.sum()):
        return None
    ascending = np.sort(values)
    if ascending[0] < 0:
        raise ValueError("weights must be >= 0, got a negative value")
    # Pixels of value 0 change neither the running sum nor the choice of thresholds, but the last
    # bit of the total.
    total = sum_on_zeros(ascending, slice(size - len(ascending), size), size)
    mass = ascending.cumsum()
    low = int(np.searchsorted(mass, total * q_lo, side="left"))
    high = int(np.searchsorted(mass, total * q_hi, side="right"))
    last = len(ascending) - 1
    return (values >= ascending[min(low, last)]) & (values <= ascending[min(high, last)])


def sample_group(
    weights: np.ndarray, group: tuple[float, float], rng: np.random.RandomState
) -> tuple[int, int] | None:
    """Draw one pixel of a clicking group, in proportion to its value.

    Args:
        weights: (H, W) float32 >= 0, the click map inside the region that may be clicked, else 0.
        group: (q_lo, q_hi), shares of the mass.
        rng: Legacy generator (MT19937); each drawn pixel takes exactly one double from it.

    Returns:
        (x, y) in pixels; None, and nothing is drawn, where the map has no finite mass.

    Raises:
        ValueError: If ``weights`` is not (H, W) or has a negative value, or ``group`` is not a
            group.

    Example:
        >>> weights = np.array([[0, 0, 0, 9], [0, 0, 0, 1]], np.float32)
        >>> sample_group(weights, (0.9, 1.0), np.random.RandomState(42))
        (3, 0)
    """
    if weights.ndim != 2:
        raise ValueError(f"weights must be (H, W), got shape {weights.shape}")
    places = np.flatnonzero(weights)
    values = weights.ravel()[places].astype(np.float32, copy=False)
    drawn = sample_places(values, places, (weights.shape[0], weights.shape[1]), group, rng, 1)
    return drawn[0] if drawn else None


def sample_places(
    values: np.ndarray,
    places: np.ndarray,
    shape: tuple[int, int],
    group: tuple[float, float],
    rng: np.random.RandomState,
    count: int,
    box: Box | None = None,
) -> list[tuple[int, int]]:
    """``count`` independent draws as by `sample_group`, one after the other; [] without mass.

    The (n,) float32 values of an (H, W) map are at ascending flat places of a box (the whole map if
    None), and it is 0 elsewhere.
    """
    positive = values != 0
    if not positive.all():
        values, places = values[positive], places[positive]
    keep = _in_group(values, group, math.prod(shape))
    if keep is None:
        return []
    values, places = values[keep], places[keep]
    if box is not None:
        y, x = np.divmod(places, box[1].stop - box[1].start)
        places = (y + box[0].start) * shape[1] + x + box[1].start
    total = sum_on_zeros(values, places, math.prod(shape))
    # As `RandomState.choice` over all pixels, but without the pixels that cannot be drawn.
    cdf = (values / total).astype(np.float64).cumsum()
    cdf /= cdf[-1]
    drawn = places[cdf.searchsorted(rng.random_sample(count), side="right")]
    y, x = np.divmod(drawn, shape[1])
    return list(zip(x.tolist(), y.tolist(), strict=True))
