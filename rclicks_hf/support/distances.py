"""Exact distance transforms that repeat bit for bit.

OpenCV's exact transform gives square roots whose last bits differ from place to place, and for one
and the same input from call to call (with its alignment in memory). Where equal distances have to
be equal, as in ties and quantiles of a click map, that will not do. Squared distances between
pixels are whole numbers, so rounding them makes the transform exact.
"""

from __future__ import annotations

import cv2
import numpy as np


def squared_distances(distances: np.ndarray) -> np.ndarray:
    """The whole numbers that pixel distances are the square roots of.

    Args:
        distances: Any shape, Euclidean distances between pixels, to within float32's precision.

    Returns:
        The same shape, float64 whole numbers.

    Example:
        >>> squared_distances(np.sqrt(np.array([2, 5, 9], np.float32))).tolist()
        [2.0, 5.0, 9.0]
    """
    return np.rint(np.square(distances, dtype=np.float64))


def distance_transform(mask: np.ndarray, *, border_is_outside: bool = False) -> np.ndarray:
    """Euclidean distance of every pixel of a mask to the nearest pixel outside it.

    Args:
        mask: (H, W) bool.
        border_is_outside: Count what lies beyond the image as outside the mask.

    Returns:
        (H, W) float32, pixels, 0 outside the mask.

    Raises:
        ValueError: If the mask is all true, so that nothing is outside, and neither is the border.

    Example:
        >>> mask = np.zeros((3, 5), bool)
        >>> mask[:, 1:] = True
        >>> distance_transform(mask)[1].tolist()
        [0.0, 1.0, 2.0, 3.0, 4.0]
        >>> distance_transform(mask, border_is_outside=True)[1].tolist()
        [0.0, 1.0, 2.0, 2.0, 1.0]
    """
    if not border_is_outside and mask.all():
        raise ValueError(f"mask {mask.shape} is all true: no pixel is outside to measure from")
    frame = int(border_is_outside)
    padded = np.pad(mask, frame).astype(np.uint8)
    distances = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    height, width = mask.shape
    inside = distances[frame : frame + height, frame : frame + width]
    return np.sqrt(squared_distances(inside)).astype(np.float32)
