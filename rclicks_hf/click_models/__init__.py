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

__all__ = [
    "CLICK_MODELS",
    "ClickModel",
    "ClickModelInfo",
    "ClickabilityClickModel",
    "DistanceTransformClickModel",
    "UniformClickModel",
    "load_click_model",
]


def __getattr__(name: str) -> Any:
    # The network's room brings torch and transformers: on first use only.
    if name == "ClickabilityClickModel":
        return importlib.import_module(
            "rclicks_hf.click_models.clickability"
        ).ClickabilityClickModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
