"""The paper's metrics as pure functions on arrays; NumPy and SciPy only.

Coordinates: x to the right, y down, pixels; ``size`` is (w, h) of the object's bounding box.
"""

from rclicks_hf.metrics.agreement import split_half_scores
from rclicks_hf.metrics.click_counts import iou_auc, noc, nof, nof_reference
from rclicks_hf.metrics.click_scores import MODES, ClickScores, click_scores, ks, pl1, wd
from rclicks_hf.metrics.correlation import metric_correlations
from rclicks_hf.metrics.density import nss, pde
from rclicks_hf.metrics.estimate import Estimate
from rclicks_hf.metrics.group_scores import (
    baseline_difference_values,
    group_mean_values,
    group_nsr_values,
    group_std_values,
    half_difference_values,
    range_difference_values,
)
from rclicks_hf.metrics.info import CLICK_METRICS, METRICS, MetricInfo
from rclicks_hf.metrics.intervals import Interval, bootstrap_interval, paired_interval
from rclicks_hf.metrics.kolmogorov_smirnov import ConstantCoordinateWarning, ks2d_pvalue
from rclicks_hf.metrics.masks import boundary, boundary_iou, iou
from rclicks_hf.metrics.points import pl1_points, wd_points
from rclicks_hf.metrics.robustness import (
    delta_gr,
    delta_gr_values,
    delta_hh,
    delta_hh_values,
    delta_sb,
    delta_sb_values,
    nsr,
    nsr_values,
    sample_noc,
)
from rclicks_hf.metrics.sampling import instance_seed, sample_points

__all__ = [
    "CLICK_METRICS",
    "METRICS",
    "MODES",
    "ClickScores",
    "ConstantCoordinateWarning",
    "Estimate",
    "Interval",
    "MetricInfo",
    "baseline_difference_values",
    "bootstrap_interval",
    "boundary",
    "boundary_iou",
    "click_scores",
    "delta_gr",
    "delta_gr_values",
    "delta_hh",
    "delta_hh_values",
    "delta_sb",
    "delta_sb_values",
    "group_mean_values",
    "group_nsr_values",
    "group_std_values",
    "half_difference_values",
    "instance_seed",
    "iou",
    "iou_auc",
    "ks",
    "ks2d_pvalue",
    "metric_correlations",
    "noc",
    "nof",
    "nof_reference",
    "nsr",
    "nsr_values",
    "nss",
    "paired_interval",
    "pde",
    "pl1",
    "pl1_points",
    "range_difference_values",
    "sample_noc",
    "sample_points",
    "split_half_scores",
    "wd",
    "wd_points",
]
