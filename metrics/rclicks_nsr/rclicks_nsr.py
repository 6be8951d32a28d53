"""Noise-to-signal ratio of the IoU over users' first clicks, on `rclicks_hf.metrics.nsr`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksNsr(evaluate_modules.IouMetric):
    """Mean over instances of the IoU's standard deviation over its mean, over users' clicks."""

    metric_name = "nsr"
    inputs = """
Args:
    predictions: For each instance the IoU after the single click of each user, in [0, 1]: a list of
        values, or one such list for each segmentation method. The number of users may differ
        between instances.
    per_instance: Of `compute`; True adds the value of every instance.
Returns:
    A dict: `nsr` in per cent; with `per_instance=True` also `nsr_per_instance`.
"""

    def _compute(self, predictions: Sequence[Any], per_instance: bool = False) -> dict[str, Any]:
        values = metrics.nsr_values(predictions)
        result: dict[str, Any] = {"nsr": float(np.mean(values))}
        if per_instance:
            result["nsr_per_instance"] = values.tolist()
        return result
