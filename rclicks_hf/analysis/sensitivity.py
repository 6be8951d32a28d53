"""Local sensitivity: how much an instance's click distribution depends on single clicks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.spatial import KDTree

from rclicks_hf.analysis.clicked_instances import ClickedInstance, tabulate_clicks
from rclicks_hf.analysis.spread import MIN_CLICKS_FOR_SPREAD, points_and_diagonal


class ClickSensitivity(NamedTuple):
    """The effect of one click more or less, in diagonals of the object's box.

    Attributes:
        nearest_neighbour_distance: Mean distance of a click from its nearest neighbour: how densely
            the clicked places are sampled; >= 0, 0 where every click is doubled.
        jackknife_se: Jackknife standard error of the mean click position, the square root of
            (n - 1)/n times the sum of squared leave-one-out shifts; >= 0, falls with 1/sqrt(n).
        largest_shift: Largest shift of the mean click position when one click is left out; >= 0.
            A value far above jackknife_se / sqrt(n) means that one click dominates.
    """

    nearest_neighbour_distance: float
    jackknife_se: float
    largest_shift: float


def click_sensitivity(x: Any, y: Any, size: Any) -> ClickSensitivity:
    """Local sensitivity of the clicks on one object, from the clicks alone.

    It measures how the click distribution changes with one click more or less, not how a
    segmentation does. The paper has no such number.

    Args:
        x: (n,) columns of the clicks, pixels, n >= 2.
        y: (n,) rows of the clicks.
        size: (w, h) of the object's bounding box, pixels.

    Returns:
        The three numbers.

    Raises:
        ValueError: If there are fewer than 2 clicks, they are not finite, or the box is empty.

    Example:
        >>> doubled = click_sensitivity([0, 0, 3, 3], [0, 0, 4, 4], size=(30, 40))
        >>> doubled.nearest_neighbour_distance, round(doubled.largest_shift, 4)
        (0.0, 0.0167)
    """
    points, diagonal = points_and_diagonal(x, y, size)
    n = len(points)
    # Without doubles: a tree cannot divide them, so that n at one place would take n² time.
    places, place, clicks = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    nearest, _ = KDTree(places).query(places, k=2)  # the first is the place itself
    nearest_of = np.where(clicks > 1, 0.0, nearest[:, 1])[place.ravel()]
    # Leaving out click p_i shifts the mean by (mean - p_i)/(n - 1).
    shifts = np.hypot(*(points - points.mean(axis=0)).T) / (n - 1)
    return ClickSensitivity(
        nearest_neighbour_distance=float(nearest_of.mean() / diagonal),
        jackknife_se=float(np.sqrt((n - 1) / n * (shifts**2).sum()) / diagonal),
        largest_shift=float(shifts.max() / diagonal),
    )


def sensitivity_by_instance(instances: pa.Table, *, progress: bool = True) -> pa.Table:
    """`click_sensitivity` of every instance.

    Args:
        instances: Rows of a ``<dataset>-instances`` config, as for `read_instances`.

    Returns:
        One row per instance: its keys, ``clicks``, the fields of `ClickSensitivity` (null where
        left out), and ``left_out``, the reason or ``""``.

    Example:
        >>> row = {"dataset": 2, "split": 2, "full_stem": "095", "click_type": 0, "w": 8, "h": 6,
        ...        "is_simulated": False, "box": [0, 0, 4, 3], "x": [0], "y": [0], "device": [0]}
        >>> table = sensitivity_by_instance(pa.Table.from_pylist([row]), progress=False)
        >>> table["jackknife_se"].to_pylist(), table["left_out"].to_pylist()
        ([None], ['fewer than 2 clicks'])
    """

    def scores(instance: ClickedInstance) -> ClickSensitivity:
        return click_sensitivity(instance.clicks.x, instance.clicks.y, instance.size)

    return tabulate_clicks(
        instances,
        ClickSensitivity._fields,
        scores,
        least=MIN_CLICKS_FOR_SPREAD,
        description="sensitivity",
        progress=progress,
    )
