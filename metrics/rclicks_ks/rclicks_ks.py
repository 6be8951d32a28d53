"""Kolmogorov-Smirnov agreement of click maps and recorded clicks, on `rclicks_hf.metrics.ks`."""

from __future__ import annotations

from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksKs(evaluate_modules.SampledClickMetric):
    """Share of resamples of a click map that a 2-D KS test cannot tell from recorded clicks."""

    metric_name = "ks"

    def score(self, click_map: Any, clicks: evaluate_modules.RecordedClicks) -> metrics.Estimate:
        draw = (self.resamples, clicks.seed, self.mode)
        return metrics.ks(click_map, clicks.x, clicks.y, *draw)
