"""MERGE-ALIAS."""

from rclicks_hf.segmenters.conformance import check_report as check_spec  # noqa: F401
