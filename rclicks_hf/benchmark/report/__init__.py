"""The report: one self-contained HTML page of a benchmark, and the picture of the README."""

from rclicks_hf.benchmark.report.data import (
    ClickScore,
    GalleryItem,
    IoUCurves,
    ReportData,
    UserScatter,
)
from rclicks_hf.benchmark.report.from_results import (
    report_data_from_results,
    report_from_results,
)
from rclicks_hf.benchmark.report.page import write_report
from rclicks_hf.benchmark.report.summary import summary_figure

__all__ = [
    "ClickScore",
    "GalleryItem",
    "IoUCurves",
    "ReportData",
    "UserScatter",
    "report_data_from_results",
    "report_from_results",
    "summary_figure",
    "write_report",
]
