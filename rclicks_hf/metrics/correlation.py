"""Rank and linear correlation of metrics over methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from rclicks_hf.metrics.validation import as_array, describe

__all__ = ["metric_correlations"]

MIN_METHODS = 3


def metric_correlations(tables: Sequence[Any]) -> np.ndarray:
    """Correlation of metrics over methods, averaged over datasets (paper, correlation figure).

    Args:
        tables: For each dataset the (M, C) values of M methods, M >= 3, in C metrics. M may differ
            between datasets.

    Returns:
        (C, C) in [0, 1]: absolute value of the mean over datasets, Spearman's correlation below
        the diagonal, Pearson's above it, 1 on it. NaN where a metric is missing (NaN) or equal for
        all methods of a dataset.

    Raises:
        ValueError: If there are no tables, or one is not (M, C) with M >= 3 and the C of the first.

    Example:
        >>> metric_correlations([[[1, 2], [2, 3], [3, 10]]]).round(3).tolist()
        [[1.0, 0.918], [1.0, 1.0]]
    """
    if len(tables) == 0:
        raise ValueError("tables holds no datasets")
    arrays = [_numbers(table) for table in tables]
    for array in arrays:
        if array.ndim != 2 or len(array) < MIN_METHODS or array.shape[1] != arrays[0].shape[-1]:
            raise ValueError(f"a table must be (M, C), M >= {MIN_METHODS}, {describe(array)}")
    # Not pandas.DataFrame.corr, which is slower (1.3 times) and would be the only use of pandas in
    # this room; scipy.stats.spearmanr is 5 times slower and pearsonr takes one pair at a time.
    pearson = np.mean([_pearson(array) for array in arrays], axis=0)
    ranks = [rankdata(array, axis=0, nan_policy="propagate") for array in arrays]
    spearman = np.mean([_pearson(array) for array in ranks], axis=0)
    both = np.abs(np.triu(pearson, 1) + np.tril(spearman, -1))
    np.fill_diagonal(both, 1.0)
    return both


def _numbers(table: Any) -> np.ndarray:
    """A table as float64; None is a missing value, as in tables of pandas."""
    array = as_array(table, "a table")
    is_text = array.dtype.kind == "O" and any(isinstance(cell, str) for cell in array.flat)
    if array.dtype.kind not in "fiubO" or is_text:
        raise ValueError(f"a table must hold real numbers, {describe(array)}")
    return array.astype(np.float64)


def _pearson(values: np.ndarray) -> np.ndarray:
    """(C, C) correlation of columns; NaN where a column is constant or has a NaN."""
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.corrcoef(values, rowvar=False).reshape(values.shape[1], values.shape[1])
    # The mean of equal values may be rounded, which would leave a small non-zero spread.
    constant = (values == values[0]).all(axis=0)
    matrix[constant] = matrix[:, constant] = np.nan
    return matrix
