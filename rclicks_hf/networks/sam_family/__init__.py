"""Converters of official SAM, SAM-HQ and SAM 2 checkpoints; the networks are in `transformers`."""

from __future__ import annotations

from rclicks_hf.networks.sam_family.convert_sam import convert_sam, convert_sam_hq
from rclicks_hf.networks.sam_family.convert_sam2 import convert_sam2

__all__ = ["convert_sam", "convert_sam2", "convert_sam_hq"]
