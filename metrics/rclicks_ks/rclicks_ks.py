"""Kolmogorov-Smirnov agreement of click maps and recorded clicks, on `rclicks_hf.metrics.ks`."""

from __future__ import annotations

from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksKs(evaluate_modules.SampledClickMetric):
    """Share of resamples of a click map that a 2-D KS test cannot tell from recorded clicks."""

    metric_name = "ks"
    example = """
        >>> import evaluate
        >>> import numpy as np
        >>> ks = evaluate.load("rclicks_ks")
        >>> clicks = {"x": [1, 2, 1, 2, 3, 2, 1, 3], "y": [1, 1, 2, 2, 3, 1, 3, 2]}
        >>> ks.compute(predictions=[np.ones((40, 60))], references=[clicks])
        {'ks': 0.0}
    """

    def score(self, click_map: Any, clicks: evaluate_modules.RecordedClicks) -> metrics.Estimate:
        draw = (self.resamples, clicks.seed, self.mode)
        return metrics.ks(click_map, clicks.x, clicks.y, *draw)
