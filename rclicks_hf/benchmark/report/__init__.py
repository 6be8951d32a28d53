"""The report: one self-contained HTML page of a benchmark, and the picture of the README."""

from rclicks_hf.benchmark.report.cells import NamedTable
from rclicks_hf.benchmark.report.command import write_report_file
from rclicks_hf.benchmark.report.data import (
    ClickPath,
    ClickScore,
    ExampleItem,
    GalleryItem,
    IoUCurves,
    ReportData,
    UserScatter,
)
from rclicks_hf.benchmark.report.eval_results import eval_yaml, write_eval_results
from rclicks_hf.benchmark.report.from_results import (
    measure_results,
    report_data,
    report_data_from_results,
    report_from_results,
)
from rclicks_hf.benchmark.report.page import write_report
from rclicks_hf.benchmark.report.summary import summary_figure

__all__ = [
    "ClickPath",
    "ClickScore",
    "ExampleItem",
    "GalleryItem",
    "IoUCurves",
    "NamedTable",
    "ReportData",
    "UserScatter",
    "eval_yaml",
    "measure_results",
    "report_data",
    "report_data_from_results",
    "report_from_results",
    "summary_figure",
    "write_eval_results",
    "write_report",
    "write_report_file",
]
