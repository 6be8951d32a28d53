"""The saliency network in the file style of transformers; importing it registers it there."""

from __future__ import annotations

from transformers import AutoConfig, AutoImageProcessor, AutoModel

from rclicks_hf.networks.saliency.configuration_saliency import SaliencyConfig
from rclicks_hf.networks.saliency.convert_saliency import convert_checkpoint
from rclicks_hf.networks.saliency.image_processing_saliency import SaliencyImageProcessor
from rclicks_hf.networks.saliency.modeling_saliency import SaliencyModel, SaliencyOutput

__all__ = [
    "SaliencyConfig",
    "SaliencyImageProcessor",
    "SaliencyModel",
    "SaliencyOutput",
    "convert_checkpoint",
]

AutoConfig.register(SaliencyConfig.model_type, SaliencyConfig, exist_ok=True)
AutoModel.register(SaliencyConfig, SaliencyModel, exist_ok=True)
AutoImageProcessor.register(
    SaliencyConfig, image_processor_classes={"pil": SaliencyImageProcessor}, exist_ok=True
)
