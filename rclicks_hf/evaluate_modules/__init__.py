"""The base classes of the ``metrics/rclicks_*`` evaluate modules.

Modules reach these classes through this package (``evaluate_modules.ClickMetric``), never by name:
``evaluate.load`` takes the first Metric class among a module's own names.
"""

from rclicks_hf.evaluate_modules.base_metric import require_instances
from rclicks_hf.evaluate_modules.click_metric import ClickMetric, RecordedClicks, SampledClickMetric
from rclicks_hf.evaluate_modules.iou_metric import BaselineIouMetric, GroupIouMetric, IouMetric
from rclicks_hf.evaluate_modules.space import launch_space, metric_page

__all__ = [
    "BaselineIouMetric",
    "ClickMetric",
    "GroupIouMetric",
    "IouMetric",
    "RecordedClicks",
    "SampledClickMetric",
    "launch_space",
    "metric_page",
    "require_instances",
]
