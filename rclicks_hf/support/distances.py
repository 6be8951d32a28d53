"""Exact distance transforms that are reproducible bit for bit.

The last bits of OpenCV's exact transform differ within an image, and between calls on the same
input (with its alignment in memory). Ties and quantiles of a click map need equal distances to be
equal. Squared pixel distances are whole numbers, so rounding them makes the transform exact.
"""

from __future__ import annotations

import cv2
import numpy as np


def squared_distances(distances: np.ndarray) -> np.ndarray:
    """Squares of Euclidean pixel distances, as exact whole numbers in float64."""
    return np.rint(np.square(distances, dtype=np.float64))


def distance_transform(mask: np.ndarray, *, border_is_outside: bool = False) -> np.ndarray:
    """Euclidean distance of each pixel of a mask to the nearest pixel outside it.

    ``mask`` is (H, W) bool, the result (H, W) float32 in pixels, 0 outside the mask. With
    ``border_is_outside`` everything beyond the image counts as outside; without, a mask that is
    true everywhere is a ValueError.

    Example:
        >>> distance_transform(np.array([[False, True, True, True]])).tolist()
        [[0.0, 1.0, 2.0, 3.0]]
    """
    if not border_is_outside and mask.all():
        raise ValueError(f"mask {mask.shape} is all true: no pixel is outside to measure from")
    frame = int(border_is_outside)
    padded = np.pad(mask, frame).astype(np.uint8)
    distances = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    height, width = mask.shape
    inside = distances[frame : frame + height, frame : frame + width]
    return np.sqrt(squared_distances(inside)).astype(np.float32)
