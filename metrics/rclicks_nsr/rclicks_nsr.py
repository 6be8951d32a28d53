"""Noise-to-signal ratio of the IoU over users' first clicks, on `rclicks_hf.metrics.nsr`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksNsr(evaluate_modules.IouMetric):
    """Mean over instances of the IoU's standard deviation over its mean, over users' clicks."""

    metric_name = "nsr"
    inputs = """
Args:
    predictions: Per instance the IoU after the single click of each user, in [0, 1]: a list of
        values, or one such list per segmentation method. The number of users may differ between
        instances.
    per_instance: Option of `compute`; True adds the value of every instance.
Returns:
    A dict: `nsr` in per cent; with `per_instance=True` also `nsr_per_instance`.
"""

    example = """
        >>> import evaluate
        >>> nsr = evaluate.load("rclicks_nsr")
        >>> round(nsr.compute(predictions=[[0.8, 0.8, 0.8], [0.5, 1.0]])["nsr"], 2)
        16.67
    """

    def _compute(self, predictions: Sequence[Any], per_instance: bool = False) -> dict[str, Any]:
        return self.means(metrics.nsr_values(predictions), per_instance)
