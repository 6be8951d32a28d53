"""Rows of different lengths as one array, so that thousands of instances need no Python loop."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import overload

import numpy as np
import pyarrow as pa


class Ragged(Sequence[np.ndarray]):
    """N rows as views of one flat array, in any order and place.

    Args:
        values: Flat array that holds all rows, and maybe more.
        starts: (N,) place of each row's first value.
        lengths: (N,) number of values of each row; may be 0.

    Example:
        >>> rows = Ragged(np.array([0.5, 0.7, 1.0]), np.array([1, 0]), np.array([2, 1]))
        >>> rows[0].tolist(), rows.flat.tolist(), len(rows)
        ([0.7, 1.0], [0.7, 1.0, 0.5], 2)
    """

    def __init__(self, values: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> None:
        self._values, self._starts, self.lengths = values, starts, lengths

    @classmethod
    def of(cls, rows: Sequence[np.ndarray]) -> Ragged:
        """Rows given one by one."""
        if isinstance(rows, Ragged):
            return rows
        arrays = [np.asarray(row, np.float64) for row in rows]
        lengths = np.array([len(row) for row in arrays], np.int64)
        flat = np.concatenate(arrays) if arrays else np.zeros(0)
        return cls(flat, np.cumsum(lengths) - lengths, lengths)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...

    @overload
    def __getitem__(self, index: slice) -> Ragged: ...

    def __getitem__(self, index: int | slice) -> np.ndarray | Ragged:
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        start = self._starts[index]
        return self._values[start : start + self.lengths[index]]

    def __len__(self) -> int:
        return len(self._starts)

    def take(self, places: np.ndarray) -> Ragged:
        """The rows at ``places``, in that order."""
        return Ragged(self._values, self._starts[places], self.lengths[places])

    @property
    def flat(self) -> np.ndarray:
        """All values, row after row."""
        first = np.cumsum(self.lengths) - self.lengths
        return self._values[
            np.repeat(self._starts - first, self.lengths) + np.arange(self.lengths.sum())
        ]

    @property
    def matrix(self) -> np.ndarray:
        """(N, K) copy of rows that all have K values."""
        clicks = int(self.lengths[0]) if len(self) else 0
        return self._values[self._starts[:, None] + np.arange(clicks)]

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """(N,) mean and population standard deviation of each row, NaN for an empty one."""
        mean, std = np.full((2, len(self)), np.nan)
        full = self.lengths > 0
        if full.any():
            flat, counts = self.flat, self.lengths[full]
            firsts = np.cumsum(counts) - counts
            mean[full] = np.add.reduceat(flat, firsts) / counts
            deviations = flat - np.repeat(mean[full], counts)
            std[full] = np.sqrt(np.add.reduceat(deviations**2, firsts) / counts)
        return mean, std


class ListColumn:
    """A list column of Arrow, whose rows are taken without a copy."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        chunks = [chunk for chunk in column.chunks if len(chunk)]
        self._values = [chunk.values.to_numpy(zero_copy_only=False) for chunk in chunks]
        self._offsets = [chunk.offsets.to_numpy() for chunk in chunks]
        self._firsts = np.array([0, *accumulate(map(len, chunks))])

    def take(self, rows: np.ndarray) -> Ragged:
        """The lists of some rows; they are copied only where they lie in several chunks."""
        chunks = np.searchsorted(self._firsts, rows, side="right") - 1
        if len(rows) and (chunks == chunks[0]).all():
            return self._of_chunk(int(chunks[0]), rows)
        values, starts = [np.zeros(0)], np.zeros(len(rows), np.int64)
        lengths, filled = np.zeros(len(rows), np.int64), 0
        for chunk in np.unique(chunks):
            found = self._of_chunk(int(chunk), rows[chunks == chunk])
            lengths[chunks == chunk] = found.lengths
            starts[chunks == chunk] = filled + np.cumsum(found.lengths) - found.lengths
            values.append(found.flat)
            filled += len(values[-1])
        return Ragged(np.concatenate(values), starts, lengths)

    def _of_chunk(self, chunk: int, rows: np.ndarray) -> Ragged:
        offsets, places = self._offsets[chunk], rows - self._firsts[chunk]
        starts = offsets[places].astype(np.int64)
        return Ragged(self._values[chunk], starts, offsets[places + 1] - starts)
