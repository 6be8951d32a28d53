"""A checked click map with the sums and moments that several metrics share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rclicks_hf.metrics.validation import check_click_map

# The paper's code adds it to the sum and to the standard deviation. On large maps the standard
# deviation of the density is near 1e-6, so it moves NSS in the third digit: part of the score.
EPSILON = 1e-9


@dataclass(frozen=True, eq=False)
class ClickDistribution:
    """A click map as a distribution over pixels.

    ``window`` (h, w) is a view of the smallest box with all mass, at column ``left`` and row
    ``top``; ``total`` is the sum plus 1e-9, the divisor of the paper's density.
    """

    click_map: np.ndarray
    window: np.ndarray
    left: int
    top: int
    total: float

    @classmethod
    def of(cls, click_map: Any, name: str = "click_map") -> ClickDistribution:
        """Check a map (H, W), as `check_click_map` does; its values are kept."""
        click_map = check_click_map(click_map, name)
        top, bottom = _extent(click_map.any(axis=1))
        left, right = _extent(click_map[top:bottom].any(axis=0))
        window = click_map[top:bottom, left:right]
        return cls(click_map, window, left, top, float(window.sum(dtype=np.float64)) + EPSILON)

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Values of the map at points, as float64; points are clipped to the map and truncated."""
        height, width = self.click_map.shape
        columns = np.clip(x, 0, width - 1).astype(np.intp)
        rows = np.clip(y, 0, height - 1).astype(np.intp)
        return self.click_map[rows, columns].astype(np.float64)

    def moments(self) -> tuple[float, float]:
        """Mean and population standard deviation of the map's values over all pixels."""
        size = self.click_map.size
        centred = self.window.astype(np.float64).ravel()
        mean = centred.sum() / size
        centred -= mean
        # Every pixel around the window is 0, so its deviation is the mean itself.
        around = (size - centred.size) * mean**2
        np.square(centred, out=centred)
        return float(mean), float(np.sqrt((centred.sum() + around) / size))

    def marginals(self) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """(columns, their mass) and (rows, their mass), float64; the mass does not sum to 1."""
        height, width = self.window.shape
        columns = np.arange(self.left, self.left + width, dtype=np.float64)
        rows = np.arange(self.top, self.top + height, dtype=np.float64)
        mass_x, mass_y = (self.window.sum(axis=axis, dtype=np.float64) for axis in (0, 1))
        return (columns, mass_x), (rows, mass_y)


def _extent(occupied: Any) -> tuple[int, int]:
    """Index of the first True, and one past the last."""
    at = np.flatnonzero(occupied)
    return int(at[0]), int(at[-1]) + 1
