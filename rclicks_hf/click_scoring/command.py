"""MERGE-ALIAS evaluate_repo -> score_tables.score_repo."""

from rclicks_hf.click_scoring.score_tables import score_repo as evaluate_repo

__all__ = ["evaluate_repo"]
