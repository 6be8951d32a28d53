"""A large array of zeros that is used again and again: only what was written is zeroed."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np

Box = tuple[slice, slice]  # rows and columns

_buffers = threading.local()


@contextmanager
def placed_on_zeros(
    values: np.ndarray, where: Box | slice | np.ndarray, shape: tuple[int, ...]
) -> Iterator[np.ndarray]:
    """Yield a float32 array of ``shape`` with ``values`` at an index and zeros elsewhere.

    It is lent: it must not be changed, nor used after the block, and blocks do not nest.

    Example:
        >>> with placed_on_zeros(np.ones((1, 2)), (slice(1, 2), slice(0, 2)), (2, 3)) as lent:
        ...     lent.tolist()
        [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    """
    buffer, size = getattr(_buffers, "zeros", None), math.prod(shape)
    if buffer is None or len(buffer) < size:
        buffer = np.zeros(size, np.float32)
    _buffers.zeros = None  # an error inside the block must leave no values behind
    shaped = buffer[:size].reshape(shape)
    shaped[where] = values
    yield shaped
    shaped[where] = 0
    _buffers.zeros = buffer


def sum_on_zeros(values: np.ndarray, places: np.ndarray | slice, size: int) -> np.float32:
    """The sum of ``size`` numbers, zeros but for float32 values at ascending places, as by NumPy.

    NumPy adds halves, so the zeros decide which values are added first, and so the last bit; but a
    half of zeros need not be added.

    Example:
        >>> float(sum_on_zeros(np.ones(2, np.float32), np.array([400, 700]), 1000))
        2.0
    """
    first, last = (
        (places.start, places.stop - 1) if isinstance(places, slice) else (places[0], places[-1])
    )
    low, count = _half_that_holds(int(first), int(last), size)
    moved = slice(first - low, last + 1 - low) if isinstance(places, slice) else places - low
    with placed_on_zeros(values, moved, (count,)) as whole:
        total: np.float32 = whole.sum()
    return total


def _half_that_holds(first: int, last: int, size: int) -> tuple[int, int]:
    """(start, length) of the smallest part of NumPy's sum that holds both places."""
    low = 0
    while size > 128 and _adds_halves():
        half = size // 2 - size // 2 % 8
        if last < low + half:
            size = half
        elif first >= low + half:
            low, size = low + half, size - half
        else:
            break
    return low, size


@cache
def _adds_halves() -> bool:
    """Whether this NumPy adds numbers as `_half_that_holds` takes it to."""
    values = np.random.RandomState(0).random_sample(100_003).astype(np.float32)

    def added(start: int, count: int) -> np.float32:
        if count <= 128:
            return values[start : start + count].sum()
        half = count // 2 - count // 2 % 8
        return added(start, half) + added(start + half, count - half)

    return bool(added(0, len(values)) == values.sum())
