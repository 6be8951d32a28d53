"""ΔGR, clicks of the least likely against the most likely group: `rclicks_hf.metrics.delta_gr`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksDeltaGr(evaluate_modules.GroupIouMetric):
    """Mean over instances of the relative excess of NoC in group G1 over NoC in group G10."""

    metric_name = "delta_gr"
    inputs = """
Args:
    predictions: Per instance a list of the clicking groups' IoU after click 1, 2, ... K: (groups,
        clicks), values in [0, 1], one shape for all instances. The first group makes the least
        likely clicks (G1), the last the most likely (G10).
    threshold: Option of `compute`; the IoU to reach, 0.9 by default.
    max_clicks: Option of `compute`; the clicks that count, 20 by default.
    per_instance: Option of `compute`; True adds the value of every instance.
Returns:
    A dict: `delta_gr` in per cent; with `per_instance=True` also `delta_gr_per_instance`.
"""

    example = """
        >>> import evaluate
        >>> delta_gr = evaluate.load("rclicks_delta_gr")
        >>> delta_gr.compute(predictions=[[[0.5, 0.95], [0.91, 0.95]], [[0.9, 0.9], [0.9, 0.9]]])
        {'delta_gr': 50.0}
    """

    def _compute(
        self,
        predictions: Sequence[Any],
        threshold: float = 0.9,
        max_clicks: int = 20,
        per_instance: bool = False,
    ) -> dict[str, Any]:
        groups = self.groups(predictions)
        return self.means(metrics.delta_gr_values(groups, threshold, max_clicks), per_instance)
