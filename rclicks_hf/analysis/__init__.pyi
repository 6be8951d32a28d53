from .agreement import split_half_agreement as split_half_agreement
from .clicked_instances import ClickedInstance as ClickedInstance
from .clicked_instances import read_instances as read_instances
from .devices import compare_devices as compare_devices
from .devices import published_value as published_value
from .display_modes import DISPLAY_MODES as DISPLAY_MODES
from .display_modes import compare_display_modes as compare_display_modes
from .display_modes import read_previews as read_previews
from .repo_analysis import analyse_repo as analyse_repo
from .sensitivity import ClickSensitivity as ClickSensitivity
from .sensitivity import click_sensitivity as click_sensitivity
from .sensitivity import sensitivity_by_instance as sensitivity_by_instance
from .spread import ClickSpread as ClickSpread
from .spread import click_spread as click_spread
from .spread import spread_by_instance as spread_by_instance
from .statistics import STATISTICS as STATISTICS
from .statistics import Statistic as Statistic
from .summary import SummaryRow as SummaryRow
from .summary import format_summary as format_summary
from .summary import summarise as summarise
from .two_samples import TwoSampleScores as TwoSampleScores
from .two_samples import two_sample_scores as two_sample_scores

__all__ = [
    "DISPLAY_MODES",
    "STATISTICS",
    "ClickSensitivity",
    "ClickSpread",
    "ClickedInstance",
    "Statistic",
    "SummaryRow",
    "TwoSampleScores",
    "analyse_repo",
    "click_sensitivity",
    "click_spread",
    "compare_devices",
    "compare_display_modes",
    "format_summary",
    "published_value",
    "read_instances",
    "read_previews",
    "sensitivity_by_instance",
    "split_half_agreement",
    "spread_by_instance",
    "summarise",
    "two_sample_scores",
]
