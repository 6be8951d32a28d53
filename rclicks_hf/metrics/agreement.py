"""How well users agree with each other: a reference point for the scores of click models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rclicks_hf.metrics.click_scores import ClickScores
from rclicks_hf.metrics.density import nss_at, pde_at
from rclicks_hf.metrics.distribution import ClickDistribution
from rclicks_hf.metrics.kolmogorov_smirnov import ks_share
from rclicks_hf.metrics.points import pl1_points, wd_points
from rclicks_hf.metrics.sampling import SEED, Estimate
from rclicks_hf.metrics.validation import as_array, check_count, check_points, check_size, describe

__all__ = ["split_half_scores"]

HALVINGS = 20
#: Two halves of two clicks each.
MIN_CLICKS_TO_HALVE = 4

Density = Callable[[np.ndarray, np.ndarray], np.ndarray]


def split_half_scores(
    x: Any,
    y: Any,
    size: Any,
    *,
    density: Density | None = None,
    halvings: int = HALVINGS,
    seed: int = SEED,
) -> ClickScores:
    """Split-half agreement: the click metrics between random halves of the recorded clicks.

    KS, PL1 and WD compare the two halves; for NSS and PDE a click map is made from one half and
    read at the clicks of the other. The paper does not report this number. It is a reference point
    and not an upper bound: a half holds n // 2 clicks where a click model is compared with all n,
    so KS is slightly lenient, WD slightly large, and a smoother map may reach a higher NSS or PDE.

    Args:
        x: (n,) columns of the clicks, pixels, n >= 4; with n odd, each halving omits one click.
        y: (n,) rows of the clicks.
        size: (w, h) of the OBJECT's bounding box, pixels, in later rounds too.
        density: Makes a click map (H, W) from the columns and rows (n // 2,) of one half, for
            example `rclicks_hf.data.click_maps.click_map`; None skips NSS and PDE.
        halvings: Number of random halvings.
        seed: Seed of the halvings; the order of the clicks does not matter.

    Returns:
        Means over the halvings; ``ks`` is the share with a p-value above 0.05. ``nss`` and ``pde``
        are NaN without ``density``.

    Raises:
        ValueError: If there are fewer than 4 clicks, they are not finite, the box is empty, or
            ``density`` returns no distribution.

    Example:
        >>> x, y = [10, 12, 30, 33, 50, 52], [5, 8, 20, 21, 30, 33]
        >>> scores = split_half_scores(x, y, size=(60, 40))
        >>> scores.ks > 0.9, round(scores.pl1, 3), scores.nss
        (True, 0.742, nan)
    """
    x, y = as_array(x, "x"), as_array(y, "y")
    points_x, points_y = check_points(x, y)
    size = check_size(size)
    if x.size < MIN_CLICKS_TO_HALVE:
        raise ValueError(
            f"x and y must hold at least {MIN_CLICKS_TO_HALVE} clicks to be halved, {describe(x)}"
        )
    first, second = _halves(points_x, points_y, check_count(halvings, "halvings"), seed)
    x1, y1, x2, y2 = points_x[first], points_y[first], points_x[second], points_y[second]
    ks = ks_share(x1, y1, x2, y2)
    pl1, wd = (
        Estimate.of_draws(distance(x1, y1, x2, y2, size)) for distance in (pl1_points, wd_points)
    )
    nss = pde = np.nan
    if density is not None:
        scores = [
            _density_scores(density(x[half], y[half]), *other)
            for half, *other in zip(first, x2, y2, strict=True)
        ]
        nss, pde = np.mean(scores, axis=0)
    return ClickScores(ks, pl1, wd, float(nss), float(pde))


def _halves(
    x: np.ndarray, y: np.ndarray, halvings: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the clicks of either half, (halvings, n // 2) each."""
    rng = np.random.default_rng(check_count(seed, "seed", least=0))
    by_place = np.lexsort((y, x))
    orders = rng.permuted(np.tile(by_place, (halvings, 1)), axis=1)
    half = x.size // 2
    return orders[:, :half], orders[:, half : 2 * half]


def _density_scores(click_map: Any, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    distribution = ClickDistribution.of(click_map, "the map of density")
    return nss_at(distribution, x, y), pde_at(distribution, x, y)
