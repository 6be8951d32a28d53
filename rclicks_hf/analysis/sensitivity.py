"""Local sensitivity: how much an instance's click distribution hangs on single clicks."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from scipy.spatial import KDTree

from rclicks_hf.analysis.instances import ClickedInstance, tabulate_clicks
from rclicks_hf.analysis.spread import LEAST_CLICKS, points_and_diagonal


class ClickSensitivity(NamedTuple):
    """What one click more or less changes, in diagonals of the object's box.

    Attributes:
        nearest_neighbour_distance: Mean distance of a click to the nearest other one: how well the
            places where people click are covered; >= 0, 0 where every click is doubled.
        jackknife_se: Jackknife standard error of the mean click position, the square root of
            (n - 1)/n times the sum of squared leave-one-out shifts; >= 0. It falls with 1/sqrt(n)
            and says how far the mean of another n people would lie.
        largest_shift: Largest move of the mean click position when one click is left out; >= 0.
            Far above jackknife_se / sqrt(n), one person decides.

    Example:
        >>> sensitivity = click_sensitivity([0, 0, 3], [0, 0, 4], size=(30, 40))
        >>> [round(value, 4) for value in sensitivity]
        [0.0333, 0.0333, 0.0333]
    """

    nearest_neighbour_distance: float
    jackknife_se: float
    largest_shift: float


def click_sensitivity(x: Any, y: Any, size: Any) -> ClickSensitivity:
    """Local sensitivity of the clicks on one object, from the clicks alone.

    It asks how much the answer to "where do people click on this object" would change with a click
    more or less, not how a segmentation changes with the click. The paper has no such number.

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
    nearest, _ = KDTree(points).query(points, k=2)  # the first is the click itself, or its double
    # Without click i the mean lies (mean - p_i)/(n - 1) away.
    shifts = np.hypot(*(points - points.mean(axis=0)).T) / (n - 1)
    return ClickSensitivity(
        nearest_neighbour_distance=float(nearest[:, 1].mean() / diagonal),
        jackknife_se=float(np.sqrt((n - 1) / n * (shifts**2).sum()) / diagonal),
        largest_shift=float(shifts.max() / diagonal),
    )


def sensitivity_by_instance(instances: pa.Table, *, progress: bool = True) -> pa.Table:
    """`click_sensitivity` of every instance.

    Args:
        instances: Rows of a ``<dataset>-instances`` config (`read_instances`).
        progress: Show a progress bar.

    Returns:
        A row an instance: its keys, ``clicks``, the fields of `ClickSensitivity` (null where left
        out), and ``left_out``, the reason or ``""``.

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
        least=LEAST_CLICKS,
        description="sensitivity",
        progress=progress,
    )
