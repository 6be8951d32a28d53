"""Probability of the clicked pixels under click maps, on `rclicks_hf.metrics.pde`."""

from __future__ import annotations

from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksPde(evaluate_modules.ClickMetric):
    """Mean probability that a click map gives to the pixels of recorded clicks."""

    metric_name = "pde"
    example = """
        >>> import evaluate
        >>> pde = evaluate.load("rclicks_pde")
        >>> clicks = {"x": [0, 0], "y": [0, 1]}
        >>> result = pde.compute(predictions=[[[1.0, 1.0], [2.0, 0.0]]], references=[clicks])
        >>> round(result["pde"], 4)
        0.375
    """

    def score(self, click_map: Any, clicks: evaluate_modules.RecordedClicks) -> float:
        return metrics.pde(click_map, clicks.x, clicks.y)
