from .command import write_report_file as write_report_file
from .from_results import measure_results as measure_results
from .from_results import report_data as report_data
from .from_results import report_data_from_results as report_data_from_results
from .from_results import report_from_results as report_from_results
from .hub_results import eval_yaml as eval_yaml
from .hub_results import write_eval_results as write_eval_results
from .numbers.measures import MEASURES as MEASURES
from .numbers.measures import Measure as Measure
from .numbers.method_results import MethodKey as MethodKey
from .numbers.method_results import MethodResults as MethodResults
from .numbers.method_results import Results as Results
from .numbers.method_results import load_results as load_results
from .numbers.scoring import Comparison as Comparison
from .numbers.scoring import Score as Score
from .numbers.scoring import compare as compare
from .numbers.scoring import dataset_nsr as dataset_nsr
from .numbers.scoring import score as score
from .numbers.scoring import score_all as score_all
from .page import write_report as write_report
from .page_data import ClickModelRow as ClickModelRow
from .page_data import ClickPath as ClickPath
from .page_data import ExampleItem as ExampleItem
from .page_data import GalleryItem as GalleryItem
from .page_data import IoUCurves as IoUCurves
from .page_data import ReportData as ReportData
from .page_data import UserScatter as UserScatter
from .pictures.summary_figure import summary_figure as summary_figure
from .tables.benchmark_rows import BenchmarkRow as BenchmarkRow
from .tables.benchmark_rows import benchmark_table as benchmark_table
from .tables.benchmark_text import format_table as format_table
from .tables.cells import NamedTable as NamedTable

__all__ = [
    "MEASURES",
    "BenchmarkRow",
    "ClickModelRow",
    "ClickPath",
    "Comparison",
    "ExampleItem",
    "GalleryItem",
    "IoUCurves",
    "Measure",
    "MethodKey",
    "MethodResults",
    "NamedTable",
    "ReportData",
    "Results",
    "Score",
    "UserScatter",
    "benchmark_table",
    "compare",
    "dataset_nsr",
    "eval_yaml",
    "format_table",
    "load_results",
    "measure_results",
    "report_data",
    "report_data_from_results",
    "report_from_results",
    "score",
    "score_all",
    "summary_figure",
    "write_eval_results",
    "write_report",
    "write_report_file",
]
