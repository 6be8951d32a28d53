"""From the paper's checkpoint (a `.pth` of tensors) to a `from_pretrained` folder."""

from __future__ import annotations

from rclicks_hf.networks.clickability.configuration_clickability import PRESETS, ClickabilityConfig
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
)
from rclicks_hf.networks.conversion import Converter


def _processor(config: ClickabilityConfig) -> ClickabilityImageProcessor:
    side = config.image_size
    return ClickabilityImageProcessor(size={"height": side, "width": side})


convert_checkpoint = Converter(
    "clickability",
    {name: ClickabilityConfig.from_preset(name) for name in PRESETS},
    processor=_processor,
)
