"""Between-user spread: how far apart users click on one object."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.spatial.distance import pdist

from rclicks_hf.analysis.clicked_instances import ClickedInstance, tabulate_clicks
from rclicks_hf.metrics.validation import check_points, check_size, describe

MIN_CLICKS_FOR_SPREAD = 2
# Up to this many clicks all pairs are measured, beyond it about 8 million of them.
_MOST_FOR_ALL_PAIRS = 4096


class ClickSpread(NamedTuple):
    """How far the users' clicks on one object are apart, in diagonals of its box.

    Attributes:
        standard_distance: Root mean square distance of the clicks from their mean position, the
            two-dimensional standard deviation; >= 0.
        mean_pairwise_distance: Mean distance of two users' clicks; >= 0.
        median_pairwise_distance: Median distance of two users' clicks, robust to a few stray ones;
            >= 0.
    """

    standard_distance: float
    mean_pairwise_distance: float
    median_pairwise_distance: float


def click_spread(x: Any, y: Any, size: Any) -> ClickSpread:
    """Between-user spread of the clicks on one object.

    All pairs of different clicks count, also two at one place; above 4,096 clicks, about 8 million
    pairs in which every click is equally frequent. The paper has no such number.

    Args:
        x: (n,) columns of the clicks, pixels, n >= 2.
        y: (n,) rows of the clicks.
        size: (w, h) of the object's bounding box, pixels.

    Returns:
        The three distances.

    Raises:
        ValueError: If there are fewer than 2 clicks, they are not finite, or the box is empty.

    Example:
        >>> spread = click_spread([0, 0, 0, 0, 30], [0, 0, 0, 0, 40], size=(30, 40))
        >>> spread.mean_pairwise_distance, spread.median_pairwise_distance  # of one stray click
        (0.4, 0.0)
    """
    points, diagonal = points_and_diagonal(x, y, size)
    pairs = _pair_distances(points)
    rms = np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean())
    return ClickSpread(
        standard_distance=float(rms / diagonal),
        mean_pairwise_distance=float(pairs.mean() / diagonal),
        median_pairwise_distance=float(np.median(pairs) / diagonal),
    )


def _pair_distances(points: np.ndarray) -> np.ndarray:
    """Distances of all pairs of (n, 2) points, or of n·k pairs that do not depend on the order."""
    n = len(points)
    if n <= _MOST_FOR_ALL_PAIRS:
        return pdist(points)
    mixed = np.random.default_rng(n).permutation(points[np.lexsort(points.T)])
    shifts = range(1, -(-(_MOST_FOR_ALL_PAIRS**2) // (2 * n)) + 1)
    return np.concatenate([np.hypot(*(mixed - np.roll(mixed, k, axis=0)).T) for k in shifts])


def points_and_diagonal(x: Any, y: Any, size: Any) -> tuple[np.ndarray, float]:
    """Checked clicks as (n, 2) float64, and the diagonal of the box in pixels."""
    x, y = check_points(x, y)
    if x.size < MIN_CLICKS_FOR_SPREAD:
        raise ValueError(
            f"x and y must hold at least {MIN_CLICKS_FOR_SPREAD} clicks, {describe(x)}"
        )
    return np.column_stack((x, y)), float(np.hypot(*check_size(size)))


def spread_by_instance(instances: pa.Table, *, progress: bool = True) -> pa.Table:
    """`click_spread` of every instance.

    Args:
        instances: Rows of a ``<dataset>-instances`` config, as for `read_instances`.

    Returns:
        One row per instance: its keys, ``clicks``, the fields of `ClickSpread` (null where left
        out), and ``left_out``, the reason or ``""``.

    Example:
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "w": 8, "h": 6,
        ...        "is_simulated": False, "box": [0, 0, 4, 3], "x": [0, 4], "y": [0, 3],
        ...        "device": [0, 1]}
        >>> table = spread_by_instance(pa.Table.from_pylist([row]), progress=False)
        >>> table["standard_distance"].to_pylist(), table["left_out"].to_pylist()
        ([0.5], [''])
    """

    def scores(instance: ClickedInstance) -> ClickSpread:
        return click_spread(instance.clicks.x, instance.clicks.y, instance.size)

    return tabulate_clicks(
        instances,
        ClickSpread._fields,
        scores,
        least=MIN_CLICKS_FOR_SPREAD,
        description="spread",
        progress=progress,
    )
