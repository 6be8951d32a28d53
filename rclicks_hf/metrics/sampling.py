"""Points drawn from a click map, the same ones as in the paper's code."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np

from rclicks_hf.metrics.distribution import ClickDistribution
from rclicks_hf.metrics.validation import check_count

RESAMPLES = 100
SEED = 42


def sample_points(
    click_map: Any, n: int, resamples: int = RESAMPLES, seed: int = SEED
) -> tuple[np.ndarray, np.ndarray]:
    """Draw ``resamples`` sets of ``n`` points from a click map.

    The points equal those that NumPy's legacy ``RandomState(seed).choice`` with ``p`` over the
    flattened map gives in one draw of ``resamples * n``, as in the paper's code. One cumulative
    sum serves all resamples. The paper seeds once a process, so its later instances depend on
    their order; here every call has its own seed (see `instance_seed`).

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        n: Points in a set.
        resamples: Number of sets R.
        seed: Seed of this draw, 0 <= seed < 2**32.

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
    """`sample_points` for a map that is already checked.

    Args:
        distribution: The map.
        n: Points in a set.
        resamples: Number of sets R.
        seed: Seed of this draw, 0 <= seed < 2**32.

    Returns:
        x (R, n) and y (R, n), int64 pixels.

    Raises:
        ValueError: If a count is below 1, or the seed is negative.

    Example:
        >>> distribution = ClickDistribution.of([[1.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
        >>> x, y = draw_points(distribution, n=4, resamples=2, seed=42)
        >>> x.tolist(), y.any()
        ([[2, 2, 2, 2], [0, 0, 0, 2]], np.False_)
    """
    n, resamples = check_count(n, "n"), check_count(resamples, "resamples")
    uniform = np.random.RandomState(check_count(seed, "seed", least=0)).random_sample(n * resamples)
    cdf = _cumulative(distribution)
    # In ascending order the searches walk through memory once.
    order = np.argsort(uniform)
    flat = np.empty(uniform.size, np.intp)
    flat[order] = cdf.searchsorted(uniform[order], side="right")
    y, x = np.divmod(flat.reshape(resamples, n), distribution.window.shape[1])
    return x + distribution.left, y + distribution.top


def _cumulative(distribution: ClickDistribution) -> np.ndarray:
    """Cumulative distribution over the flattened window, with the roundings of ``choice``.

    What is empty around the window adds nothing to the sums: the draw is the same without it.
    """
    density = distribution.window / distribution.click_map.sum()
    cdf = np.cumsum(density, dtype=np.float64)
    cdf /= cdf[-1]
    return cdf


def instance_seed(full_stem: str, seed: int = SEED) -> int:
    """A seed of an instance's own, so that its value depends on no order and no process count.

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
