"""The clickability network in the file style of transformers' models, and its registration."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from transformers import AutoConfig, AutoImageProcessor, AutoModel
from transformers.pipelines import PIPELINE_REGISTRY

from rclicks_hf.clickability.configuration_clickability import PRESETS, ClickabilityConfig
from rclicks_hf.clickability.image_processing_clickability import ClickabilityImageProcessor
from rclicks_hf.clickability.modeling_clickability import ClickabilityModel, ClickabilityOutput
from rclicks_hf.clickability.pipeline_clickability import ClickabilityPipeline

if TYPE_CHECKING:
    from rclicks_hf.clickability.click_drawing import draw_clicks
    from rclicks_hf.clickability.click_simulator import ClickSimulator
    from rclicks_hf.clickability.convert_clickability import convert_checkpoint
    from rclicks_hf.clickability.training_clickability import train
    from rclicks_hf.clickability.training_result import TrainResult

# What only conversion, simulation and training need is imported on first use.
_LAZY = {
    "ClickSimulator": "rclicks_hf.clickability.click_simulator",
    "draw_clicks": "rclicks_hf.clickability.click_drawing",
    "convert_checkpoint": "rclicks_hf.clickability.convert_clickability",
    "TrainResult": "rclicks_hf.clickability.training_result",
    "train": "rclicks_hf.clickability.training_clickability",
}

__all__ = [
    "PRESETS",
    "ClickSimulator",
    "ClickabilityConfig",
    "ClickabilityImageProcessor",
    "ClickabilityModel",
    "ClickabilityOutput",
    "ClickabilityPipeline",
    "TrainResult",
    "convert_checkpoint",
    "draw_clicks",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)


def _register() -> None:
    """Make the classes known to the Auto classes, to `pipeline` and to `save_pretrained`."""
    model_type = ClickabilityConfig.model_type
    AutoConfig.register(model_type, ClickabilityConfig, exist_ok=True)
    AutoModel.register(ClickabilityConfig, ClickabilityModel, exist_ok=True)
    AutoImageProcessor.register(
        ClickabilityConfig,
        image_processor_classes={"pil": ClickabilityImageProcessor},
        exist_ok=True,
    )
    # A saved model carries its code: it loads with trust_remote_code where this package is absent.
    ClickabilityConfig.register_for_auto_class()
    ClickabilityModel.register_for_auto_class("AutoModel")
    ClickabilityImageProcessor.register_for_auto_class()
    if "click-prediction" not in PIPELINE_REGISTRY.get_supported_tasks():
        PIPELINE_REGISTRY.register_pipeline(
            "click-prediction",
            pipeline_class=ClickabilityPipeline,
            pt_model=AutoModel,
            type="multimodal",
        )


_register()
