"""IoU and boundary IoU of many predictions of one object, on masks of one bit per pixel."""

from __future__ import annotations

import sys

import numpy as np

from rclicks_hf.metrics.masks import UNKNOWN, band_width
from rclicks_hf.support.pixels.mask_values import mask_values

_WORD = 64


class ObjectScorer:
    """Scores predictions of one object, as `iou` and `boundary_iou` to the last bit.

    What depends on the object alone is computed once, predictions are counted in bits, and their
    bands are only made within their bounding boxes.

    Args:
        mask: (H, W) as in `iou`.
        dilation_ratio: As in `boundary_iou`.

    Example:
        >>> scorer = ObjectScorer(np.array([[1, 1, 0], [0, 0, -1]]))
        >>> scorer(np.array([[True, False, False], [False, False, True]]))
        (0.5, 0.5)
    """

    def __init__(self, mask: np.ndarray, dilation_ratio: float = 0.02):
        values = mask_values(mask)
        self._shape = values.shape
        self._width = band_width(values.shape, dilation_ratio)
        self._keep = None if values.dtype.kind == "b" else _packed(values != UNKNOWN)
        self._object = _packed(values > 0)
        self._band = self._kept(_band(self._object, self._width))
        self._object = self._kept(self._object)

    def __call__(self, predicted: np.ndarray) -> tuple[float, float]:
        """(IoU, boundary IoU) of an (H, W) bool mask; another size or type is a ValueError."""
        if predicted.shape != self._shape or predicted.dtype.kind != "b":
            raise ValueError(
                f"predicted must be bool of {self._shape}, got {predicted.shape} {predicted.dtype}"
            )
        packed = _packed(predicted)
        return (
            _ratio(self._object, self._kept(packed)),
            _ratio(self._band, self._kept(_band(packed, self._width))),
        )

    def _kept(self, packed: np.ndarray) -> np.ndarray:
        return packed if self._keep is None else packed & self._keep


def _packed(mask: np.ndarray) -> np.ndarray:
    """(H, W) bool to (H, ceil(W / 64)) words; pixel 64·i + j is bit j of word i."""
    height, width = mask.shape
    words = -(-width // _WORD)
    if width % _WORD:
        octets = np.zeros((height, words * 8), np.uint8)
        octets[:, : -(-width // 8)] = np.packbits(mask, axis=1, bitorder="little")
    else:
        octets = np.packbits(mask, axis=1, bitorder="little")
    packed = octets.view(np.uint64)
    return packed if sys.byteorder == "little" else packed.byteswap()


def _band(mask: np.ndarray, distance: int) -> np.ndarray:
    """The pixels of a packed mask within a Chebyshev distance of its complement."""
    rows = np.flatnonzero(mask.any(axis=1))
    band = np.zeros_like(mask)
    if rows.size:
        columns = np.flatnonzero(mask.any(axis=0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        band[box] = mask[box] & ~_eroded(mask[box], distance)
    return band


def _eroded(mask: np.ndarray, distance: int) -> np.ndarray:
    """Erosion by a square; the window doubles, so the cost is logarithmic in the distance."""
    full, height = 2 * distance + 1, len(mask)
    eroded = np.zeros_like(mask)
    if height < full:
        return eroded
    window, width = mask, 1
    while width < full:
        step = min(width, full - width)
        window = window[:-step] & window[step:]
        width += step
    width = 1
    while width < full:
        step = min(width, full - width)
        window = window & _from_right(window, step)
        width += step
    eroded[distance : height - distance] = _from_left(window, distance)
    return eroded


def _from_right(mask: np.ndarray, step: int) -> np.ndarray:
    """The mask moved to the left, zeros coming in."""
    words, bits = divmod(step, _WORD)
    moved = np.zeros_like(mask)
    count = mask.shape[1] - words
    if count > 0:
        np.right_shift(mask[:, words:], np.uint64(bits), out=moved[:, :count])
    if count > 1 and bits:
        moved[:, : count - 1] |= mask[:, words + 1 :] << np.uint64(_WORD - bits)
    return moved


def _from_left(mask: np.ndarray, step: int) -> np.ndarray:
    """The mask moved to the right, zeros coming in."""
    words, bits = divmod(step, _WORD)
    moved = np.zeros_like(mask)
    count = mask.shape[1] - words
    if count > 0:
        np.left_shift(mask[:, :count], np.uint64(bits), out=moved[:, words:])
    if count > 1 and bits:
        moved[:, words + 1 :] |= mask[:, : count - 1] >> np.uint64(_WORD - bits)
    return moved


def _ratio(first: np.ndarray, second: np.ndarray) -> float:
    union = int(np.bitwise_count(first | second).sum())
    return int(np.bitwise_count(first & second).sum()) / union if union else 1.0
