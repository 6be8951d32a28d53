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
    found = np.zeros(mask.shape, np.float32)
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask, bool).view(np.uint8))
    if not width:
        return found
    # The nearest outside pixel is in the box or in the ring of zeros around it. Where the box
    # touches the image's border there is no such ring, unless all beyond it is outside.
    box = np.s_[y : y + height, x : x + width]
    ring = np.ones(4, int)
    if not border_is_outside:
        right, bottom = mask.shape[1] - x - width, mask.shape[0] - y - height
        ring = np.minimum([y, bottom, x, right], 1)
        if not ring.any() and mask.all():
            raise ValueError(f"mask {mask.shape} is all true: no pixel is outside to measure from")
    padded = np.pad(mask[box].astype(np.uint8), ring.reshape(2, 2))
    distances = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inside = distances[ring[0] :, ring[2] :][:height, :width]
    found[box] = np.sqrt(squared_distances(inside))
    return found
