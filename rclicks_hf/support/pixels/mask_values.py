"""The values of a mask: object, unknown and background, in the codings that are read.

`networks/clickability/` has a link to this file, because a saved network carries its code.
It needs only NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# What a mask may hold for object, unknown and background: itself, in 8 bits, in 16 bits.
CODINGS = ((1, -1, 0), (255, 128, 0), (255 * 257, 128 * 257, 0))
_SHOWN = 4  # values that a message lists


def mask_values(mask: Any, name: str = "mask") -> np.ndarray:
    """A mask array of any shape with 1 object, -1 unknown, 0 background, as bool or int8.

    Read are bool arrays and the values of one row of `CODINGS`.

    Raises:
        ValueError: If the mask holds other values, or 128 (unknown) but no 255 (object).

    Example:
        >>> mask_values(np.array([255, 128, 0], np.uint8))
        array([ 1, -1,  0], dtype=int8)
    """
    mask = np.asarray(mask)
    if mask.dtype.kind == "b":
        return mask
    if mask.dtype.kind not in "iuf":
        raise ValueError(f"{name} has the type {mask.dtype}; a mask holds numbers")
    values = different_values(mask)
    for object_, unknown, background in CODINGS:
        if set(values) <= {object_, unknown, background}:
            if unknown in values and object_ not in values and unknown != -1:
                raise ValueError(
                    f"{name} holds {unknown} but no {object_}: {unknown} is unknown, {object_} "
                    f"object; if {unknown} is your object, give mask == {unknown}"
                )
            return (mask == object_).astype(np.int8) - (mask == unknown).astype(np.int8)
    shown = ", ".join(f"{value:.5g}" for value in values[:_SHOWN])
    more = ", ..." if len(values) > _SHOWN else ""
    raise ValueError(
        f"{name} holds {shown}{more}; a mask holds 1 object, 0 background, -1 unknown, or 255, 0, "
        "128; to take one label, give mask == label"
    )


def different_values(mask: np.ndarray) -> list[Any]:
    """The different values of a mask, ascending."""
    if mask.dtype == np.uint8:
        return np.flatnonzero(np.bincount(mask.ravel(), minlength=256)).tolist()
    if mask.size and mask.dtype.kind == "i" and mask.min() >= -1 and mask.max() <= 1:
        return [-1, 0, 1]
    return np.unique(mask).tolist()
