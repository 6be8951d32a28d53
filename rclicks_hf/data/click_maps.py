"""Clicks as a dense map, the training target of the clickability network."""

from __future__ import annotations

import math

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

_REFERENCE_DIAGONAL = math.hypot(1920, 1080)  # the screen that sigma refers to


def soften(error_mask: np.ndarray) -> np.ndarray:
    """(H, W) float32 error mask with its border blurred by a few pixels, for `click_map`."""
    _validate_mask(error_mask)
    radius = int(5 * math.hypot(*error_mask.shape) / (500 * math.sqrt(2)))
    return gaussian_filter(error_mask.astype(np.float32), sigma=radius)


def click_map(
    x: np.ndarray,
    y: np.ndarray,
    error_mask: np.ndarray,
    *,
    sigma: float = 5.0,
    softened: np.ndarray | None = None,
) -> np.ndarray:
    """Click map of one instance (RClicks, NeurIPS 2024, section 4).

    The clicks are equal impulses, blurred with a Gaussian of ``sigma`` scaled from a 1920 x 1080
    screen to the image's diagonal, divided by the maximum, and multiplied by the error mask, whose
    border is softened by a few pixels.

    Args:
        x: (n,) integer columns, 0 <= x < W, n >= 1.
        y: (n,) integer rows, 0 <= y < H.
        error_mask: (H, W) bool region to click in.
        sigma: Standard deviation in pixels of a 1920 x 1080 screen; the paper uses 5.
        softened: `soften` of the error mask, to share between several maps; it is most of the work.

    Returns:
        (H, W) float32 in [0, 1]. It is not normalised to sum 1.

    Raises:
        ValueError: If a shape is wrong, there is no click, or one is outside the mask's array.

    Example:
        >>> mask = np.ones((9, 9), bool)
        >>> target = click_map(np.array([4]), np.array([2]), mask)
        >>> np.unravel_index(target.argmax(), target.shape), float(target.max())
        ((np.int64(2), np.int64(4)), 1.0)
    """
    _validate(x, y, error_mask, sigma)
    height, width = error_mask.shape
    diagonal = math.hypot(height, width)
    impulses = np.zeros((height, width), np.float32)
    np.add.at(impulses, (y, x), np.float32(1.0 / len(x)))
    scaled = sigma * diagonal / _REFERENCE_DIAGONAL
    kernel = math.ceil(7 * scaled)
    kernel += 1 - kernel % 2
    blurred = cv2.GaussianBlur(
        impulses, (kernel, kernel), sigmaX=scaled, sigmaY=scaled, borderType=cv2.BORDER_CONSTANT
    )
    softened = soften(error_mask) if softened is None else softened
    return (blurred / blurred.max() * softened).astype(np.float32)


def _validate(x: np.ndarray, y: np.ndarray, error_mask: np.ndarray, sigma: float) -> None:
    _validate_mask(error_mask)
    if x.ndim != 1 or x.shape != y.shape or len(x) == 0:
        raise ValueError(f"x and y must be (n,) with n >= 1, got {x.shape} and {y.shape}")
    height, width = error_mask.shape
    if x.min() < 0 or y.min() < 0 or x.max() >= width or y.max() >= height:
        raise ValueError(f"x, y must be inside the (H, W) {error_mask.shape} of error_mask")
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, got {sigma}")


def _validate_mask(error_mask: np.ndarray) -> None:
    if error_mask.ndim != 2 or error_mask.dtype != bool:
        raise ValueError(
            f"error_mask must be (H, W) bool, got {error_mask.dtype} {error_mask.shape}"
        )
