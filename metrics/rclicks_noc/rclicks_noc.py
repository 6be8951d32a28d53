"""Number of clicks until the IoU reaches a threshold, on `rclicks_hf.metrics.noc`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksNoc(evaluate_modules.IouMetric):
    """Mean number of clicks of each instance; with clicking groups it is Sample NoC."""

    metric_name = "noc"
    may_stop_early = True
    inputs = """
Args:
    predictions: Per instance the IoU after click 1, 2, ... K, in [0, 1]: a list of K values, or
        one such list per clicking group. Sequences that were stopped early may be shorter.
    threshold: Option of `compute`; the IoU to reach, 0.9 by default.
    max_clicks: Option of `compute`; the clicks that count, and the value where the threshold is
        never reached, 20 by default.
    per_instance: Option of `compute`; True adds the value of every instance.
Returns:
    A dict: `noc`, the mean over instances; `noc_std`, the mean over instances of the standard
    deviation over their groups; `nof`, the number of instances that never reach the threshold
    (mean over the groups); with `per_instance=True` also `noc_per_instance`.
"""

    example = """
        >>> import evaluate
        >>> noc = evaluate.load("rclicks_noc")
        >>> noc.compute(predictions=[[0.7, 0.91, 0.95], [0.5, 0.6, 0.65]], max_clicks=3)
        {'noc': 2.5, 'noc_std': 0.0, 'nof': 1.0}
    """

    def _compute(
        self,
        predictions: Sequence[Any],
        threshold: float = 0.9,
        max_clicks: int = 20,
        per_instance: bool = False,
    ) -> dict[str, Any]:
        clicks = [metrics.noc(ious, threshold, max_clicks) for ious in predictions]
        failed = [metrics.nof([ious], threshold, max_clicks) for ious in predictions]
        result = self.means([float(groups.mean()) for groups in clicks], per_instance)
        spread = {
            "noc_std": float(np.mean([groups.std() for groups in clicks])),
            "nof": float(np.sum([np.mean(groups) for groups in failed])),
        }
        return {"noc": result.pop("noc"), **spread, **result}
