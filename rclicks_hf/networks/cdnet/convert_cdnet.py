"""From the published `cclvs_last_checkpoint.pth` to a `from_pretrained` folder."""

from __future__ import annotations

from rclicks_hf.networks.cdnet.configuration_cdnet import CdnetConfig
from rclicks_hf.networks.conversion import Converter

# The ignored kernels shift pixels: constants that our network does not need.
convert_checkpoint = Converter("cdnet", {"RN34": CdnetConfig()}, ignored=("PDM.*.kernel",))
