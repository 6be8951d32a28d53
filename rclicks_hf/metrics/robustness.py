"""How much a segmenter depends on the user: Sample NoC, ΔSB, ΔGR, ΔHH and NSR.

All are means of per-instance values, never ratios of means, with population standard deviations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rclicks_hf.metrics.click_counts import MAX_CLICKS, THRESHOLD, noc
from rclicks_hf.metrics.group_scores import (
    baseline_difference_values,
    group_mean_values,
    group_std_values,
    half_difference_values,
    range_difference_values,
)
from rclicks_hf.metrics.validation import check_ious

__all__ = [
    "delta_gr",
    "delta_gr_values",
    "delta_hh",
    "delta_hh_values",
    "delta_sb",
    "delta_sb_values",
    "nsr",
    "nsr_values",
    "sample_noc",
]


def sample_noc(
    group_ious: Any, threshold: float = THRESHOLD, max_clicks: int = MAX_CLICKS
) -> tuple[float, float]:
    """Sample NoC: mean number of clicks over clicking groups, with its spread.

    Args:
        group_ious: (N, G, K) IoU of each instance, clicking group and click, in [0, 1].
        threshold: IoU to reach.
        max_clicks: Clicks that count.

    Returns:
        Mean over instances of the mean NoC over groups, in [1, max_clicks], and mean over instances
        of the standard deviation over groups.

    Raises:
        ValueError: If the array is not (N, G, K) with values in [0, 1].

    Example:
        >>> sample_noc([[[0.95, 0.95], [0.5, 0.95]], [[0.95, 0.95], [0.95, 0.95]]])
        (1.25, 0.25)
    """
    clicks = _group_noc(group_ious, threshold, max_clicks)
    return float(group_mean_values(clicks).mean()), float(group_std_values(clicks).mean())


def delta_sb(
    group_ious: Any,
    baseline_ious: Any,
    threshold: float = THRESHOLD,
    max_clicks: int = MAX_CLICKS,
) -> float:
    """ΔSB: how many more clicks sampled users need than the baseline clicker, in per cent.

    The mean over instances of (mean NoC over groups - baseline NoC)/baseline NoC.

    Args:
        group_ious: (N, G, K) IoU of each instance, clicking group and click, in [0, 1].
        baseline_ious: (N, K) IoU of the baseline clicker.
        threshold: IoU to reach.
        max_clicks: Clicks that count.

    Returns:
        Per cent in [-95, 1900] for 20 clicks; lower is more robust.

    Raises:
        ValueError: If the arrays are not (N, G, K) and (N, K) with values in [0, 1].

    Example:
        >>> delta_sb([[[0.5, 0.95], [0.5, 0.95]]], [[0.95, 0.95]])
        100.0
    """
    return float(delta_sb_values(group_ious, baseline_ious, threshold, max_clicks).mean())


def delta_sb_values(
    group_ious: Any,
    baseline_ious: Any,
    threshold: float = THRESHOLD,
    max_clicks: int = MAX_CLICKS,
) -> np.ndarray:
    """`delta_sb` of each instance, (N,) in per cent.

    Args:
        group_ious: (N, G, K), as in `delta_sb`.
        baseline_ious: (N, K), as in `delta_sb`.
        threshold: IoU to reach.
        max_clicks: Clicks that count.

    Returns:
        (N,) per cent.

    Example:
        >>> delta_sb_values([[[0.5, 0.95]], [[0.95, 0.95]]], [[0.95, 1.0], [0.5, 0.9]]).tolist()
        [100.0, -50.0]
    """
    groups = _group_noc(group_ious, threshold, max_clicks)
    baseline = noc(check_ious(baseline_ious, "baseline_ious", ndim=2), threshold, max_clicks)
    if len(baseline) != len(groups):
        raise ValueError(
            f"baseline_ious must be (N, K) with the N of group_ious, got {len(baseline)} rows for "
            f"{len(groups)} instances"
        )
    return baseline_difference_values(groups, baseline, relative=True)


def delta_gr(group_ious: Any, threshold: float = THRESHOLD, max_clicks: int = MAX_CLICKS) -> float:
    """ΔGR: how many more clicks the least likely group needs than the most likely, in per cent.

    The mean over instances of (NoC(G1) - NoC(G10))/NoC(G10).

    Args:
        group_ious: (N, G, K), G >= 2, groups from the least likely clicks (G1) to the most (G10).
        threshold: IoU to reach.
        max_clicks: Clicks that count.

    Returns:
        Per cent in [-95, 1900] for 20 clicks; lower is more robust.

    Raises:
        ValueError: If the array is not (N, G, K) with G >= 2 and values in [0, 1].

    Example:
        >>> delta_gr([[[0.5, 0.95], [0.95, 0.95]]])
        100.0
    """
    return float(delta_gr_values(group_ious, threshold, max_clicks).mean())


def delta_gr_values(
    group_ious: Any, threshold: float = THRESHOLD, max_clicks: int = MAX_CLICKS
) -> np.ndarray:
    """`delta_gr` of each instance, (N,) in per cent.

    Args:
        group_ious: (N, G, K), as in `delta_gr`.
        threshold: IoU to reach.
        max_clicks: Clicks that count.

    Returns:
        (N,) per cent.

    Example:
        >>> delta_gr_values([[[0.95], [0.95]], [[0.5], [0.95]]], max_clicks=3).tolist()
        [0.0, 200.0]
    """
    groups = _group_noc(group_ious, threshold, max_clicks)
    if groups.shape[1] < 2:
        raise ValueError(f"group_ious must hold at least 2 groups, got {groups.shape[1]}")
    return range_difference_values(groups, relative=True)


def delta_hh(group_ious: Any, threshold: float = THRESHOLD, max_clicks: int = MAX_CLICKS) -> float:
    """ΔHH: how many more clicks the less likely half of the groups needs (H1 - H2), in per cent.

    The mean over instances and pairs G1/G6 ... G5/G10 of (NoC(G_j) - NoC(G_j+5))/NoC(G_j+5).

    Args:
        group_ious: (N, G, K), G even, groups from the least likely clicks to the most.
        threshold: IoU to reach.
        max_clicks: Clicks that count.

    Returns:
        Per cent in [-95, 1900] for 20 clicks; lower is more robust.

    Raises:
        ValueError: If the array is not (N, G, K) with G even and values in [0, 1].

    Example:
        >>> delta_hh([[[0.5, 0.95], [0.95, 0.95], [0.95, 0.95], [0.95, 0.95]]])
        50.0
    """
    return float(delta_hh_values(group_ious, threshold, max_clicks).mean())


def delta_hh_values(
    group_ious: Any, threshold: float = THRESHOLD, max_clicks: int = MAX_CLICKS
) -> np.ndarray:
    """`delta_hh` of each instance, (N,) in per cent.

    Args:
        group_ious: (N, G, K), as in `delta_hh`.
        threshold: IoU to reach.
        max_clicks: Clicks that count.

    Returns:
        (N,) per cent.

    Example:
        >>> delta_hh_values([[[0.95], [0.95]], [[0.5], [0.95]]], max_clicks=3).tolist()
        [0.0, 200.0]
    """
    return half_difference_values(_group_noc(group_ious, threshold, max_clicks), relative=True)


def nsr(user_ious: Sequence[Any], *, epsilon: float = 0.0) -> float:
    """NSR: noise-to-signal ratio, how much the IoU varies with the user's first click.

    Standard deviation over mean of the IoU over an instance's clicks, each averaged over methods
    first; then the mean over instances.

    Args:
        user_ious: For each instance the IoU after each user's single click: (methods, clicks), or
            (clicks,) for one method. The number of clicks may differ between instances.
        epsilon: Added to the mean before the division; 1e-9 repeats the paper's code, which
            changes the value by about 1e-9 of itself.

    Returns:
        Per cent >= 0; lower is more robust. An instance with IoU 0 at every click counts as 0,
        also in the paper's code: 0/(0 + 1e-9).

    Raises:
        ValueError: If there are no instances, one has no clicks or values outside [0, 1], or
            ``epsilon`` is not a number >= 0.

    Example:
        >>> round(nsr([[0.8, 0.8, 0.8], [0.5, 1.0]]), 4)
        16.6667
    """
    return float(nsr_values(user_ious, epsilon=epsilon).mean())


def nsr_values(user_ious: Sequence[Any], *, epsilon: float = 0.0) -> np.ndarray:
    """`nsr` of each instance, (N,) in per cent.

    Args:
        user_ious: As in `nsr`.
        epsilon: As in `nsr`.

    Returns:
        (N,) per cent >= 0.

    Example:
        >>> nsr_values([[[0.5, 1.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]).round(2).tolist()
        [33.33, 0.0]
    """
    if len(user_ious) == 0:
        raise ValueError("user_ious holds no instances")
    if not 0 <= epsilon < np.inf:
        raise ValueError(f"epsilon must be a number >= 0, got {epsilon!r}")
    return np.array([_noise_to_signal(ious, i, epsilon) for i, ious in enumerate(user_ious)])


def _noise_to_signal(ious: Any, index: int, epsilon: float) -> float:
    ious = np.atleast_2d(check_ious(ious, f"user_ious[{index}]"))
    if ious.ndim != 2:
        raise ValueError(
            f"user_ious[{index}] must be (methods, clicks) or (clicks,), got shape {ious.shape}"
        )
    signal, noise = ious.mean(axis=1).mean(), ious.std(axis=1).mean()
    return 100.0 * noise / (signal + epsilon) if signal > 0 else 0.0


def _group_noc(group_ious: Any, threshold: float, max_clicks: int) -> np.ndarray:
    """NoC (N, G) per instance and group."""
    return noc(check_ious(group_ious, "group_ious", ndim=3), threshold, max_clicks)
