"""The paper's metrics as pure functions on arrays; NumPy and SciPy only.

Coordinates: x to the right, y down, pixels; ``size`` is (w, h) of the object's bounding box.
"""

# ruff: noqa: F403 - a metric is exported where it is defined, by the file's own __all__

from types import ModuleType as _Module

from rclicks_hf.metrics.agreement import *
from rclicks_hf.metrics.click_counts import *
from rclicks_hf.metrics.click_scores import *
from rclicks_hf.metrics.correlation import *
from rclicks_hf.metrics.density import *
from rclicks_hf.metrics.group_scores import *
from rclicks_hf.metrics.info import *
from rclicks_hf.metrics.intervals import *
from rclicks_hf.metrics.kolmogorov_smirnov import *
from rclicks_hf.metrics.masks import *
from rclicks_hf.metrics.points import *
from rclicks_hf.metrics.robustness import *
from rclicks_hf.metrics.sampling import *

__all__ = sorted(
    name for name, value in globals().items() if name[0] != "_" and not isinstance(value, _Module)
)
