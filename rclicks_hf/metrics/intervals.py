"""Confidence intervals of dataset means, by the bootstrap over instances."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rclicks_hf.metrics.validation import as_array, check_count, describe

__all__ = ["Interval", "bootstrap_interval", "paired_interval"]

# Values gathered at once: 8 MB of indices for any number of instances.
_CHUNK = 1_000_000


class Interval(NamedTuple):
    """A mean with its confidence interval.

    Attributes:
        mean: Mean over instances.
        low: Lower bound.
        high: Upper bound.

    Example:
        >>> interval = bootstrap_interval([1.0, 2.0, 3.0, 4.0])
        >>> interval.mean, interval.low < 2.5 < interval.high
        (2.5, True)
    """

    mean: float
    low: float
    high: float


def bootstrap_interval(
    values: Any, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 42
) -> Interval:
    """Percentile-bootstrap interval of a mean over instances.

    Args:
        values: (N,) one value per instance, finite.
        confidence: Coverage in (0, 1).
        resamples: Number of resampled means.
        seed: Seed of the resampling.

    Returns:
        The mean and the bounds of its interval; both bounds equal the mean for a single value.

    Raises:
        ValueError: If the values are not (N,) and finite, or an option is out of range.

    Example:
        >>> bootstrap_interval([2.0, 2.0, 2.0])
        Interval(mean=2.0, low=2.0, high=2.0)
    """
    array = _checked(values, "values")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie in (0, 1), got {confidence!r}")
    means = _resampled_means(array, check_count(resamples, "resamples"), seed)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(array.mean()), float(low), float(high))


def paired_interval(
    first: Any,
    second: Any,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 42,
) -> Interval:
    """Percentile-bootstrap interval of the mean difference of two methods on the same instances.

    Both values of an instance are resampled together, so the difficulty that the methods share
    cancels. The methods differ significantly where the interval excludes 0.

    Args:
        first: (N,) one value per instance of the first method, finite.
        second: (N,) values of the second method on the same instances, in the same order.
        confidence: Coverage in (0, 1).
        resamples: Number of resampled means.
        seed: Seed of the resampling.

    Returns:
        Mean of ``first - second`` and the bounds of its interval.

    Raises:
        ValueError: If the arrays differ in shape, are not finite, or an option is out of range.

    Example:
        >>> paired_interval([2.0, 3.0, 9.0], [1.0, 2.0, 8.0])
        Interval(mean=1.0, low=1.0, high=1.0)
    """
    first, second = _checked(first, "first"), _checked(second, "second")
    if first.shape != second.shape:
        raise ValueError(
            "first and second must hold the same instances, "
            f"got shapes {first.shape} and {second.shape}"
        )
    with np.errstate(over="ignore"):
        difference = first - second
    return bootstrap_interval(difference, confidence=confidence, resamples=resamples, seed=seed)


def _checked(values: Any, name: str) -> np.ndarray:
    array = as_array(values, name)
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must be a non-empty (N,) array of numbers, {describe(array)}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values, {describe(array)}")
    with np.errstate(over="ignore"):
        if np.isinf(np.abs(array).sum()):
            raise ValueError(f"{name} are too large for a mean, {describe(array)}")
    return array


def _resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    # Not scipy.stats.bootstrap: same draws, 0.8 to 1.4 times our speed, but it refuses a single
    # value, and its bounds differ from stored ones in the last bit.
    rng = np.random.default_rng(check_count(seed, "seed", least=0))
    at_once = max(1, _CHUNK // values.size)
    rounds = (min(at_once, resamples - done) for done in range(0, resamples, at_once))
    return np.concatenate(
        [values[rng.integers(values.size, size=(k, values.size))].mean(axis=1) for k in rounds]
    )
