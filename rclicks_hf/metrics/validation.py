"""Checks of input arrays; every error names the argument and its shape."""

from __future__ import annotations

from typing import Any

import numpy as np

# A power of two whose square is far from overflow.
_LARGE = 300
_SMALL = 2.0**-10  # sums below it are scaled up: the paper's epsilons of 1e-9 would count
MOST_RESAMPLES = 1_000_000  # more would fill the memory and change no digit that counts


def describe(array: np.ndarray) -> str:
    """Shape and type of an array, for the end of an error message."""
    return f"got shape {array.shape}, dtype {array.dtype}"


def as_array(values: Any, name: str) -> np.ndarray:
    """`numpy.asarray` whose errors name the argument; no copy where none is needed.

    Masked values are refused: NumPy would count what lies under the mask.
    """
    if np.ma.is_masked(values) or (
        isinstance(values, list | tuple) and any(map(np.ma.is_masked, values))
    ):
        raise ValueError(f"{name} holds masked values; fill or remove them first")
    try:
        return np.asarray(values)
    except (RuntimeError, TypeError, ValueError) as error:  # torch raises the first two
        raise ValueError(f"{name} must be a rectangular array of numbers ({error})") from None


def check_click_map(click_map: Any, name: str = "click_map") -> np.ndarray:
    """A click map (H, W), >= 0, as a C-contiguous array; float32 stays, all else becomes float64.

    Single precision stays single because the paper's code normalises float32 maps in float32. A map
    with values whose squares would overflow, or whose sum is small, is scaled by a power of two,
    which changes no score.
    """
    array = as_array(click_map, name)
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
        raise ValueError(
            f"{name} is zero everywhere, so it is not a distribution, {describe(array)}"
        )
    with np.errstate(over="ignore"):  # the sum itself only where it might be too large
        if np.isinf(high * array.dtype.type(array.size)) and np.isinf(array.sum()):
            raise ValueError(
                f"{name} has a sum beyond the range of its type, so scale it down, "
                f"{describe(array)}"
            )
    if float(high) > 2.0**_LARGE:
        return np.ldexp(array, _LARGE - np.frexp(high)[1])
    if high < _SMALL and array.sum(dtype=np.float64) < _SMALL:
        return np.ldexp(array, -np.frexp(high)[1])
    return array


def check_aligned(first: Any, second: Any, names: tuple[str, str]) -> None:
    """Refuse two pandas objects whose indexes differ: they would be paired by position."""
    indexes = [one.index for one in (first, second) if hasattr(one, "iloc")]
    if len(indexes) == 2 and not indexes[0].equals(indexes[1]):
        raise ValueError(
            f"{names[0]} and {names[1]} have different indexes; give them in one order, for "
            "example as columns of one table"
        )


def check_points(
    x: Any, y: Any, names: tuple[str, str] = ("x", "y"), *, max_ndim: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates as float64 arrays of one shape: (n,), or with ``max_ndim=2`` also (R, n)."""
    check_aligned(x, y, names)
    x, y = (as_array(values, name) for values, name in zip((x, y), names, strict=True))
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


def check_sets(x1: Any, y1: Any, x2: Any, y2: Any) -> tuple[np.ndarray, ...]:
    """Two point sets, or R pairs of them, as float64 ``x1, y1, x2, y2``, (R, n) or (1, n) each."""
    first = check_points(x1, y1, ("x1", "y1"), max_ndim=2)
    second = check_points(x2, y2, ("x2", "y2"), max_ndim=2)
    rows = tuple(np.atleast_2d(array) for array in (*first, *second))
    counts = {len(rows[0]), len(rows[2])}
    if len(counts) > 1 and 1 not in counts:
        raise ValueError(
            "x1 and x2 must hold equally many sets, or one of them a single set, "
            f"got {rows[0].shape} and {rows[2].shape}"
        )
    return rows


def check_size(size: Any) -> tuple[float, float]:
    """(w, h) of the object's bounding box in pixels, both sides above 0."""
    array = as_array(size, "size")
    if array.shape != (2,) or array.dtype.kind not in "fiu":
        raise ValueError(f"size must be (w, h), {describe(array)}")
    w, h = (float(side) for side in array)
    if not (np.isfinite(array).all() and w > 0 and h > 0):
        raise ValueError(
            f"size must be a bounding box (w, h) with both sides above 0, got {(w, h)}"
        )
    return w, h


def check_resamples(resamples: Any) -> int:
    """A number of resamples, 1 to `MOST_RESAMPLES`."""
    count = check_count(resamples, "resamples")
    if count > MOST_RESAMPLES:
        raise ValueError(f"resamples must be at most {MOST_RESAMPLES:,}, got {count:,}")
    return count


def check_count(value: Any, name: str, least: int = 1) -> int:
    """An integer of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def check_ious(ious: Any, name: str = "ious", *, ndim: int | None = None) -> np.ndarray:
    """IoU values in [0, 1] as a float64 array with clicks on the last axis.

    Half and single precision are read as the decimals of 3 or 6 places that they stand for, if they
    do: an IoU of 0.9 reaches a threshold of 0.9 in every type, also in lists of several types.
    """
    array = as_array(ious, name)
    if array.dtype.kind not in "fiubO":
        raise ValueError(f"{name} must hold real numbers, {describe(array)}")
    try:
        array = _widened(ious, array)
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold real numbers ({error})") from None
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


def check_threshold(value: Any, name: str = "threshold") -> float:
    """An IoU to reach, in (0, 1]; half and single precision are read as in `check_ious`."""
    array = as_array(value, name)
    if array.ndim or array.dtype.kind not in "fiub" or not 0 < array <= 1:
        raise ValueError(f"{name} must lie in (0, 1], got {value!r}")
    return float(_wide(array))


def _widened(values: Any, array: np.ndarray) -> np.ndarray:
    """The array of some values as float64, with the decimals of those in a narrower type."""
    if array.dtype.kind == "O":
        if any(isinstance(value, str | bytes) for value in array.flat):
            raise ValueError("some are text")
        return np.array([_wide(np.asarray(value)) for value in array.flat]).reshape(array.shape)
    if array.dtype == np.float64 and isinstance(values, list | tuple) and _is_mixed(values):
        return np.array([_widened(value, np.asarray(value)) for value in values])
    return _wide(array)


def _wide(array: np.ndarray) -> np.ndarray:
    return _decimals(array) if array.dtype.kind == "f" else array.astype(np.float64)


def _is_mixed(values: Any) -> bool:
    """Whether nested lists hold a value or array that is narrower than float64."""
    if isinstance(values, list | tuple):
        return any(map(_is_mixed, values))
    return not isinstance(values, float | int) and np.asarray(values).dtype.itemsize < 8


def _decimals(array: np.ndarray) -> np.ndarray:
    """Floats as float64; those that are the nearest ones to a short decimal become that decimal."""
    wide = array.astype(np.float64, copy=False)
    if array.dtype.itemsize >= wide.dtype.itemsize:
        return wide
    short = np.round(wide, np.finfo(array.dtype).precision)
    return np.where(short.astype(array.dtype) == array, short, wide)
