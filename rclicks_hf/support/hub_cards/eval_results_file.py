"""The Hub's ``.eval_results/*.yaml``, which a model page shows and leaderboards collect."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from huggingface_hub import EvalResultEntry, constants, eval_result_entries_to_yaml
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.atomic import atomic_file

FOLDER = ".eval_results"  # in a model repo
_COMMIT = re.compile(r"[0-9a-f]{40}")


class TaskScore(NamedTuple):
    """A score with a leaderboard per dataset; tests compare it with the tables of scores."""

    name: str
    title: str
    direction: Literal["up", "down"]
    by: str  # the command that computes it


#: Scores of segmenters, then of click models.
TASK_SCORES = (
    TaskScore("sample_noc", "Sample NoC", "down", "rclicks benchmark"),
    TaskScore("delta_sb_noc", "ΔSB NoC", "down", "rclicks benchmark"),
    TaskScore("delta_gr_noc", "ΔGR NoC", "down", "rclicks benchmark"),
    TaskScore("sample_nof", "Sample NoF", "down", "rclicks benchmark"),
    TaskScore("sample_auc", "Sample IoU-AUC", "up", "rclicks benchmark"),
    TaskScore("ks", "KS", "up", "rclicks train"),
    TaskScore("pl1", "PL1", "down", "rclicks train"),
    TaskScore("wd", "WD", "down", "rclicks train"),
    TaskScore("nss", "NSS", "up", "rclicks train"),
    TaskScore("pde", "PDE", "up", "rclicks train"),
)


class ResultSource(NamedTuple):
    """What results are of and where they come from: data, commit of the data, day, address."""

    dataset_id: str
    revision: str
    date: str  # YYYY-MM-DD
    url: str
    name: str


def task_id(config: str, score: str) -> str:
    """Id of a leaderboard: one score on one config of the dataset repo."""
    return f"{config}_{score}"


def is_dataset_id(text: str) -> bool:
    """Whether a text is the whole id of a Hub repo, ``namespace/name``."""
    try:
        validate_repo_id(text)
    except HFValidationError:
        return False
    return text.count("/") == 1


def is_commit(text: str) -> bool:
    """Whether a text is a whole commit hash."""
    return _COMMIT.fullmatch(text) is not None


def dataset_page(dataset_id: str) -> str:
    """Address of a dataset repo on the Hub."""
    return f"{constants.ENDPOINT}/datasets/{dataset_id}"


def eval_result(
    source: ResultSource, config: str, score: str, value: float, *, notes: str
) -> EvalResultEntry:
    """The entry of one score; raises RclicksError for what the Hub would not take."""
    if not is_dataset_id(source.dataset_id):
        raise RclicksError(f"{source.dataset_id}: not a Hub id; write it as namespace/name")
    if not is_commit(source.revision):
        raise RclicksError(f"{source.revision}: not a commit; give its 40 hexadecimal digits")
    return EvalResultEntry(
        dataset_id=source.dataset_id,
        task_id=task_id(config, score),
        value=value,
        dataset_revision=source.revision,
        date=source.date,
        source_url=source.url,
        source_name=source.name,
        notes=notes,
    )


def write_eval_results(path: Path, entries: Iterable[EvalResultEntry]) -> None:
    """Write entries to a file of `FOLDER`, replacing an older one."""
    content = eval_result_entries_to_yaml(list(entries))
    with atomic_file(path) as part:
        part.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")
