"""Points drawn from a click map, the same as in the paper's code, and estimates from such draws."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf, sqrt
from typing import Any
from zlib import crc32

import numpy as np

from rclicks_hf.metrics.distribution import ClickDistribution
from rclicks_hf.metrics.validation import check_count, check_resamples

__all__ = ["Estimate", "instance_seed", "sample_points"]

#: Sets of points drawn per click map in the paper.
CLICK_MAP_RESAMPLES = 100
SEED = 42
# Points drawn at once, of one or more sets: some arrays of 8 MB.
_POINTS_AT_ONCE = 1_000_000


class Estimate(float):
    """A Monte Carlo estimate: a float, the mean of random draws, with its standard error.

    Attributes:
        standard_error: Of the mean; 0 where the value is exact, infinite for a single draw. A
            share of 0 or 1 has a standard error of 0 by this plug-in formula, though with R draws
            it can still be off by about 3/R.
        undefined: Number of draws that had no value and counted as 0.

    Args:
        value: The mean.
        standard_error: Standard error of that mean.
        undefined: Draws without a value.

    Example:
        >>> share = Estimate.of_draws([1.0, 0.0, 1.0, 1.0])
        >>> share, share.standard_error, share.undefined
        (0.75, 0.25, 0)
    """

    standard_error: float
    undefined: int

    def __new__(cls, value: float, standard_error: float = 0.0, undefined: int = 0) -> Estimate:
        """Make the float."""
        estimate = super().__new__(cls, value)
        estimate.standard_error = standard_error
        estimate.undefined = undefined
        return estimate

    @classmethod
    def of_draws(cls, values: Any, undefined: int = 0) -> Estimate:
        """Mean of independent draws (R,) with standard error std / sqrt(R), std with ddof 1."""
        values = np.asarray(values, np.float64)
        error = float(values.std(ddof=1)) / sqrt(values.size) if values.size > 1 else inf
        return cls(float(values.mean()), error, undefined)


def sample_points(
    click_map: Any, n: int, resamples: int = CLICK_MAP_RESAMPLES, seed: int = SEED
) -> tuple[np.ndarray, np.ndarray]:
    """Draw ``resamples`` sets of ``n`` points from a click map.

    The points equal those of NumPy's legacy ``RandomState(seed).choice`` with ``p`` over the
    flattened map in one draw of ``resamples * n``, as in the paper's code. The paper seeds once per
    process, so its later instances depend on their order; here every call has its own seed.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        n: Points per set.
        resamples: Number of sets R.
        seed: Seed of this draw, 0 <= seed < 2**32; `instance_seed` makes one per instance.

    Returns:
        x (R, n) and y (R, n), int64 pixels.

    Raises:
        ValueError: If the map is not a distribution, or a count is below 1.

    Example:
        >>> x, y = sample_points([[0.0, 0.0], [0.0, 7.0]], n=3, resamples=2)
        >>> x.tolist(), y.tolist()
        ([[1, 1, 1], [1, 1, 1]], [[1, 1, 1], [1, 1, 1]])
    """
    return draw_points(ClickDistribution.of(click_map), n, resamples, seed)


def draw_points(
    distribution: ClickDistribution, n: int, resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """`sample_points` for a checked map."""
    xs, ys = zip(*draw_in_blocks(distribution, n, resamples, seed), strict=True)
    return np.concatenate(xs), np.concatenate(ys)


def draw_in_blocks(
    distribution: ClickDistribution, n: int, resamples: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`draw_points`, some sets at a time, so that many clicks do not need memory for all draws."""
    n, resamples = check_count(n, "n"), check_resamples(resamples)
    rng = np.random.RandomState(check_count(seed, "seed", least=0))
    cdf = _cumulative(distribution)
    at_once = max(1, _POINTS_AT_ONCE // n)
    for first in range(0, resamples, at_once):
        sets = min(at_once, resamples - first)
        uniform = rng.random_sample(n * sets)
        # In ascending order the searches walk through memory once.
        order = np.argsort(uniform)
        flat = np.empty(uniform.size, np.intp)
        flat[order] = cdf.searchsorted(uniform[order], side="right")
        y, x = np.divmod(flat.reshape(sets, n), distribution.window.shape[1])
        yield x + distribution.left, y + distribution.top


def _cumulative(distribution: ClickDistribution) -> np.ndarray:
    """Cumulative distribution over the flattened window, rounded as in ``choice``.

    The empty margin around the window adds nothing to the sums, so the draw is the same without it.
    """
    density = distribution.window / distribution.click_map.sum()
    cdf = np.cumsum(density, dtype=np.float64)
    cdf /= cdf[-1]
    return cdf


def instance_seed(full_stem: str, seed: int = SEED) -> int:
    """Seed of one instance, so that its value does not depend on order or number of processes.

    Args:
        full_stem: Identifier of the instance and round.
        seed: Seed of the whole evaluation.

    Returns:
        A number in [0, 2**32).

    Example:
        >>> instance_seed("304074"), instance_seed("304074", seed=1)
        (2727840615, 3706640029)
    """
    return crc32(f"{seed}/{full_stem}".encode())
