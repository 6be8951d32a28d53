from .conformance import ConformanceCheck as ConformanceCheck
from .conformance import check_segmenter as check_segmenter
from .geocut import GeoCut as GeoCut
from .interface import Prediction as Prediction
from .interface import Segmenter as Segmenter
from .methods import METHODS as METHODS
from .methods import Method as Method
from .registry import SEGMENTERS as SEGMENTERS
from .registry import SegmenterFamily as SegmenterFamily
from .registry import load_segmenter as load_segmenter

__all__ = [
    "METHODS",
    "SEGMENTERS",
    "ConformanceCheck",
    "GeoCut",
    "Method",
    "Prediction",
    "Segmenter",
    "SegmenterFamily",
    "check_segmenter",
    "load_segmenter",
]
