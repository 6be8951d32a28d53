"""MERGE-ALIAS."""

from rclicks_hf.jobs.model_identity import hub_revision as hub_revision
