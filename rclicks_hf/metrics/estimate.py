"""A value that was estimated from random draws, with its standard error."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np


class Estimate(float):
    """A Monte-Carlo estimate: a float, the mean of some draws, that knows its standard error.

    Attributes:
        standard_error: Of the mean over draws; 0 where the value is exact, infinite where one draw
            alone tells nothing of it. A share of 0 or 1 has a standard error of 0 by this plug-in
            formula, though of R draws it still can be off by about 3/R.
        undefined: How many of the draws had no value and counted as 0.

    Args:
        value: The mean.
        standard_error: Of that mean.
        undefined: Draws without a value.

    Example:
        >>> share = Estimate.of_draws([1.0, 0.0, 1.0, 1.0])
        >>> share, share.standard_error, share.undefined
        (0.75, 0.25, 0)
    """

    standard_error: float
    undefined: int

    def __new__(cls, value: float, standard_error: float = 0.0, undefined: int = 0) -> Estimate:
        """Make the float."""
        estimate = super().__new__(cls, value)
        estimate.standard_error = standard_error
        estimate.undefined = undefined
        return estimate

    @classmethod
    def of_draws(cls, values: Any, undefined: int = 0) -> Estimate:
        """The mean of independent draws.

        Args:
            values: (R,) value of each draw.
            undefined: How many of them stand for a value that does not exist.

        Returns:
            The mean, with standard error std / sqrt(R), std the sample standard deviation.
        """
        values = np.asarray(values, np.float64)
        error = float(values.std(ddof=1)) / sqrt(values.size) if values.size > 1 else inf
        return cls(float(values.mean()), error, undefined)
