"""MERGE-ALIAS tables/benchmark_rows.py -> tables/benchmark_table.py, results.py."""

from rclicks_hf.report.numbers.method_results import MethodResults as MethodResults
from rclicks_hf.report.results import read_results as load_results  # noqa: F401
from rclicks_hf.report.tables.benchmark_table import BenchmarkRow as BenchmarkRow
from rclicks_hf.report.tables.benchmark_table import benchmark_table as benchmark_table
