"""The five metrics of a click model for one instance, singly or in one pass over the map."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rclicks_hf.metrics.density import nss_at, pde_at
from rclicks_hf.metrics.distribution import ClickDistribution
from rclicks_hf.metrics.estimate import Estimate
from rclicks_hf.metrics.kolmogorov_smirnov import ks_share
from rclicks_hf.metrics.points import pl1_expected, pl1_points, wd_points
from rclicks_hf.metrics.sampling import RESAMPLES, SEED, draw_points
from rclicks_hf.metrics.validation import check_points, check_size

#: How a score is taken over the map: from random draws as in the paper's code, or, where it exists
#: in closed form (PL1; NSS and PDE always), as the expectation that these draws tend to.
MODES = ("reference", "exact")


class ClickScores(NamedTuple):
    """The scores of one click map against the clicks of people.

    KS, PL1 and WD are `Estimate`: floats that carry their Monte-Carlo standard error.

    Attributes:
        ks: Kolmogorov-Smirnov agreement in [0, 1], up is better.
        pl1: Mean L1 distance of pairs in box sides, >= 0, down is better.
        wd: Wasserstein distance in box diagonals, >= 0, down is better.
        nss: Normalised scanpath saliency, up is better.
        pde: Probability of the clicked pixels in [0, 1], up is better.

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
    resamples: int = RESAMPLES,
    seed: int = SEED,
    mode: str = "reference",
) -> ClickScores:
    """All five click-model metrics of one instance.

    The same values as `ks`, `pl1`, `wd`, `nss` and `pde` with the same seed, at the cost of one
    check and one draw instead of five and three.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        size: (w, h) of the OBJECT's bounding box, pixels, in later rounds too.
        resamples: Sets of n points drawn from the map for KS, PL1 and WD.
        seed: Seed of the draw.
        mode: ``"reference"`` for the paper's draws, ``"exact"`` for the expectation where it exists
            in closed form (PL1). KS and WD have none: they stay as drawn.

    Returns:
        The five scores.

    Raises:
        ValueError: If the map is not a distribution, the clicks are missing or not finite, the box
            is empty, or an option is out of range.

    Example:
        >>> import numpy as np
        >>> uniform = np.ones((40, 60))
        >>> scores = click_scores(uniform, x=[10, 30, 50], y=[10, 20, 30], size=(60, 40))
        >>> scores.ks > 0.9, scores.nss, round(scores.pde * uniform.size, 6)
        (True, 0.0, 1.0)
        >>> scores.pl1.standard_error > 0
        True
    """
    distribution = ClickDistribution.of(click_map)
    x, y = check_points(x, y)
    size, mode = check_size(size), _check_mode(mode)
    xs, ys = _resampled(distribution, x, resamples, seed)
    return ClickScores(
        ks=ks_share(x[None], y[None], xs, ys),
        pl1=(
            Estimate(pl1_expected(distribution, x, y, size))
            if mode == "exact"
            else Estimate.of_draws(pl1_points(x, y, xs, ys, size))
        ),
        wd=Estimate.of_draws(wd_points(x, y, xs, ys, size)),
        nss=nss_at(distribution, x, y),
        pde=pde_at(distribution, x, y),
    )


def ks(
    click_map: Any,
    x: Any,
    y: Any,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    mode: str = "reference",
) -> Estimate:
    """KS: how often a 2-D Kolmogorov-Smirnov test cannot tell the map's clicks from people's.

    The share of the resamples (n points drawn from the map, n the number of clicks) whose p-value
    against the clicks is above 0.05.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        resamples: Sets of n points drawn from the map.
        seed: Seed of the draw.
        mode: Item of `MODES`. KS has no closed form: both give the sampled share, with its standard
            error.

    Returns:
        A share in [0, 1] with its standard error; higher is better. 0 where all clicks share one x
        or one y, with a `ConstantCoordinateWarning`.

    Raises:
        ValueError: If the map is not a distribution, the clicks are missing or not finite, or an
            option is out of range.

    Example:
        >>> import numpy as np
        >>> uniform = np.ones((40, 60))
        >>> ks(uniform, x=[1, 2, 1, 2, 3, 2, 1, 3], y=[1, 1, 2, 2, 3, 1, 3, 2])
        0.0
    """
    distribution = ClickDistribution.of(click_map)
    x, y = check_points(x, y)
    _check_mode(mode)
    return ks_share(x[None], y[None], *_resampled(distribution, x, resamples, seed))


def pl1(
    click_map: Any,
    x: Any,
    y: Any,
    size: Any,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    mode: str = "reference",
) -> Estimate:
    """PL1: mean L1 distance of the clicks to points drawn from the map, in box sides.

    The mean of `pl1_points` over the resamples, or what it tends to with ever more of them.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        size: (w, h) of the OBJECT's bounding box, pixels, in later rounds too.
        resamples: Sets of n points drawn from the map.
        seed: Seed of the draw.
        mode: ``"reference"`` for the mean over the paper's draws, ``"exact"`` for the expectation
            over the map, which needs no draw.

    Returns:
        A number >= 0 with its standard error, 0 in exact mode; lower is better.

    Raises:
        ValueError: If the map is not a distribution, the clicks are missing or not finite, the box
            is empty, or an option is out of range.

    Example:
        >>> pl1([[0.0, 0.0, 1.0]], x=[0, 1], y=[0, 0], size=(3, 1))
        0.5
        >>> pl1([[1.0, 0.0, 1.0]], x=[0], y=[0], size=(4, 1), mode="exact")
        0.25
    """
    distribution = ClickDistribution.of(click_map)
    x, y = check_points(x, y)
    size = check_size(size)
    if _check_mode(mode) == "exact":
        return Estimate(pl1_expected(distribution, x, y, size))
    drawn = _resampled(distribution, x, resamples, seed)
    return Estimate.of_draws(pl1_points(x, y, *drawn, size))


def wd(
    click_map: Any,
    x: Any,
    y: Any,
    size: Any,
    resamples: int = RESAMPLES,
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
        mode: Item of `MODES`. WD has no closed form: both give the sampled mean, with its standard
            error.

    Returns:
        A number >= 0 with its standard error; lower is better.

    Raises:
        ValueError: If the map is not a distribution, the clicks are missing or not finite, the box
            is empty, or an option is out of range.

    Example:
        >>> round(wd([[0.0, 0.0, 1.0]], x=[0, 1], y=[0, 0], size=(3, 4)), 9)
        0.3
    """
    distribution = ClickDistribution.of(click_map)
    x, y = check_points(x, y)
    _check_mode(mode)
    drawn = _resampled(distribution, x, resamples, seed)
    return Estimate.of_draws(wd_points(x, y, *drawn, size))


def _check_mode(mode: str) -> str:
    if mode not in MODES:
        raise ValueError(f"mode must be {' or '.join(map(repr, MODES))}, got {mode!r}")
    return mode


def _resampled(
    distribution: ClickDistribution, x: np.ndarray, resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Drawn points as float64, (R, n) each: as many as there are clicks."""
    xs, ys = draw_points(distribution, x.size, resamples, seed)
    return xs.astype(np.float64), ys.astype(np.float64)
