"""CDNet in the file style of transformers; importing it registers it there."""

from __future__ import annotations

from transformers import AutoConfig, AutoModel

from rclicks_hf.networks.cdnet.configuration_cdnet import CdnetConfig
from rclicks_hf.networks.cdnet.convert_cdnet import convert_checkpoint
from rclicks_hf.networks.cdnet.modeling_cdnet import CdnetModel

__all__ = ["CdnetConfig", "CdnetModel", "convert_checkpoint"]

AutoConfig.register(CdnetConfig.model_type, CdnetConfig, exist_ok=True)
AutoModel.register(CdnetConfig, CdnetModel, exist_ok=True)
