"""MERGE-ALIAS report/command.py -> report/write.py."""

from rclicks_hf.report.write import write_report_file as write_report_file
