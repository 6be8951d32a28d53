"""The engine's work per click as it is written down: whole images, nothing prepared or packed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from rclicks_hf.click_models.clickability import ClickabilityClickModel
from rclicks_hf.metrics import boundary_iou, iou


class PlainClickModel(ClickabilityClickModel):
    """The clickability network, which prepares image and masks for every map."""

    def on_image(self, image: np.ndarray) -> None:
        return None


class PlainScorer:
    """Both metrics of whole masks."""

    def __init__(self, mask: np.ndarray, dilation_ratio: float = 0.02):
        self._mask, self._ratio = mask, dilation_ratio

    def __call__(self, predicted: np.ndarray) -> Any:
        ratio = self._ratio
        return iou(self._mask, predicted), boundary_iou(self._mask, predicted, dilation_ratio=ratio)


def plain_distances(mask: np.ndarray) -> np.ndarray:
    """The exact transform of a whole mask; the border is no edge."""
    found = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.sqrt(np.rint(np.square(found, dtype=np.float64))).astype(np.float32)


def plain_draw(
    weights: np.ndarray, group: tuple[float, float], rng: np.random.RandomState
) -> tuple[int, int] | None:
    """One pixel of a clicking group, all pixels sorted and summed, as in the paper's code."""
    ascending = np.sort(weights.ravel())
    total, mass = ascending.sum(), ascending.cumsum()
    if not np.isfinite(total) or total == 0:
        return None
    last = len(ascending) - 1
    first = int(np.searchsorted(mass, total * group[0], side="left"))
    end = min(int(np.searchsorted(mass, total * group[1], side="right")), last)
    # A threshold of 0 would keep every pixel: the smallest value above it keeps the same ones.
    low = max(ascending[min(first, last)], ascending[ascending > 0][0])
    kept = weights * ((weights >= low) & (weights <= ascending[end]))
    place = int(rng.choice(kept.size, p=(kept / kept.sum()).ravel()))
    y, x = np.unravel_index(place, kept.shape)
    return int(x), int(y)
