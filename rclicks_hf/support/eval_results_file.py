"""The Hub's ``.eval_results/*.yaml``, which a model page shows and leaderboards collect."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from rclicks_hf.support.atomic import atomic_file

FOLDER = ".eval_results"  # in a model repo


def task_id(config: str, score: str) -> str:
    """Id of a leaderboard: one score on one config of the dataset repo."""
    return f"{config}_{score}"


def eval_result(
    dataset_id: str,
    config: str,
    score: str,
    value: float,
    *,
    notes: str,
    revision: str | None = None,
) -> EvalResultEntry:
    """The entry of one score; `revision` is the commit of the dataset repo, where known."""
    return EvalResultEntry(
        dataset_id=dataset_id,
        task_id=task_id(config, score),
        value=value,
        dataset_revision=revision,
        notes=notes,
    )


def write_eval_results(path: Path, entries: Iterable[EvalResultEntry]) -> None:
    """Write entries to a file of `FOLDER`, replacing an older one."""
    content = eval_result_entries_to_yaml(list(entries))
    with atomic_file(path) as part:
        part.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")
