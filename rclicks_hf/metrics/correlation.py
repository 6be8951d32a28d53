"""Rank and linear correlation of metrics over methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy

from rclicks_hf.metrics.validation import as_array, describe

__all__ = ["dataset_correlations", "metric_correlations"]

MIN_METHODS = 3

# Decimals, relative to a column's largest value, that rounding of sums leaves intact.
_DIGITS = 12


def metric_correlations(tables: Sequence[Any], *, pairwise: bool = False) -> np.ndarray:
    """Correlation of metrics over methods, averaged over datasets (paper, correlation figure).

    Args:
        tables: For each dataset the (M, C) values of M methods, M >= 3, in C metrics. M may differ
            between datasets.
        pairwise: Leave out a method with a missing value (NaN) only where its metric is correlated,
            as the paper's code does; False makes every correlation of that metric NaN.

    Returns:
        (C, C) in [0, 1]: absolute value of the mean over datasets, Spearman's correlation below
        the diagonal, Pearson's above it, 1 on it. NaN where a metric is missing or equal for all
        methods of a dataset.

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
    both = np.abs(np.mean([_both(array, pairwise) for array in arrays], axis=0))
    np.fill_diagonal(both, 1.0)
    return both


def dataset_correlations(table: Any) -> np.ndarray:
    """(C, C) signed correlations on one dataset, missing values left out in pairs.

    Args:
        table: (M, C) as in `metric_correlations`.

    Returns:
        Spearman's correlation below and on the diagonal, Pearson's above it; NaN where a metric is
        equal for all methods, or missing for all but one.

    Example:
        >>> nan = float("nan")
        >>> dataset_correlations([[1, 3], [2, 2], [3, nan], [4, 1]]).round(3).tolist()
        [[1.0, -0.982], [-1.0, 1.0]]
    """
    return _both(_numbers(table), pairwise=True)


def _both(values: np.ndarray, pairwise: bool) -> np.ndarray:
    # Not pandas.DataFrame.corr, which is slower (1.3 times) and would be the only use of pandas in
    # this room; scipy.stats.spearmanr is 5 times slower and pearsonr takes one pair at a time.
    if pairwise and np.isnan(values).any():
        return _both_pairwise(values)
    ranks = _ranks(values)
    return np.triu(_pearson(values), 1) + np.tril(_pearson(ranks))


def _both_pairwise(values: np.ndarray) -> np.ndarray:
    found = np.empty((values.shape[1], values.shape[1]))
    for i, j in np.ndindex(found.shape):
        pair = values[:, [i, j]]
        pair = pair[~np.isnan(pair).any(axis=1)]
        if len(pair) < 2:
            found[i, j] = np.nan
        else:
            found[i, j] = _pearson(pair if i < j else _ranks(pair))[0, 1]
    return found


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks in each column; values that differ by rounding alone share one, as equal ones do."""
    largest = np.max(np.abs(values), axis=0, initial=0.0, where=np.isfinite(values))
    scaled = np.round(values / np.where(largest > 0, largest, 1.0), _DIGITS)
    return scipy.stats.rankdata(scaled, axis=0, nan_policy="propagate")


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
