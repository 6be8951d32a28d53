"""Probability of the clicked pixels under click maps, on `rclicks_hf.metrics.pde`."""

from __future__ import annotations

from typing import Any

from rclicks_hf import metrics, metrics_modules


class RclicksPde(metrics_modules.ClickMetric):
    """Mean probability that a click map gives to the pixels where people clicked."""

    metric_name = "pde"

    def score(self, click_map: Any, clicks: metrics_modules.RecordedClicks) -> float:
        return metrics.pde(click_map, clicks.x, clicks.y)
