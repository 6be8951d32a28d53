"""Checks of the arrays that come in; every error names the argument and its shape."""

from __future__ import annotations

from typing import Any

import numpy as np


def describe(array: np.ndarray) -> str:
    """Shape and type of an array, as error messages show it."""
    return f"got shape {array.shape}, dtype {array.dtype}"


def check_click_map(click_map: Any, name: str = "click_map") -> np.ndarray:
    """A click map as a C-contiguous (H, W) array of float32 or float64.

    Single precision stays single: the paper's code normalises float32 maps in float32.

    Raises:
        ValueError: If the map is not 2-D, empty or all zero, or holds NaN, infinite or negative
            values.
    """
    array = np.asarray(click_map)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} must be a non-empty (H, W) array, {describe(array)}")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} must hold real numbers, {describe(array)}")
    array = np.ascontiguousarray(array, array.dtype if array.dtype == np.float32 else np.float64)
    low, high = array.min(), array.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"{name} holds NaN or infinite values, {describe(array)}")
    if low < 0:
        raise ValueError(f"{name} holds negative values (least {low:g}), {describe(array)}")
    if high == 0:
        raise ValueError(f"{name} is zero everywhere, so it is no distribution, {describe(array)}")
    return array


def check_points(
    x: Any, y: Any, names: tuple[str, str] = ("x", "y"), *, max_ndim: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates as float64 arrays of one shape, (n,) or with ``max_ndim=2`` also (R, n).

    Raises:
        ValueError: If they differ in shape, are empty, have another number of dimensions, or hold
            NaN or infinite values.
    """
    x, y = np.asarray(x), np.asarray(y)
    for name, array in zip(names, (x, y), strict=True):
        if array.dtype.kind not in "fiu" and array.size:
            raise ValueError(f"{name} must hold real numbers, {describe(array)}")
        if not 1 <= array.ndim <= max_ndim:
            shape = "(n,)" if max_ndim == 1 else "(n,) or (R, n)"
            raise ValueError(f"{name} must have shape {shape}, {describe(array)}")
        if array.size == 0:
            raise ValueError(f"{name} is empty: at least one click is needed, {describe(array)}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinite values, {describe(array)}")
    if x.shape != y.shape:
        raise ValueError(
            f"{names[0]} and {names[1]} must have one shape, got {x.shape} and {y.shape}"
        )
    return x.astype(np.float64), y.astype(np.float64)


def check_size(size: Any) -> tuple[float, float]:
    """(w, h) of the object's bounding box in pixels.

    Raises:
        ValueError: If it is not two finite numbers above 0.
    """
    array = np.asarray(size)
    if array.shape != (2,) or array.dtype.kind not in "fiu":
        raise ValueError(f"size must be (w, h), {describe(array)}")
    w, h = (float(side) for side in array)
    if not (np.isfinite(array).all() and w > 0 and h > 0):
        raise ValueError(
            f"size must be a bounding box (w, h) with both sides above 0, got {(w, h)}"
        )
    return w, h


def check_count(value: Any, name: str, least: int = 1) -> int:
    """A whole number of at least ``least``.

    Raises:
        ValueError: If it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def check_ious(ious: Any, name: str = "ious", *, ndim: int | None = None) -> np.ndarray:
    """IoU values as a float64 array with clicks on the last axis.

    Args:
        ious: Values in [0, 1].
        name: What the error calls them.
        ndim: The number of axes, None for one or more.

    Raises:
        ValueError: If the array is ragged, empty or of another number of axes, or holds NaN or
            values outside [0, 1].
    """
    try:
        array = np.asarray(ious, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a rectangular array of numbers ({error})") from None
    if array.ndim == 0 or array.size == 0 or (ndim is not None and array.ndim != ndim):
        axes = "one or more axes" if ndim is None else f"{ndim} axes"
        raise ValueError(f"{name} must be a non-empty array of {axes}, {describe(array)}")
    if np.isnan(array).any():
        raise ValueError(f"{name} holds NaN, {describe(array)}")
    if array.min() < 0 or array.max() > 1:
        raise ValueError(
            f"{name} must lie in [0, 1], got [{array.min():g}, {array.max():g}], {describe(array)}"
        )
    return array
