"""Clicks of the least likely against the most likely group, on `rclicks_hf.metrics.delta_gr`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksDeltaGr(evaluate_modules.GroupIouMetric):
    """Mean over instances of the relative excess of NoC in group G1 over NoC in group G10."""

    metric_name = "delta_gr"
    inputs = """
Args:
    predictions: For each instance a list of the clicking groups' IoU after click 1, 2, ... K:
        (groups, clicks), values in [0, 1], one shape for all instances. The first group clicks
        where people are least likely to (G1), the last where they are most likely to (G10).
    threshold: Of `compute`; the IoU to reach, 0.9 by default.
    max_clicks: Of `compute`; the clicks that count, 20 by default.
    per_instance: Of `compute`; True adds the value of every instance.
Returns:
    A dict: `delta_gr` in per cent; with `per_instance=True` also `delta_gr_per_instance`.
"""

    def _compute(
        self,
        predictions: Sequence[Any],
        threshold: float = 0.9,
        max_clicks: int = 20,
        per_instance: bool = False,
    ) -> dict[str, Any]:
        values = metrics.delta_gr_values(self.groups(predictions), threshold, max_clicks)
        result: dict[str, Any] = {"delta_gr": float(np.mean(values))}
        if per_instance:
            result["delta_gr_per_instance"] = values.tolist()
        return result
