"""MobileSAM in the file style of transformers; importing it registers it there."""

from __future__ import annotations

from transformers import AutoConfig, AutoModel

from rclicks_hf.networks.mobile_sam.configuration_mobile_sam import (
    MobileSamConfig,
    MobileSamVisionConfig,
)
from rclicks_hf.networks.mobile_sam.convert_mobile_sam import convert_checkpoint
from rclicks_hf.networks.mobile_sam.modeling_mobile_sam import MobileSamModel

__all__ = ["MobileSamConfig", "MobileSamModel", "MobileSamVisionConfig", "convert_checkpoint"]

AutoConfig.register(MobileSamConfig.model_type, MobileSamConfig, exist_ok=True)
AutoModel.register(MobileSamConfig, MobileSamModel, exist_ok=True)
