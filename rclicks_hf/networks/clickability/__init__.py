"""The clickability network in the file style of transformers; importing it registers it there."""

from __future__ import annotations

from transformers import AutoConfig, AutoImageProcessor, AutoModel
from transformers.pipelines import PIPELINE_REGISTRY

from rclicks_hf.networks.clickability.configuration_clickability import (
    PRESETS,
    ClickabilityConfig,
)
from rclicks_hf.networks.clickability.convert_clickability import convert_checkpoint
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
)
from rclicks_hf.networks.clickability.modeling_clickability import (
    ClickabilityModel,
    ClickabilityOutput,
)
from rclicks_hf.networks.clickability.pipeline_clickability import ClickabilityPipeline

__all__ = [
    "PRESETS",
    "ClickabilityConfig",
    "ClickabilityImageProcessor",
    "ClickabilityModel",
    "ClickabilityOutput",
    "ClickabilityPipeline",
    "convert_checkpoint",
]


def _register() -> None:
    """Register the classes with the Auto classes, `pipeline` and `save_pretrained`."""
    model_type = ClickabilityConfig.model_type
    AutoConfig.register(model_type, ClickabilityConfig, exist_ok=True)
    AutoModel.register(ClickabilityConfig, ClickabilityModel, exist_ok=True)
    AutoImageProcessor.register(
        ClickabilityConfig,
        image_processor_classes={"pil": ClickabilityImageProcessor},
        exist_ok=True,
    )
    # Saved models include this code, so trust_remote_code loads them without this package.
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
    ClickabilityConfig._has_registered_task = True


_register()
