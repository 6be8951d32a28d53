"""How many clicks a segmentation needs: NoC, NoF and the area under the IoU curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from rclicks_hf.metrics.validation import check_count, check_ious, check_threshold

__all__ = ["iou_auc", "noc", "nof", "nof_reference"]

THRESHOLD = 0.9
MAX_CLICKS = 20


def noc(ious: Any, threshold: float = THRESHOLD, max_clicks: int = MAX_CLICKS) -> np.ndarray:
    """NoC: number of clicks until the IoU reaches the threshold.

    Args:
        ious: (..., K) IoU after click 1, 2, ... K, each in [0, 1].
        threshold: IoU to reach (``>=``), in (0, 1].
        max_clicks: Clicks that count; also the NoC where the threshold is never reached.

    Returns:
        (...) int64 in [1, max_clicks]; a 0-d array for one sequence.

    Raises:
        ValueError: If the IoUs are not finite or lie outside [0, 1], or an option is out of range.

    Example:
        >>> noc([[0.5, 0.91, 0.95], [0.5, 0.6, 0.7]]).tolist()
        [2, 20]
    """
    ious, threshold, max_clicks = _checked(ious, threshold, max_clicks)
    reached = ious[..., :max_clicks] >= threshold
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1) + 1, max_clicks)


def nof(ious: Any, threshold: float = THRESHOLD, max_clicks: int = MAX_CLICKS) -> int | np.ndarray:
    """NoF: number of instances that never reach the threshold.

    Args:
        ious: (N, K), or (N, ..., K), with instances on the first axis.
        threshold: IoU to reach (``>=``), in (0, 1].
        max_clicks: Clicks that count.

    Returns:
        A count in [0, N]: an int, or (...) for (N, ..., K), for example one per clicking group.

    Raises:
        ValueError: As in `noc`, or if ``ious`` has fewer than two axes.

    Example:
        >>> nof([[0.5, 0.91], [0.5, 0.6]])
        1
    """
    ious, threshold, max_clicks = _checked(ious, threshold, max_clicks, instances=True)
    return _count((ious[..., :max_clicks] < threshold).all(axis=-1))


def nof_reference(
    ious: Any, threshold: float = THRESHOLD, max_clicks: int = MAX_CLICKS
) -> int | np.ndarray:
    """NoF as in the paper's code: number of instances whose NoC equals ``max_clicks``.

    Unlike `nof`, it counts an instance that reaches the threshold exactly at the last click as a
    failure. Published NoF values are of this kind.

    Args:
        ious: (N, K), or (N, ..., K), with instances on the first axis.
        threshold: IoU to reach (``>=``), in (0, 1].
        max_clicks: Clicks that count.

    Returns:
        A count in [0, N]: an int, or (...) for (N, ..., K).

    Raises:
        ValueError: As in `nof`.

    Example:
        >>> late = [[0.5, 0.91], [0.5, 0.6]]
        >>> nof(late, max_clicks=2), nof_reference(late, max_clicks=2)
        (1, 2)
    """
    ious, threshold, max_clicks = _checked(ious, threshold, max_clicks, instances=True)
    return _count(noc(ious, threshold, max_clicks) == max_clicks)


def iou_auc(ious: Any) -> np.ndarray:
    """IoU-AUC: area under the IoU curve over clicks by the trapezoid rule, divided by K - 1.

    Args:
        ious: (..., K) IoU after click 1, 2, ... K, K >= 2, each in [0, 1].

    Returns:
        (...) float64 in [0, 1].

    Raises:
        ValueError: If the IoUs are not finite or lie outside [0, 1], or K is 1.

    Example:
        >>> float(iou_auc([0.0, 1.0, 1.0]))
        0.75
    """
    ious = check_ious(ious)
    if ious.shape[-1] < 2:
        raise ValueError(f"ious must hold at least 2 clicks on its last axis, got {ious.shape}")
    return np.trapezoid(ious, axis=-1) / (ious.shape[-1] - 1)


def _count(failed: np.ndarray) -> int | np.ndarray:
    count = failed.sum(axis=0)
    return int(count) if count.ndim == 0 else count


def _checked(
    ious: Any, threshold: float, max_clicks: int, *, instances: bool = False
) -> tuple[np.ndarray, float, int]:
    ious = check_ious(ious)
    if instances and ious.ndim < 2:
        raise ValueError(f"ious must be (N, ..., K) with instances first, got shape {ious.shape}")
    return ious, check_threshold(threshold), check_count(max_clicks, "max_clicks")
