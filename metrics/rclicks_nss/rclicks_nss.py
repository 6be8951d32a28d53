"""Normalised scanpath saliency of click maps, on `rclicks_hf.metrics.nss`."""

from __future__ import annotations

from typing import Any

from rclicks_hf import evaluate_modules as evaluate_modules
from rclicks_hf import metrics


class RclicksNss(evaluate_modules.ClickMetric):
    """Mean z-score of a click map at the pixels of recorded clicks."""

    metric_name = "nss"
    example = """
        >>> import evaluate
        >>> nss = evaluate.load("rclicks_nss")
        >>> clicks = {"x": [0], "y": [0]}
        >>> result = nss.compute(predictions=[[[1.0, 0.0], [0.0, 0.0]]], references=[clicks])
        >>> round(result["nss"], 4)
        1.7321
    """

    def score(self, click_map: Any, clicks: evaluate_modules.RecordedClicks) -> float:
        return metrics.nss(click_map, clicks.x, clicks.y)
