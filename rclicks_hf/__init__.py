"""RClicks for the Hugging Face ecosystem.

Real-user clicks for interactive segmentation: the dataset, the metrics, the clickability network
and the benchmark. Everything heavy is imported on first use: ``import rclicks_hf`` is cheap.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Public name -> module that holds it (PEP 562).
_EXPORTS = {
    "RclicksError": "rclicks_hf.errors",
    "Click": "rclicks_hf.data",
    "Instance": "rclicks_hf.data",
    "load_instances": "rclicks_hf.data",
    "ClickabilityConfig": "rclicks_hf.clickability",
    "ClickabilityModel": "rclicks_hf.clickability",
    "ClickabilityImageProcessor": "rclicks_hf.clickability",
    "ClickabilityPipeline": "rclicks_hf.clickability",
    "load_click_model": "rclicks_hf.click_models",
    "load_segmenter": "rclicks_hf.segmenters",
    "Clicker": "rclicks_hf.benchmark",
    "run_benchmark": "rclicks_hf.benchmark",
}

__all__ = ["__version__", *_EXPORTS]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'rclicks_hf' has no attribute {name!r}")
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
