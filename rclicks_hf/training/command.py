"""MERGE-ALIAS."""

# MERGE-ALIAS rclicks_hf.training.command.train_from_repo -> rclicks_hf.training.train_from_repo
from rclicks_hf.training.from_repo import train_from_repo as train_from_repo
