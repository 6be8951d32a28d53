"""The five metrics of a click model for one instance, singly or in one pass over the map."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rclicks_hf.metrics.density import nss_at, pde_at
from rclicks_hf.metrics.kolmogorov_smirnov import SIGNIFICANCE, ks2d_pvalues
from rclicks_hf.metrics.points import pl1_points, wd_points
from rclicks_hf.metrics.sampling import RESAMPLES, SEED, draw_points
from rclicks_hf.metrics.validation import check_click_map, check_points, check_size


class ClickScores(NamedTuple):
    """The scores of one click map against the clicks of people.

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

    ks: float
    pl1: float
    wd: float
    nss: float
    pde: float


def click_scores(
    click_map: Any, x: Any, y: Any, size: Any, resamples: int = RESAMPLES, seed: int = SEED
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

    Returns:
        The five scores.

    Raises:
        ValueError: If the map is not a distribution, the clicks are missing or not finite, or the
            box is empty.

    Example:
        >>> import numpy as np
        >>> uniform = np.ones((40, 60))
        >>> scores = click_scores(uniform, x=[10, 30, 50], y=[10, 20, 30], size=(60, 40))
        >>> scores.ks > 0.9, scores.nss, round(scores.pde * uniform.size, 6)
        (True, 0.0, 1.0)
    """
    click_map = check_click_map(click_map)
    x, y = check_points(x, y)
    size = check_size(size)
    xs, ys = _resampled(click_map, x, resamples, seed)
    return ClickScores(
        ks=_share(x, y, xs, ys),
        pl1=float(np.mean(pl1_points(x, y, xs, ys, size))),
        wd=float(np.mean(wd_points(x, y, xs, ys, size))),
        nss=nss_at(click_map, x, y),
        pde=pde_at(click_map, x, y),
    )


def ks(click_map: Any, x: Any, y: Any, resamples: int = RESAMPLES, seed: int = SEED) -> float:
    """KS: how often a 2-D Kolmogorov-Smirnov test cannot tell the map's clicks from people's.

    The share of the resamples (n points drawn from the map, n the number of clicks) whose p-value
    against the clicks is above 0.05.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        resamples: Sets of n points drawn from the map.
        seed: Seed of the draw.

    Returns:
        A share in [0, 1]; higher is better. 0 where all clicks share one x or one y, with a
        `ConstantCoordinateWarning`.

    Raises:
        ValueError: If the map is not a distribution, or the clicks are missing or not finite.

    Example:
        >>> import numpy as np
        >>> uniform = np.ones((40, 60))
        >>> ks(uniform, x=[1, 2, 1, 2, 3, 2, 1, 3], y=[1, 1, 2, 2, 3, 1, 3, 2])
        0.0
    """
    click_map = check_click_map(click_map)
    x, y = check_points(x, y)
    return _share(x, y, *_resampled(click_map, x, resamples, seed))


def pl1(
    click_map: Any, x: Any, y: Any, size: Any, resamples: int = RESAMPLES, seed: int = SEED
) -> float:
    """PL1: mean L1 distance of the clicks to points drawn from the map, in box sides.

    The mean of `pl1_points` over the resamples.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        size: (w, h) of the OBJECT's bounding box, pixels, in later rounds too.
        resamples: Sets of n points drawn from the map.
        seed: Seed of the draw.

    Returns:
        A number >= 0; lower is better.

    Raises:
        ValueError: If the map is not a distribution, the clicks are missing or not finite, or the
            box is empty.

    Example:
        >>> pl1([[0.0, 0.0, 1.0]], x=[0, 1], y=[0, 0], size=(3, 1))
        0.5
    """
    click_map = check_click_map(click_map)
    x, y = check_points(x, y)
    return float(np.mean(pl1_points(x, y, *_resampled(click_map, x, resamples, seed), size)))


def wd(
    click_map: Any, x: Any, y: Any, size: Any, resamples: int = RESAMPLES, seed: int = SEED
) -> float:
    """WD: Wasserstein-1 distance of the clicks to points drawn from the map, in box diagonals.

    The mean of `wd_points` over the resamples.

    Args:
        click_map: (H, W), >= 0, any sum above 0.
        x: (n,) columns of the clicks, pixels.
        y: (n,) rows of the clicks.
        size: (w, h) of the OBJECT's bounding box, pixels, in later rounds too.
        resamples: Sets of n points drawn from the map.
        seed: Seed of the draw.

    Returns:
        A number >= 0; lower is better.

    Raises:
        ValueError: If the map is not a distribution, the clicks are missing or not finite, or the
            box is empty.

    Example:
        >>> round(wd([[0.0, 0.0, 1.0]], x=[0, 1], y=[0, 0], size=(3, 4)), 9)
        0.3
    """
    click_map = check_click_map(click_map)
    x, y = check_points(x, y)
    return float(np.mean(wd_points(x, y, *_resampled(click_map, x, resamples, seed), size)))


def _resampled(
    click_map: np.ndarray, x: np.ndarray, resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Drawn points as float64, (R, n) each: as many as there are clicks."""
    xs, ys = draw_points(click_map, x.size, resamples, seed)
    return xs.astype(np.float64), ys.astype(np.float64)


def _share(x: np.ndarray, y: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> float:
    return float(np.mean(ks2d_pvalues(x[None], y[None], xs, ys) > SIGNIFICANCE))
