from .click_drawing import draw_clicks as draw_clicks
from .click_simulator import ClickSimulator as ClickSimulator
from .clickability import ClickabilityClickModel as ClickabilityClickModel
from .distance_transform import DistanceTransformClickModel as DistanceTransformClickModel
from .interface import ClickModel as ClickModel
from .registry import CLICK_MODELS as CLICK_MODELS
from .registry import ClickModelInfo as ClickModelInfo
from .registry import load_click_model as load_click_model
from .saliency import SaliencyClickModel as SaliencyClickModel
from .uniform import UniformClickModel as UniformClickModel

__all__ = [
    "CLICK_MODELS",
    "ClickModel",
    "ClickModelInfo",
    "ClickSimulator",
    "ClickabilityClickModel",
    "DistanceTransformClickModel",
    "SaliencyClickModel",
    "UniformClickModel",
    "draw_clicks",
    "load_click_model",
]
