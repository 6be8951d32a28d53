"""ΔSB, clicks of sampled users against the baseline clicker, on `rclicks_hf.metrics.delta_sb`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksDeltaSb(evaluate_modules.BaselineIouMetric):
    """Mean over instances of the relative excess of Sample NoC over the baseline's NoC."""

    metric_name = "delta_sb"
    inputs = """
Args:
    predictions: Per instance a list of the clicking groups' IoU after click 1, 2, ... K: (groups,
        clicks), values in [0, 1], one shape for all instances.
    references: Per instance the baseline clicker's IoU after click 1, 2, ... K, with the same
        number of clicks for all instances.
    threshold: Option of `compute`; the IoU to reach, 0.9 by default.
    max_clicks: Option of `compute`; the clicks that count, 20 by default.
    per_instance: Option of `compute`; True adds the value of every instance.
Returns:
    A dict: `delta_sb` in per cent; with `per_instance=True` also `delta_sb_per_instance`.
"""

    example = """
        >>> import evaluate
        >>> delta_sb = evaluate.load("rclicks_delta_sb")
        >>> groups = [[[0.5, 0.95], [0.91, 0.95]]]
        >>> delta_sb.compute(predictions=groups, references=[[0.92, 0.96]])
        {'delta_sb': 50.0}
    """

    def _compute(
        self,
        predictions: Sequence[Any],
        references: Sequence[Any],
        threshold: float = 0.9,
        max_clicks: int = 20,
        per_instance: bool = False,
    ) -> dict[str, Any]:
        groups, baselines = self.groups(predictions), self.baselines(references)
        values = metrics.delta_sb_values(groups, baselines, threshold, max_clicks)
        return self.means(values, per_instance)
