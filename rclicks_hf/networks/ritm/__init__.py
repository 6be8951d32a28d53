"""The RITM network in the file style of transformers; importing it registers it there."""

from __future__ import annotations

from transformers import AutoConfig, AutoModel

from rclicks_hf.networks.ritm.configuration_ritm import PRESETS, RitmConfig
from rclicks_hf.networks.ritm.convert_ritm import convert_checkpoint
from rclicks_hf.networks.ritm.modeling_ritm import RitmModel, RitmOutput

__all__ = ["PRESETS", "RitmConfig", "RitmModel", "RitmOutput", "convert_checkpoint"]

AutoConfig.register(RitmConfig.model_type, RitmConfig, exist_ok=True)
AutoModel.register(RitmConfig, RitmModel, exist_ok=True)
