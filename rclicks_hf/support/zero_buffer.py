"""A large array of zeros that is used again and again: only what was written is zeroed."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

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
    if buffer is None or len(buffer) != size:
        buffer = np.zeros(size, np.float32)
    _buffers.zeros = None  # an error inside the block must leave no values behind
    shaped = buffer.reshape(shape)
    shaped[where] = values
    yield shaped
    shaped[where] = 0
    _buffers.zeros = buffer
