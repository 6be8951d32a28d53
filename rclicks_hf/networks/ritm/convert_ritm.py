"""From RITM's published HRNet-W18s, W18 (with or without previous mask) or W32 to a folder."""

from __future__ import annotations

from rclicks_hf.networks.conversion import Converter
from rclicks_hf.networks.ritm.configuration_ritm import PRESETS, RitmConfig

convert_checkpoint = Converter("ritm", {name: RitmConfig.from_preset(name) for name in PRESETS})
