__version__: str
from .benchmark import Clicker as Clicker
from .click_models import ClickSimulator as ClickSimulator
from .click_models import load_click_model as load_click_model
from .data import Click as Click
from .data import Instance as Instance
from .data import load_instances as load_instances
from .errors import RclicksError as RclicksError
from .networks.clickability import ClickabilityConfig as ClickabilityConfig
from .networks.clickability import ClickabilityImageProcessor as ClickabilityImageProcessor
from .networks.clickability import ClickabilityModel as ClickabilityModel
from .networks.clickability import ClickabilityPipeline as ClickabilityPipeline
from .notebook import run_benchmark as run_benchmark
from .report import read_results as read_results
from .segmenters import load_segmenter as load_segmenter

__all__ = [
    "Click",
    "ClickSimulator",
    "ClickabilityConfig",
    "ClickabilityImageProcessor",
    "ClickabilityModel",
    "ClickabilityPipeline",
    "Clicker",
    "Instance",
    "RclicksError",
    "load_click_model",
    "load_instances",
    "load_segmenter",
    "read_results",
    "run_benchmark",
]
