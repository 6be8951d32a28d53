"""Probability of the clicked pixels under click maps, on `rclicks_hf.metrics.pde`."""

from __future__ import annotations

from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksPde(evaluate_modules.ClickMetric):
    """Mean probability that a click map gives to the pixels of recorded clicks."""

    metric_name = "pde"

    def score(self, click_map: Any, clicks: evaluate_modules.RecordedClicks) -> float:
        return metrics.pde(click_map, clicks.x, clicks.y)
