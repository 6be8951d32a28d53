"""Mean, spread and differences of a score over clicking groups, one value per instance.

The score may be NoC, IoU-AUC or failure. The paper reports the means over instances; its spreads
are means of per-instance population standard deviations, never deviations over instances.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rclicks_hf.metrics.validation import as_array, describe

__all__ = [
    "baseline_difference_values",
    "group_mean_values",
    "group_nsr_values",
    "group_std_values",
    "half_difference_values",
    "range_difference_values",
]


def group_mean_values(scores: Any) -> np.ndarray:
    """Mean over the clicking groups; with NoC, the per-instance values of Sample NoC.

    Args:
        scores: (N, G) score of each instance and clicking group, finite.

    Returns:
        (N,) in the score's unit.

    Raises:
        ValueError: If the scores are not (N, G) and finite.

    Example:
        >>> group_mean_values([[2, 4], [5, 5]]).tolist()
        [3.0, 5.0]
    """
    return _checked(scores).mean(axis=1)


def group_std_values(scores: Any) -> np.ndarray:
    """Population standard deviation over the clicking groups.

    Args:
        scores: (N, G) score of each instance and clicking group, finite.

    Returns:
        (N,) >= 0 in the score's unit.

    Raises:
        ValueError: If the scores are not (N, G) and finite.

    Example:
        >>> group_std_values([[2, 4], [5, 5]]).tolist()
        [1.0, 0.0]
    """
    return _checked(scores).std(axis=1)


def group_nsr_values(scores: Any, *, undefined: float = 0.0) -> np.ndarray:
    """Noise-to-signal ratio over the clicking groups: std over mean (paper, Table 12).

    Args:
        scores: (N, G) score >= 0 of each instance and clicking group, for example the IoU-AUC.
        undefined: The value where every score is 0. The paper's code divides 0 by 0 there, so that
            one such instance makes its mean NaN: ``math.nan`` repeats that.

    Returns:
        (N,) per cent >= 0; ``undefined`` where every score is 0.

    Raises:
        ValueError: If the scores are not (N, G), finite and >= 0.

    Example:
        >>> group_nsr_values([[0.5, 1.0], [0.0, 0.0]]).round(2).tolist()
        [33.33, 0.0]
        >>> group_nsr_values([[0.0, 0.0]], undefined=float("nan")).tolist()
        [nan]
    """
    scores = _checked(scores)
    if (scores < 0).any():
        raise ValueError(f"scores must be >= 0, got {scores.min():g}, {describe(scores)}")
    return noise_to_signal(scores.mean(axis=1), scores.std(axis=1), undefined)


def noise_to_signal(signal: np.ndarray, noise: np.ndarray, undefined: float = 0.0) -> np.ndarray:
    """Per cent: (N,) standard deviations over means; ``undefined`` where a mean is 0, NaN stays."""
    ratio = np.divide(noise, signal, out=np.zeros_like(noise), where=signal != 0)
    return np.where(signal == 0, undefined, 100.0 * ratio)


def baseline_difference_values(scores: Any, baseline: Any, *, relative: bool) -> np.ndarray:
    """ΔSB of any score: the mean over groups minus the score of the baseline clicker.

    Args:
        scores: (N, G) score of each instance and clicking group.
        baseline: (N,) score of the baseline clicker on the same instances.
        relative: In per cent of the baseline score (as the paper does for NoC), else absolute.

    Returns:
        (N,) per cent, or in the score's unit.

    Raises:
        ValueError: If the scores are not (N, G) and (N,) and finite, or a relative baseline is 0.

    Example:
        >>> baseline_difference_values([[2, 4]], [2], relative=True).tolist()
        [50.0]
    """
    scores, baseline = _checked(scores), _finite(baseline, "baseline scores")
    if baseline.shape != scores.shape[:1]:
        raise ValueError(f"baseline must be (N,) with the N of scores, {describe(baseline)}")
    return _difference(scores.mean(axis=1), baseline, relative)


def range_difference_values(scores: Any, *, relative: bool) -> np.ndarray:
    """ΔGR of any score: the first group (G1, least likely clicks) minus the last (G10).

    Args:
        scores: (N, G), G >= 2.
        relative: In per cent of the last group's score (as the paper does for NoC), else absolute.

    Returns:
        (N,) per cent, or in the score's unit.

    Raises:
        ValueError: If the scores are not (N, G >= 2) and finite, or a relative last score is 0.

    Example:
        >>> range_difference_values([[6, 5, 4]], relative=True).tolist()
        [50.0]
    """
    scores = _checked(scores, groups=2)
    return _difference(scores[:, 0], scores[:, -1], relative)


def half_difference_values(scores: Any, *, relative: bool) -> np.ndarray:
    """ΔHH of any score: the less likely half of the groups minus the more likely half, H1 - H2.

    The mean difference of the pairs G1/G6, G2/G7, ... (group j and group j + G/2); a mean of
    ratios where relative.

    Args:
        scores: (N, G), G even.
        relative: In per cent of the more likely group's score (as the paper does for NoC).

    Returns:
        (N,) per cent, or in the score's unit.

    Raises:
        ValueError: If the scores are not (N, even G) and finite, or a relative divisor is 0.

    Example:
        >>> half_difference_values([[3, 4, 2, 4]], relative=True).tolist()  # 50 % and 0 %
        [25.0]
    """
    scores = _checked(scores, groups=2)
    half, odd = divmod(scores.shape[1], 2)
    if odd:
        raise ValueError(f"scores must hold an even number of groups, {describe(scores)}")
    return _difference(scores[:, :half], scores[:, half:], relative).mean(axis=1)


def _difference(first: np.ndarray, second: np.ndarray, relative: bool) -> np.ndarray:
    if not relative:
        return first - second
    if not second.all():
        raise ValueError(
            f"{np.count_nonzero(second == 0)} scores to compare with are 0, so the "
            "relative difference is undefined; use relative=False"
        )
    return 100.0 * (first - second) / second


def _checked(scores: Any, groups: int = 1) -> np.ndarray:
    scores = _finite(scores, "scores")
    if scores.ndim != 2 or scores.shape[1] < groups:
        raise ValueError(f"scores must be (N, G) with G >= {groups}, {describe(scores)}")
    return scores


def _finite(values: Any, name: str) -> np.ndarray:
    array = as_array(values, name)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be real numbers, {describe(array)}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} hold NaN or infinite values, {describe(array)}")
    return array.astype(np.float64)
