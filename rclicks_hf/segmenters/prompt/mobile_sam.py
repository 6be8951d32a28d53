"""MobileSAM (Zhang et al., 2023) as a segmenter."""

from __future__ import annotations

from rclicks_hf.networks.mobile_sam import MobileSamModel
from rclicks_hf.segmenters.prompt.sam import SamSegmenter


class MobileSamSegmenter(SamSegmenter):
    """A `MobileSamModel`, clicked on as `SamSegmenter` is."""

    model_class = MobileSamModel
