"""Wasserstein distance of click maps and recorded clicks, on `rclicks_hf.metrics.wd`."""

from __future__ import annotations

from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksWd(evaluate_modules.SampledClickMetric):
    """Wasserstein-1 distance of recorded clicks to clicks drawn from a map, in box diagonals."""

    metric_name = "wd"
    example = """
        >>> import evaluate
        >>> wd = evaluate.load("rclicks_wd")
        >>> clicks = {"x": [0, 1], "y": [0, 0], "width": 3, "height": 4}
        >>> round(wd.compute(predictions=[[[0.0, 0.0, 1.0]]], references=[clicks])["wd"], 4)
        0.3
    """

    def score(self, click_map: Any, clicks: evaluate_modules.RecordedClicks) -> metrics.Estimate:
        draw = (self.resamples, clicks.seed, self.mode)
        return metrics.wd(click_map, clicks.x, clicks.y, clicks.box_size(), *draw)
