"""The five metrics of a click model for one instance, one by one or in one pass over the map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rclicks_hf.metrics.density import nss_at, pde_at
from rclicks_hf.metrics.distribution import ClickDistribution
from rclicks_hf.metrics.kolmogorov_smirnov import ks2d_pvalues, share_of
from rclicks_hf.metrics.points import pl1_expected, pl1_points, wd_points
from rclicks_hf.metrics.sampling import CLICK_MAP_RESAMPLES, SEED, Estimate, draw_in_blocks
from rclicks_hf.metrics.validation import check_points, check_size

__all__ = ["MODES", "ClickScores", "click_scores", "ks", "pl1", "wd"]

#: "reference": scores from random draws, as in the paper's code. "exact": their expectation where
#: it has a closed form (PL1; NSS and PDE always).
MODES = ("reference", "exact")


class ClickScores(NamedTuple):
    """The scores of one click map against recorded clicks.

    Attributes:
        ks: Kolmogorov-Smirnov agreement in [0, 1], higher is better.
        pl1: Mean L1 distance of pairs in box sides, >= 0, lower is better.
        wd: Wasserstein distance in box diagonals, >= 0, lower is better.
        nss: Normalised scanpath saliency, higher is better.
        pde: Probability of the clicked pixels in [0, 1], higher is better.

    Example:
        >>> import numpy as np
        >>> click_map = np.arange(1200.0).reshape(30, 40)
        >>> scores = click_scores(click_map, x=[10, 20, 30], y=[25, 15, 20], size=(40, 30))
        >>> round(scores.nss, 4), scores._fields
        (0.6365, ('ks', 'pl1', 'wd', 'nss', 'pde'))
    """

    ks: Estimate
    pl1: Estimate
    wd: Estimate
    nss: float
    pde: float


def click_scores(
    click_map: Any,
    x: Any,
    y: Any,
    size: Any,
    resamples: int = CLICK_MAP_RESAMPLES,
    seed: int = SEED,
    mode: str = "reference",
) -> ClickScores:
    """All five click-model metrics of one instance.

    The same values as `ks`, `pl1`, `wd`, `nss` and `pde` with the same seed, from one draw.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        size: (w, h) of the OBJECT's bounding box, pixels, in later rounds too.
        resamples: Sets of n points drawn from the map for KS, PL1 and WD.
        seed: Seed of the draw.
        mode: Item of `MODES`: the paper's draws, or the expectation where it has a closed form.

    Returns:
        The five scores; KS, PL1 and WD with their Monte Carlo standard error.

    Raises:
        ValueError: If the map, the clicks, the box or an option is invalid.

    Example:
        >>> import numpy as np
        >>> uniform = np.ones((40, 60))
        >>> scores = click_scores(uniform, x=[10, 30, 50], y=[10, 20, 30], size=(60, 40))
        >>> scores.ks > 0.9, scores.nss, round(scores.pde * uniform.size, 6)
        (True, 0.0, 1.0)
    """
    distribution = ClickDistribution.of(click_map)
    x, y = check_points(x, y)
    size, mode = check_size(size), _check_mode(mode)
    is_exact = mode == "exact"

    def scores(xs: np.ndarray, ys: np.ndarray) -> tuple[np.ndarray, ...]:
        return (
            ks2d_pvalues(x[None], y[None], xs, ys),
            np.zeros(0) if is_exact else np.asarray(pl1_points(x, y, xs, ys, size)),
            np.asarray(wd_points(x, y, xs, ys, size)),
        )

    p, pl1_of, wd_of = _over_resamples(scores, distribution, x, resamples, seed)
    return ClickScores(
        ks=share_of(p),
        pl1=(
            Estimate(pl1_expected(distribution, x, y, size))
            if is_exact
            else Estimate.of_draws(pl1_of)
        ),
        wd=Estimate.of_draws(wd_of),
        nss=nss_at(distribution, x, y),
        pde=pde_at(distribution, x, y),
    )


def ks(
    click_map: Any,
    x: Any,
    y: Any,
    resamples: int = CLICK_MAP_RESAMPLES,
    seed: int = SEED,
    mode: str = "reference",
) -> Estimate:
    """KS: share of resamples that a 2-D Kolmogorov-Smirnov test cannot distinguish from clicks.

    A resample is n points drawn from the map, n the number of clicks; it counts where the p-value
    of the test is above 0.05.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        resamples: Sets of n points drawn from the map.
        seed: Seed of the draw.
        mode: Item of `MODES`; KS has no closed form, so both give the sampled share.

    Returns:
        A share in [0, 1] with its standard error, higher is better; 0, with a
        `ConstantCoordinateWarning`, where all clicks have the same x or the same y.

    Raises:
        ValueError: If the map, the clicks or an option is invalid.

    Example:
        >>> import numpy as np
        >>> uniform = np.ones((40, 60))
        >>> ks(uniform, x=[1, 2, 1, 2, 3, 2, 1, 3], y=[1, 1, 2, 2, 3, 1, 3, 2])
        0.0
    """
    distribution = ClickDistribution.of(click_map)
    x, y = check_points(x, y)
    _check_mode(mode)
    [p] = _over_resamples(
        lambda xs, ys: (ks2d_pvalues(x[None], y[None], xs, ys),), distribution, x, resamples, seed
    )
    return share_of(p)


def pl1(
    click_map: Any,
    x: Any,
    y: Any,
    size: Any,
    resamples: int = CLICK_MAP_RESAMPLES,
    seed: int = SEED,
    mode: str = "reference",
) -> Estimate:
    """PL1: mean L1 distance of the clicks to points drawn from the map, in box sides.

    The mean of `pl1_points` over the resamples, or its expectation.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        size: (w, h) of the OBJECT's bounding box, pixels, in later rounds too.
        resamples: Sets of n points drawn from the map.
        seed: Seed of the draw.
        mode: Item of `MODES`: mean over the paper's draws, or expectation over the map.

    Returns:
        A number >= 0 with its standard error (0 in exact mode), lower is better.

    Raises:
        ValueError: If the map, the clicks, the box or an option is invalid.

    Example:
        >>> pl1([[1.0, 0.0, 1.0]], x=[0], y=[0], size=(4, 1), mode="exact")
        0.25
    """
    distribution = ClickDistribution.of(click_map)
    x, y = check_points(x, y)
    size = check_size(size)
    if _check_mode(mode) == "exact":
        return Estimate(pl1_expected(distribution, x, y, size))
    [values] = _over_resamples(
        lambda xs, ys: (np.asarray(pl1_points(x, y, xs, ys, size)),),
        distribution,
        x,
        resamples,
        seed,
    )
    return Estimate.of_draws(values)


def wd(
    click_map: Any,
    x: Any,
    y: Any,
    size: Any,
    resamples: int = CLICK_MAP_RESAMPLES,
    seed: int = SEED,
    mode: str = "reference",
) -> Estimate:
    """WD: Wasserstein-1 distance of the clicks to points drawn from the map, in box diagonals.

    The mean of `wd_points` over the resamples.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        size: (w, h) of the OBJECT's bounding box, pixels, in later rounds too.
        resamples: Sets of n points drawn from the map.
        seed: Seed of the draw.
        mode: Item of `MODES`; WD has no closed form, so both give the sampled mean.

    Returns:
        A number >= 0 with its standard error, lower is better.

    Raises:
        ValueError: If the map, the clicks, the box or an option is invalid.

    Example:
        >>> round(wd([[0.0, 0.0, 1.0]], x=[0, 1], y=[0, 0], size=(3, 4)), 9)
        0.3
    """
    distribution = ClickDistribution.of(click_map)
    x, y = check_points(x, y)
    _check_mode(mode)
    [values] = _over_resamples(
        lambda xs, ys: (np.asarray(wd_points(x, y, xs, ys, size)),),
        distribution,
        x,
        resamples,
        seed,
    )
    return Estimate.of_draws(values)


def _check_mode(mode: str) -> str:
    if mode not in MODES:
        raise ValueError(f"mode must be {' or '.join(map(repr, MODES))}, got {mode!r}")
    return mode


def _over_resamples(
    scores: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]],
    distribution: ClickDistribution,
    x: np.ndarray,
    resamples: int,
    seed: int,
) -> tuple[np.ndarray, ...]:
    """Values (R,) of the sets of as many points as clicks; ``scores`` gets float64 (sets, n)."""
    parts = [
        scores(xs.astype(np.float64), ys.astype(np.float64))
        for xs, ys in draw_in_blocks(distribution, x.size, resamples, seed)
    ]
    return tuple(map(np.concatenate, zip(*parts, strict=True)))
