"""Agreement of two masks: IoU and boundary IoU."""

from __future__ import annotations

from typing import Any

import numpy as np

from rclicks_hf.metrics.validation import as_array, describe
from rclicks_hf.support.pixels.mask_values import CODINGS, different_values, mask_values

__all__ = ["boundary", "boundary_iou", "iou"]

UNKNOWN = -1


def iou(mask: Any, prediction: Any, ignore: Any = None) -> float | np.ndarray:
    """Intersection over union of a mask and one or many predictions.

    Args:
        mask: (H, W); bool, or 1 object, 0 background, -1 unknown (the band of GrabCut and
            Berkeley), which does not count; or the files' coding of these, 255, 0 and 128.
        prediction: (H, W), or (..., H, W) for many at once; coded as ``mask``, where unknown is not
            object, or floats (scores), where above 0 is object; probabilities are refused.
        ignore: (H, W) bool, further pixels that do not count; None for none.

    Returns:
        IoU in [0, 1]: a float, or (...) for many predictions. 1.0 where both masks are empty (the
        paper's code has NaN there).

    Raises:
        ValueError: If the shapes do not fit, or a mask holds NaN, no real numbers or values of no
            known coding.

    Example:
        >>> mask = [[1, 1, 0], [0, 0, -1]]
        >>> iou(mask, [[1, 0, 0], [0, 0, 1]])
        0.5
        >>> iou([[255, 255, 0], [0, 0, 128]], [[True, False, False], [False, False, True]])
        0.5
    """
    mask, prediction, keep = _checked(mask, prediction, ignore)
    return _ratio(mask & keep, prediction & keep)


def boundary_iou(
    mask: Any, prediction: Any, ignore: Any = None, *, dilation_ratio: float = 0.02
) -> float | np.ndarray:
    """IoU of the inner boundary bands of a mask and one or many predictions.

    The band holds the pixels of a mask within Chebyshev distance d of its complement, which
    includes all beyond the image; d = max(1, round(dilation_ratio · diagonal)). Unknown pixels are
    removed after the bands are made. Cheng et al., Boundary IoU, CVPR 2021.

    Args:
        mask: (H, W) as in `iou`.
        prediction: (H, W) or (..., H, W) as in `iou`.
        ignore: (H, W) bool, further pixels that do not count; None for none.
        dilation_ratio: Width of the band in image diagonals, > 0.

    Returns:
        Boundary IoU in [0, 1]: a float, or (...) for many predictions. 1.0 where both bands are
        empty (the paper's code has NaN there).

    Raises:
        ValueError: As in `iou`, or if the ratio is not above 0.

    Example:
        >>> solid, hollow = np.ones((3, 3)), np.ones((3, 3))
        >>> hollow[1, 1] = 0
        >>> round(iou(solid, hollow), 2), boundary_iou(solid, hollow)
        (0.89, 1.0)
    """
    mask, prediction, keep = _checked(mask, prediction, ignore)
    return _ratio(
        boundary(mask, dilation_ratio) & keep, boundary(prediction, dilation_ratio) & keep
    )


def boundary(mask: Any, dilation_ratio: float = 0.02) -> np.ndarray:
    """The inner boundary band of masks, as `boundary_iou` compares them.

    Args:
        mask: (..., H, W) bool.
        dilation_ratio: Width of the band in image diagonals, > 0.

    Returns:
        (..., H, W) bool.

    Raises:
        ValueError: If the masks are not bool of two or more axes, or the ratio is not above 0.

    Example:
        >>> boundary(np.ones((3, 4), bool)).astype(int)
        array([[1, 1, 1, 1],
               [1, 0, 0, 1],
               [1, 1, 1, 1]])
    """
    mask = as_array(mask, "mask")
    if mask.ndim < 2 or mask.dtype.kind != "b":
        raise ValueError(f"mask must be a bool array (..., H, W), {describe(mask)}")
    distance = band_width(mask.shape[-2:], dilation_ratio)
    eroded = _erode_rows(mask, distance)
    eroded = _erode_rows(eroded.swapaxes(-1, -2), distance).swapaxes(-1, -2)
    return mask & ~eroded


def band_width(size: tuple[int, ...], dilation_ratio: float) -> int:
    """Width in pixels of the boundary bands of masks of a size (H, W)."""
    if not 0 < dilation_ratio < np.inf:
        raise ValueError(f"dilation_ratio must be above 0, got {dilation_ratio!r}")
    return max(1, round(dilation_ratio * float(np.hypot(size[0], size[1]))))


def _erode_rows(mask: np.ndarray, distance: int) -> np.ndarray:
    """Erosion along the last axis; the window doubles, so the cost is logarithmic in distance."""
    padding = [(0, 0)] * (mask.ndim - 1) + [(distance, distance)]
    window = np.pad(mask, padding)
    width, full = 1, 2 * distance + 1
    while width < full:
        step = min(width, full - width)
        window = window[..., :-step] & window[..., step:]
        width += step
    return window


def _ratio(first: np.ndarray, second: np.ndarray) -> float | np.ndarray:
    intersection = np.count_nonzero(first & second, axis=(-2, -1))
    union = np.count_nonzero(first | second, axis=(-2, -1))
    ratio = np.where(union == 0, 1.0, intersection / np.maximum(union, 1))
    return float(ratio) if ratio.ndim == 0 else ratio


def _checked(mask: Any, prediction: Any, ignore: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Object (H, W), prediction (..., H, W) and counted pixels (H, W), all bool."""
    mask, prediction = _numbers(mask, "mask"), _numbers(prediction, "prediction")
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(f"mask must be a non-empty (H, W) array, {describe(mask)}")
    if prediction.shape[-2:] != mask.shape:
        raise ValueError(
            f"prediction must be (..., H, W) with {mask.shape}, {describe(prediction)}"
        )
    mask = mask_values(mask, "mask")
    keep = mask != UNKNOWN if mask.dtype.kind != "b" else np.ones(mask.shape, bool)
    if ignore is not None:
        ignore = as_array(ignore, "ignore")
        if ignore.shape != mask.shape or ignore.dtype.kind != "b":
            raise ValueError(f"ignore must be a bool array of {mask.shape}, {describe(ignore)}")
        keep &= ~ignore
    if prediction.dtype.kind != "f" or _is_coded(prediction):
        prediction = mask_values(prediction, "prediction")
    elif _are_probabilities(prediction):
        raise ValueError(
            "prediction holds probabilities; give prediction > 0.5, or scores, where above 0 is "
            "object"
        )
    return mask > 0, prediction > 0, keep


def _is_coded(scores: np.ndarray) -> bool:
    """Whether floats are a mask of 255, 128 and 0 rather than scores."""
    object_ = CODINGS[1][0]
    return bool(scores.max(initial=0) == object_ and {*different_values(scores)} <= {*CODINGS[1]})


def _are_probabilities(scores: np.ndarray) -> bool:
    """Whether floats lie in [0, 1], with more than one value above 0."""
    positive = scores[scores > 0]
    if not positive.size or scores.min() < 0 or scores.max() > 1:
        return False
    return bool(positive.min() != positive.max())


def _numbers(mask: Any, name: str) -> np.ndarray:
    """An array of real numbers without NaN, which is neither object nor background."""
    array = as_array(mask, name)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, {describe(array)}")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ValueError(f"{name} holds NaN, {describe(array)}")
    return array
