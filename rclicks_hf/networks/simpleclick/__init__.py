"""SimpleClick's network in the file style of transformers; importing it registers it there."""

from __future__ import annotations

from transformers import AutoConfig, AutoModel

from rclicks_hf.networks.simpleclick.configuration_simpleclick import (
    SIZES,
    CfrIclConfig,
    SimpleClickConfig,
)
from rclicks_hf.networks.simpleclick.convert_simpleclick import (
    convert_cfr_icl_checkpoint,
    convert_checkpoint,
)
from rclicks_hf.networks.simpleclick.modeling_simpleclick import CfrIclModel, SimpleClickModel

__all__ = [
    "SIZES",
    "CfrIclConfig",
    "CfrIclModel",
    "SimpleClickConfig",
    "SimpleClickModel",
    "convert_cfr_icl_checkpoint",
    "convert_checkpoint",
]

for _config, _model in ((SimpleClickConfig, SimpleClickModel), (CfrIclConfig, CfrIclModel)):
    AutoConfig.register(_config.model_type, _config, exist_ok=True)
    AutoModel.register(_config, _model, exist_ok=True)
