"""Values of a click map at the recorded clicks: NSS and PDE."""

from __future__ import annotations

from typing import Any

import numpy as np

from rclicks_hf.metrics.distribution import EPSILON, ClickDistribution
from rclicks_hf.metrics.validation import check_points

__all__ = ["nss", "pde"]


def nss(click_map: Any, x: Any, y: Any) -> float:
    """NSS: normalised scanpath saliency, the mean z-score of the map at the clicks.

    z = (p - mean p)/(std p + 1e-9) over all pixels, p = map/(sum + 1e-9), population std.

    Args:
        click_map: (H, W), >= 0, not zero everywhere.
        x: (n,) columns of the clicks, pixels; clicks outside the map count at the nearest pixel.
        y: (n,) rows of the clicks.

    Returns:
        A real number; higher is better, 0 is chance. A constant map scores 0.

    Raises:
        ValueError: If the map is not a distribution, or the clicks are missing or not finite.

    Example:
        >>> round(nss([[1.0, 0.0], [0.0, 0.0]], x=[0], y=[0]), 4)
        1.7321
    """
    return nss_at(ClickDistribution.of(click_map), *check_points(x, y))


def nss_at(distribution: ClickDistribution, x: np.ndarray, y: np.ndarray) -> float:
    """`nss` for a checked map and checked clicks."""
    mean, std = distribution.moments()
    at_clicks = float((distribution.at(x, y) - mean).mean())
    return at_clicks / distribution.total / (std / distribution.total + EPSILON)


def pde(click_map: Any, x: Any, y: Any) -> float:
    """PDE: probability density estimate, the mean probability of the clicked pixels.

    The mean of p = map/(sum + 1e-9) at the clicks. It is inversely proportional to the number of
    pixels, so only scores on the same images can be compared.

    Args:
        click_map: (H, W), >= 0, not zero everywhere.
        x: (n,) columns of the clicks, pixels; clicks outside the map count at the nearest pixel.
        y: (n,) rows of the clicks.

    Returns:
        Probability per pixel in [0, 1]; higher is better.

    Raises:
        ValueError: If the map is not a distribution, or the clicks are missing or not finite.

    Example:
        >>> round(pde([[1.0, 1.0], [2.0, 0.0]], x=[0, 0], y=[0, 1]), 6)
        0.375
    """
    return pde_at(ClickDistribution.of(click_map), *check_points(x, y))


def pde_at(distribution: ClickDistribution, x: np.ndarray, y: np.ndarray) -> float:
    """`pde` for a checked map and checked clicks."""
    return float(distribution.at(x, y).mean() / distribution.total)
