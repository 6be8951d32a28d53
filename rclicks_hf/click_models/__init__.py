"""Click models under one protocol: where in an error region would people click?"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rclicks_hf.click_models.distance_transform import DistanceTransformClickModel
from rclicks_hf.click_models.protocol import ClickModel
from rclicks_hf.click_models.registry import CLICK_MODELS, ClickModelInfo, load_click_model
from rclicks_hf.click_models.uniform import UniformClickModel

if TYPE_CHECKING:
    from rclicks_hf.click_models.clickability import ClickabilityClickModel
    from rclicks_hf.click_models.saliency import SaliencyClickModel

# The networks' rooms bring torch and transformers: on first use only.
_LAZY = {
    "ClickabilityClickModel": "rclicks_hf.click_models.clickability",
    "SaliencyClickModel": "rclicks_hf.click_models.saliency",
}

__all__ = [
    "CLICK_MODELS",
    "ClickModel",
    "ClickModelInfo",
    "ClickabilityClickModel",
    "DistanceTransformClickModel",
    "SaliencyClickModel",
    "UniformClickModel",
    "load_click_model",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
