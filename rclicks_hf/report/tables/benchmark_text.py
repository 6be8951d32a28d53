"""MERGE-ALIAS tables/benchmark_text.py -> tables/benchmark_table.py."""

from rclicks_hf.report.tables.benchmark_table import format_table as format_table
