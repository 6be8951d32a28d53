"""MERGE-ALIAS data.clicks.completion -> data.clicks.click_table."""

from __future__ import annotations

from rclicks_hf.data.clicks.click_table import Splits as Splits
from rclicks_hf.data.clicks.click_table import complete_clicks as complete_clicks
from rclicks_hf.data.clicks.click_table import group_by_instance as group_by_instance
