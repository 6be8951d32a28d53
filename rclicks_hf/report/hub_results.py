"""Result files for the Hub: ``.eval_results/*.yaml`` of model repos, ``eval.yaml`` of the dataset.

The Hub shows the former on model pages and collects them in the leaderboards that the latter
defines; a task is one number on one dataset. Only whole datasets of real clicks are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import yaml
from huggingface_hub import EvalResultEntry

from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.numbers.method_results import MethodKey, MethodResults
from rclicks_hf.report.numbers.paper_benchmark import is_whole_dataset
from rclicks_hf.report.results import Results
from rclicks_hf.support.atomic import atomic_file
from rclicks_hf.support.citation import PAPER_TEXT
from rclicks_hf.support.eval_results_file import FOLDER, eval_result, task_id, write_eval_results

#: Measures with a leaderboard per dataset.
TASK_MEASURES = ("sample_noc", "delta_sb_noc", "delta_gr_noc", "sample_nof", "sample_auc")

FRAMEWORK = "rclicks-hf"


def eval_yaml(datasets: Iterable[str] = ()) -> str:
    """Make ``eval.yaml`` of the dataset repo: its tasks, so that the Hub lists it as a benchmark.

    Args:
        datasets: Keys of the datasets in the repo; by default all with real clicks. Datasets of
            simulated clicks get no tasks.

    Returns:
        YAML text.

    Raises:
        RclicksError: If a dataset is unknown.

    Example:
        >>> yaml.safe_load(eval_yaml(["davis"]))["tasks"][0]
        {'id': 'davis_sample_noc', 'config': 'davis', 'split': 'test'}
    """
    names = list(datasets) or list(SOURCE_DATASETS)
    unknown = next((name for name in names if name not in SOURCE_DATASETS), None)
    if unknown is not None:
        raise RclicksError(f"{unknown}: unknown dataset; choose {', '.join(SOURCE_DATASETS)}")
    tasks = [
        # TETRIS is benchmarked on both its splits; a task can name only one.
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


def result_entries(results: Results, key: MethodKey, dataset_id: str) -> list[EvalResultEntry]:
    """One entry per number of one method on one dataset."""
    method = results[key]
    count = len(method.stems) + method.failures
    notes = f"clicks by {key.click_model}, IoU {results.threshold:g}, protocol {results.protocol}"
    notes += f", {count} instances"
    if method.failures:
        notes += f", {method.failures} of them failed and left out"
    return [
        eval_result(dataset_id, key.dataset, name, round(score.value, 4), notes=notes)
        for name in TASK_MEASURES
        if (score := results.scores[key][name]).instances
    ]


def write_hub_results(results: Results, folder: Path, dataset_id: str) -> str:
    """Write both kinds of files, ready to be copied to their repos.

    ``<folder>/<segmenter>/.eval_results/<dataset>[_<click model>].yaml`` goes to the segmenter's
    model repo, ``<folder>/eval.yaml`` to the dataset repo. Returns what was written and left out.
    """
    if results.threshold != THRESHOLD:
        raise RclicksError(
            f"threshold: leaderboards use IoU {THRESHOLD:g}, got {results.threshold:g}"
        )
    if dataset_id.count("/") != 1 or not all(dataset_id.split("/")):
        raise RclicksError(
            f"{dataset_id or '--dataset-id'}: not a Hub id; give the dataset's, user/name"
        )
    lines: list[str] = []
    for key, method in results.items():
        reason = _left_out(method)
        entries = [] if reason else result_entries(results, key, dataset_id)
        if not entries:
            lines.append(f"{' / '.join(key)}: left out, {reason or 'no numbers'}")
            continue
        name = f"{key.dataset}_{_file_name(key.click_model)}.yaml"
        path = folder / _file_name(key.segmenter) / FOLDER / name
        if str(path) in lines:  # "a/b" and "a_b"
            raise RclicksError(
                f"{path}: also the file of {' / '.join(key)}; report the two separately"
            )
        write_eval_results(path, entries)
        lines.append(str(path))
    with atomic_file(folder / "eval.yaml") as part:
        part.write_text(eval_yaml(), "utf-8")
    return "\n".join([*lines, str(folder / "eval.yaml")])


def _left_out(method: MethodResults) -> str:
    if method.is_simulated:
        return "simulated clicks"
    return "" if is_whole_dataset(method) else "only a part of the dataset"


def _file_name(text: str) -> str:
    """A file name that stays in its folder, for any segmenter name."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", text).strip("._") or "none"
