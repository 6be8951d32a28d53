"""A large array of zeros that is used again and again: only what was written is zeroed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

Box = tuple[slice, slice]  # rows and columns

_buffers = threading.local()


@contextmanager
def placed_on_zeros(values: np.ndarray, where: Box, shape: tuple[int, int]) -> Iterator[np.ndarray]:
    """Yield a float32 array of ``shape`` with ``values`` in a box and zeros elsewhere.

    It is lent: it must not be changed, nor used after the block, and blocks do not nest.

    Example:
        >>> with placed_on_zeros(np.ones((1, 2)), (slice(1, 2), slice(0, 2)), (2, 3)) as lent:
        ...     lent.tolist()
        [[0.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
    """
    buffer = getattr(_buffers, "zeros", None)
    if buffer is None or buffer.shape != shape:
        buffer = np.zeros(shape, np.float32)
    _buffers.zeros = None  # an error inside the block must leave no values behind
    buffer[where] = values
    yield buffer
    buffer[where] = 0
    _buffers.zeros = buffer
