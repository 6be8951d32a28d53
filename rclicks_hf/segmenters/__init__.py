"""Segmenters under one protocol: encode an image once, predict for many trajectories of clicks."""

from rclicks_hf.segmenters.base import SEGMENTERS, Prediction, Segmenter, load_segmenter
from rclicks_hf.segmenters.conformance import check_segmenter
from rclicks_hf.segmenters.geocut import GeoCut

__all__ = [
    "SEGMENTERS",
    "GeoCut",
    "Prediction",
    "Segmenter",
    "check_segmenter",
    "load_segmenter",
]
