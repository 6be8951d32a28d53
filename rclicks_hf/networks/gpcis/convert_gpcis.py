"""From the published `GPCIS_Resnet50.pth` to a `from_pretrained` folder."""

from __future__ import annotations

from rclicks_hf.networks.conversion import Converter
from rclicks_hf.networks.gpcis.configuration_gpcis import GpcisConfig

convert_checkpoint = Converter("gpcis", {"RN50": GpcisConfig()})
