from .conformance import check_segmenter as check_segmenter
from .geocut import GeoCut as GeoCut
from .interface import SEGMENTERS as SEGMENTERS
from .interface import Prediction as Prediction
from .interface import Segmenter as Segmenter
from .interface import load_segmenter as load_segmenter

__all__ = ["SEGMENTERS", "GeoCut", "Prediction", "Segmenter", "check_segmenter", "load_segmenter"]
