"""AdaptiveClick in the file style of transformers; importing it registers it there."""

from __future__ import annotations

from transformers import AutoConfig, AutoModel

from rclicks_hf.networks.adaptive_click.configuration_adaptive_click import AdaptiveClickConfig
from rclicks_hf.networks.adaptive_click.convert_adaptive_click import convert_checkpoint
from rclicks_hf.networks.adaptive_click.modeling_adaptive_click import (
    AdaptiveClickModel,
    AdaptiveClickOutput,
)

__all__ = [
    "AdaptiveClickConfig",
    "AdaptiveClickModel",
    "AdaptiveClickOutput",
    "convert_checkpoint",
]

AutoConfig.register(AdaptiveClickConfig.model_type, AdaptiveClickConfig, exist_ok=True)
AutoModel.register(AdaptiveClickConfig, AdaptiveClickModel, exist_ok=True)
