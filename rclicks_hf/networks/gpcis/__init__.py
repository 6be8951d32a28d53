"""GPCIS in the file style of transformers; importing it registers it there."""

from __future__ import annotations

from transformers import AutoConfig, AutoModel

from rclicks_hf.networks.gpcis.configuration_gpcis import GpcisConfig
from rclicks_hf.networks.gpcis.convert_gpcis import convert_checkpoint
from rclicks_hf.networks.gpcis.modeling_gpcis import GpcisModel

__all__ = ["GpcisConfig", "GpcisModel", "convert_checkpoint"]

AutoConfig.register(GpcisConfig.model_type, GpcisConfig, exist_ok=True)
AutoModel.register(GpcisConfig, GpcisModel, exist_ok=True)
