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

from rclicks_hf.support.zero_buffer import Box, placed_on_zeros

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


def group_weights(
    weights: np.ndarray, group: tuple[float, float], size: int | None = None
) -> np.ndarray | None:
    """(H, W) float32 click map inside a clicking group, 0 elsewhere; None without finite mass.

    Of a map of ``size`` pixels, ``weights`` may be the part outside of which all are 0.

    Pixels are kept by VALUE, both ends inclusive, so all pixels of a plateau stay together and
    neighbouring groups share the pixels of the value between them. Sums are float32 as in the
    paper's code: at 3 megapixels a float64 sum moves one or two pixels over the edge.
    """
    q_lo, q_hi = check_group(group)
    if weights.ndim != 2:
        raise ValueError(f"weights must be (H, W), got shape {weights.shape}")
    weights = weights.astype(np.float32, copy=False)
    total = weights.sum()
    if not np.isfinite(total):
        return None
    values = np.sort(weights[weights != 0])
    if len(values) == 0:
        return None
    if values[0] < 0:
        raise ValueError("weights must be >= 0, got a negative value")
    # Pixels of value 0 change neither the running sum nor the choice of thresholds.
    total, mass = _sum_ascending(values, size or weights.size), values.cumsum()
    low = int(np.searchsorted(mass, total * q_lo, side="left"))
    high = int(np.searchsorted(mass, total * q_hi, side="right"))
    last = len(values) - 1
    keep = (weights >= values[min(low, last)]) & (weights <= values[min(high, last)])
    return weights * keep


def _sum_ascending(values: np.ndarray, size: int) -> np.float32:
    """Float32 sum of the values after as many zeros as make ``size`` terms.

    NumPy adds in pairs, so the zeros decide which values are added first, and so the last bit.
    """
    tail = (slice(None), slice(size - len(values), size))
    with placed_on_zeros(values, tail, (1, size)) as ascending:
        return ascending[0].sum()


def sample_group(
    weights: np.ndarray,
    group: tuple[float, float],
    rng: np.random.RandomState,
    where: tuple[Box, tuple[int, int]] | None = None,
) -> tuple[int, int] | None:
    """Draw one pixel of a clicking group, in proportion to its value.

    Args:
        weights: (H, W) float32 >= 0, the click map inside the region that may be clicked, else 0.
        group: (q_lo, q_hi), shares of the mass.
        rng: Legacy generator (MT19937); each drawn pixel takes exactly one double from it.
        where: The box of ``weights`` in a larger map, zero elsewhere, and that map's (H, W).

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
    places = sample_group_often(weights, group, rng, 1, where)
    return places[0] if places else None


def sample_group_often(
    weights: np.ndarray,
    group: tuple[float, float],
    rng: np.random.RandomState,
    count: int,
    where: tuple[Box, tuple[int, int]] | None = None,
) -> list[tuple[int, int]]:
    """``count`` independent draws of `sample_group`, the same as one by one; [] without mass."""
    box, shape = where or ((slice(0, None), slice(0, None)), weights.shape)
    kept = group_weights(weights, group, math.prod(shape))
    if kept is None:
        return []
    # Of the whole map: its zeros decide which values NumPy adds first, and so the last bit.
    with placed_on_zeros(kept, box, (shape[0], shape[1])) as whole:
        total = whole.sum()
    places = np.flatnonzero(kept != 0)
    # As `RandomState.choice` over all pixels, but without the pixels that cannot be drawn.
    cdf = (kept.ravel()[places] / total).astype(np.float64).cumsum()
    cdf /= cdf[-1]
    drawn = places[cdf.searchsorted(rng.random_sample(count), side="right")]
    y, x = np.unravel_index(drawn, kept.shape)
    return list(zip((x + box[1].start).tolist(), (y + box[0].start).tolist(), strict=True))
