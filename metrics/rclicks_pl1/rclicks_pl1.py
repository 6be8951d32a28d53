"""Pairwise L1 distance of click maps and recorded clicks, on `rclicks_hf.metrics.pl1`."""

from __future__ import annotations

from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksPl1(evaluate_modules.SampledClickMetric):
    """Mean L1 distance of recorded clicks to clicks drawn from a map, in box sides."""

    metric_name = "pl1"
    example = """
        >>> import evaluate
        >>> pl1 = evaluate.load("rclicks_pl1", mode="exact")
        >>> clicks = {"x": [0], "y": [0], "width": 4, "height": 1}
        >>> pl1.compute(predictions=[[[1.0, 0.0, 1.0]]], references=[clicks])["pl1"]
        0.25
    """

    def score(self, click_map: Any, clicks: evaluate_modules.RecordedClicks) -> metrics.Estimate:
        draw = (self.resamples, clicks.seed, self.mode)
        return metrics.pl1(click_map, clicks.x, clicks.y, clicks.box_size(), *draw)
