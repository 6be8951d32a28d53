from .from_results import report_data as report_data
from .hub_results import eval_yaml as eval_yaml
from .numbers.measures import MEASURES as MEASURES
from .numbers.measures import Measure as Measure
from .numbers.method_results import MethodKey as MethodKey
from .numbers.method_results import MethodResults as MethodResults
from .numbers.scoring import Comparison as Comparison
from .numbers.scoring import Score as Score
from .numbers.scoring import compare as compare
from .numbers.scoring import dataset_nsr as dataset_nsr
from .numbers.scoring import score as score
from .numbers.scoring import score_all as score_all
from .page import write_report as write_report
from .page_data import GalleryItem as GalleryItem
from .page_data import ReportData as ReportData
from .pictures.summary_figure import summary_figure as summary_figure
from .results import Results as Results
from .results import read_results as read_results
from .tables.benchmark_table import BenchmarkRow as BenchmarkRow
from .tables.benchmark_table import benchmark_table as benchmark_table
from .tables.benchmark_table import format_table as format_table
from .write import write_report_file as write_report_file

__all__ = [
    "MEASURES",
    "BenchmarkRow",
    "Comparison",
    "GalleryItem",
    "Measure",
    "MethodKey",
    "MethodResults",
    "ReportData",
    "Results",
    "Score",
    "benchmark_table",
    "compare",
    "dataset_nsr",
    "eval_yaml",
    "format_table",
    "read_results",
    "report_data",
    "score",
    "score_all",
    "summary_figure",
    "write_report",
    "write_report_file",
]
