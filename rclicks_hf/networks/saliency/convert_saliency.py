"""From the published `TranSalNet_Res.pth` to a `from_pretrained` folder."""

from __future__ import annotations

from rclicks_hf.networks.conversion import Converter
from rclicks_hf.networks.saliency.configuration_saliency import SaliencyConfig
from rclicks_hf.networks.saliency.image_processing_saliency import SaliencyImageProcessor


def _processor(config: SaliencyConfig) -> SaliencyImageProcessor:
    height, width = config.image_size
    return SaliencyImageProcessor(size={"height": height, "width": width})


convert_checkpoint = Converter(
    "saliency", {"TranSalNet_Res": SaliencyConfig()}, processor=_processor
)
