"""Results for the Hub: ``.eval_results/*.yaml`` of model repos, ``eval.yaml`` of the dataset repo.

The Hub reads the first on a model's page and gathers them in the leaderboards that the second
names; a task is one number on one dataset. Only whole datasets of people's clicks are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.from_results import Measured
from rclicks_hf.report.numbers.method_results import MethodKey, MethodResults
from rclicks_hf.report.numbers.paper_benchmark import is_whole_dataset
from rclicks_hf.support.atomic import atomic_file
from rclicks_hf.support.citation import PAPER_TEXT

#: Measures that have a leaderboard on every dataset.
TASK_MEASURES = ("sample_noc", "delta_sb_noc", "delta_gr_noc", "sample_nof", "sample_auc")

FRAMEWORK = "rclicks-hf"


def task_id(dataset: str, measure: str) -> str:
    """Id of a leaderboard.

    Args:
        dataset: Key of `rclicks_hf.data.SOURCE_DATASETS`.
        measure: Key of `MEASURES`.

    Example:
        >>> task_id("davis", "sample_noc")
        'davis_sample_noc'
    """
    return f"{dataset}_{measure}"


def eval_yaml(datasets: Iterable[str] = ()) -> str:
    """``eval.yaml`` of the dataset repo: its tasks, so that the Hub knows it as a benchmark.

    Args:
        datasets: Keys of the datasets in the repo; those of simulated clicks have no tasks. By
            default all that people clicked on.

    Returns:
        YAML text.

    Raises:
        RclicksError: If a dataset does not exist.

    Example:
        >>> tasks = yaml.safe_load(eval_yaml(["davis"]))["tasks"]
        >>> tasks[0]
        {'id': 'davis_sample_noc', 'config': 'davis', 'split': 'test'}
    """
    names = list(datasets) or list(SOURCE_DATASETS)
    unknown = next((name for name in names if name not in SOURCE_DATASETS), None)
    if unknown is not None:
        raise RclicksError(f"{unknown}: no such dataset; choose {', '.join(SOURCE_DATASETS)}")
    tasks = [
        # The benchmark of TETRIS is over both its splits; a task can name one.
        {"id": task_id(name, measure), "config": name, "split": SOURCE_DATASETS[name].splits[-1]}
        for name in names
        if not SOURCE_DATASETS[name].is_simulated
        for measure in TASK_MEASURES
    ]
    content = {
        "name": "RClicks",
        "description": "How many clicks an interactive segmentation method needs when realistic "
        f"users click, and how much that depends on who clicks. {PAPER_TEXT}",
        "evaluation_framework": FRAMEWORK,
        "tasks": tasks,
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def result_entries(measured: Measured, key: MethodKey, dataset_id: str) -> list[EvalResultEntry]:
    """What one method's repo says of one dataset.

    Args:
        measured: From `measure_results`, at the threshold 0.9 of the leaderboards.
        key: The method and dataset.
        dataset_id: Hub id of the dataset repo.

    Returns:
        An entry a number that exists.

    Example:
        >>> from rclicks_hf.report.numbers.measures import MEASURES
        >>> from rclicks_hf.report.numbers.method_results import MethodKey, MethodResults, Results
        >>> from rclicks_hf.report.numbers.scoring import Score
        >>> key = MethodKey("sam", "cm", "davis")
        >>> method = MethodResults(key, ("a",), {}, failures=2, is_simulated=False)
        >>> scores = {key: dict.fromkeys(MEASURES, Score(6.5, instances=1))}
        >>> measured = Measured((), Results([method]), scores, 0.9, "rclicks-1", ())
        >>> entry = result_entries(measured, key, "your-name/rclicks")[0]
        >>> entry.task_id, entry.value
        ('davis_sample_noc', 6.5)
        >>> entry.notes
        'clicks by cm, IoU 0.9, protocol rclicks-1, 3 instances, 2 of them failed and left out'
    """
    method = measured.results[key]
    count = len(method.stems) + method.failures
    notes = f"clicks by {key.click_model}, IoU {measured.threshold:g}, protocol {measured.protocol}"
    notes += f", {count} instances"
    if method.failures:
        notes += f", {method.failures} of them failed and left out"
    return [
        EvalResultEntry(dataset_id, task_id(key.dataset, name), round(score.value, 4), notes=notes)
        for name in TASK_MEASURES
        if (score := measured.scores[key][name]).instances
    ]


def write_eval_results(measured: Measured, folder: Path, dataset_id: str) -> str:
    """Write both kinds of file, ready to be copied to their repos.

    ``<folder>/<segmenter>/.eval_results/<dataset>[_<click model>].yaml`` goes to the segmenter's
    model repo, ``<folder>/eval.yaml`` to the dataset repo.

    Args:
        measured: From `measure_results`.
        folder: Where to write; older files are replaced.
        dataset_id: Hub id of the dataset repo.

    Returns:
        What was written and what was left out, for people.

    Raises:
        RclicksError: If the threshold is not that of the leaderboards, the id is none, two methods
            have one file name, or nothing can be written.

    Example:
        >>> from rclicks_hf.report.numbers.method_results import Results
        >>> measured = Measured((), Results([]), {}, 0.5, "rclicks-1", ())
        >>> write_eval_results(measured, Path("hub"), "your-name/rclicks")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: threshold: leaderboards are at IoU 0.9, got 0.5
    """
    if measured.threshold != THRESHOLD:
        raise RclicksError(
            f"threshold: leaderboards are at IoU {THRESHOLD:g}, got {measured.threshold:g}"
        )
    if dataset_id.count("/") != 1 or not all(dataset_id.split("/")):
        raise RclicksError(f"{dataset_id or '--dataset-id'}: give the dataset's Hub id, user/name")
    lines: list[str] = []
    for key, method in measured.results.items():
        reason = _left_out(method)
        entries = [] if reason else result_entries(measured, key, dataset_id)
        if not entries:
            lines.append(f"{' / '.join(key)}: left out, {reason or 'no numbers'}")
            continue
        name = f"{key.dataset}_{_file_name(key.click_model)}.yaml"
        path = folder / _file_name(key.segmenter) / ".eval_results" / name
        if str(path) in lines:  # "a/b" and "a_b"
            raise RclicksError(f"{path}: of two methods, {' / '.join(key)} too; report them apart")
        _write_yaml(path, eval_result_entries_to_yaml(entries))
        lines.append(str(path))
    with atomic_file(folder / "eval.yaml") as part:
        part.write_text(eval_yaml(), "utf-8")
    return "\n".join([*lines, str(folder / "eval.yaml")])


def _left_out(method: MethodResults) -> str:
    if method.is_simulated:
        return "simulated clicks"
    return "" if is_whole_dataset(method) else "only a part of the dataset"


def _file_name(text: str) -> str:
    """A name that stays in its folder, whatever the segmenter is called."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", text).strip("._") or "none"


def _write_yaml(path: Path, content: Any) -> None:
    with atomic_file(path) as part:
        part.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), "utf-8")
