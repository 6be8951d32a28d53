"""Result files for the Hub: ``.eval_results/*.yaml`` of model repos, ``eval.yaml`` of the dataset.

The Hub shows the former on model pages and collects them in the leaderboards that the latter
defines; a task is one number on one dataset. Only whole datasets of real clicks are written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import EvalResultEntry, HfApi

from rclicks_hf import __version__
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.numbers.method_results import (
    PUBLISHED,
    MethodKey,
    MethodResults,
    stored_name,
)
from rclicks_hf.report.numbers.paper_benchmark import is_whole_dataset
from rclicks_hf.report.results import Results
from rclicks_hf.support.files.atomic import atomic_file
from rclicks_hf.support.hub_cards.eval_results_file import (
    FOLDER,
    TASK_SCORES,
    ResultSource,
    dataset_page,
    eval_result,
    is_commit,
    is_dataset_id,
    task_id,
    write_eval_results,
)
from rclicks_hf.support.text.citation import PAPER_ADDRESS, PAPER_DATE, PAPER_TEXT

#: Key of this package in the Hub's closed list of evaluation frameworks; ``""`` until it is there,
#: since the Hub refuses any other. `docs/hub_results.md` says how to register it.
FRAMEWORK = ""
_NO_FRAMEWORK = "evaluation_framework is left out until the Hub lists rclicks-hf"


def eval_yaml(datasets: Iterable[str] = ()) -> str:
    """Make ``eval.yaml`` of the dataset repo: its tasks, so that the Hub lists it as a benchmark.

    Args:
        datasets: Keys of the datasets in the repo; by default all. Only the five of the paper get
            tasks.

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
        {"id": task_id(name, score.name), "config": name, "split": SOURCE_DATASETS[name].splits[-1]}
        for name in names
        if SOURCE_DATASETS[name].clicks  # published: neither simulated nor one's own
        for score in TASK_SCORES
    ]
    higher = ", ".join(score.title for score in TASK_SCORES if score.direction == "up")
    content = {
        "name": "RClicks",
        "description": "How many clicks an interactive segmentation method needs when realistic "
        f"users click, and how much that depends on who clicks. Higher is better for "
        f"{higher}; lower is better for all other scores. {PAPER_TEXT}",
        **({"evaluation_framework": FRAMEWORK} if FRAMEWORK else {}),
        "tasks": tasks,
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return text if FRAMEWORK else f"# {_NO_FRAMEWORK}.\n{text}"


def result_entries(
    results: Results, key: MethodKey, dataset_id: str, *, revision: str, source: str = ""
) -> list[EvalResultEntry]:
    """One entry per number of one method on one dataset."""
    method = results[key]
    count = len(method.stems) + method.failures
    notes = f"clicks by {key.click_model}, IoU {results.threshold:g}, protocol {results.protocol}"
    notes += f", {count} instances"
    if method.failures:
        notes += f", {method.failures} of them failed and left out"
    of = _source(results, key, dataset_id, revision, source)
    scores = results.scores[key]
    return [
        eval_result(of, key.dataset, name, round(scores[name].value, 4), notes=notes)
        for name in (score.name for score in TASK_SCORES)
        if name in scores and scores[name].instances
    ]


def write_hub_results(
    results: Results, folder: Path, dataset_id: str, *, revision: str = "", source: str = ""
) -> str:
    """Write both kinds of files, ready to be copied to their repos.

    ``<folder>/<segmenter>/.eval_results/<dataset>[_<click model>].yaml`` goes to the segmenter's
    model repo, ``<folder>/eval.yaml`` to the dataset repo. ``revision`` is the commit of the
    dataset repo for results that were made from a folder, by default the newest; ``source`` is an
    address where the results can be seen, by default the dataset's page. Returns what was written
    and left out.
    """
    _check(results, dataset_id, revision, source)
    lines: list[str] = []
    files: dict[Path, list[EvalResultEntry]] = {}
    for key, method in results.items():
        entries: list[EvalResultEntry] = []
        if not (reason := _left_out(method)):
            commit = _recorded_commit(results, key, dataset_id) or revision
            if not commit:
                commit = revision = _newest_commit(dataset_id)
            entries = result_entries(results, key, dataset_id, revision=commit, source=source)
        if not entries:
            lines.append(f"{' / '.join(key)}: left out, {reason or 'no numbers'}")
            continue
        name = f"{key.dataset}_{_file_name(key.click_model)}.yaml"
        path = folder / _file_name(key.segmenter) / FOLDER / name
        if path in files:  # "a/b" and "a_b"
            raise RclicksError(
                f"{path}: {' / '.join(key)} needs the same file name as another result; report the "
                "two separately"
            )
        files[path] = entries
    for path, entries in files.items():
        write_eval_results(path, entries)
    with atomic_file(folder / "eval.yaml") as part:
        part.write_text(eval_yaml(), "utf-8")
    note = "" if FRAMEWORK else f" ({_NO_FRAMEWORK})"
    return "\n".join([*lines, *map(str, files), f"{folder / 'eval.yaml'}{note}"])


def _check(results: Results, dataset_id: str, revision: str, source: str) -> None:
    """Refuse what would not be a valid result file."""
    if results.threshold != THRESHOLD:
        raise RclicksError(
            f"threshold: leaderboards use IoU {THRESHOLD:g}, got {results.threshold:g}"
        )
    if not is_dataset_id(dataset_id):
        raise RclicksError(
            f"{dataset_id or '--dataset-id'}: not a Hub id; give the dataset's, user/name"
        )
    if revision and not is_commit(revision):
        raise RclicksError(
            f"--dataset-revision: {revision} is not a commit of 40 hexadecimal digits"
        )
    if source and not source.startswith("https://"):
        raise RclicksError(
            f"--source: {source} is not an address; give one that begins with https://"
        )


def _manifest(results: Results, key: MethodKey) -> Mapping[str, Any]:
    """The manifest of the run of a method; empty where there is none."""
    wanted = (stored_name(key.segmenter), key.click_model)
    return next(
        (
            manifest
            for manifest in results.manifests
            if (manifest.get("segmenter"), manifest.get("click_model")) == wanted
            and key.dataset in str(manifest.get("dataset")).split(",")
        ),
        {},
    )


def _recorded_commit(results: Results, key: MethodKey, dataset_id: str) -> str:
    """The commit that the run itself read; ``""`` if it read a folder or another repo."""
    manifest = _manifest(results, key)
    revisions = manifest.get("revisions")
    commit = str((revisions if isinstance(revisions, dict) else {}).get("dataset", ""))
    return commit if manifest.get("repo") == dataset_id and is_commit(commit) else ""


def _newest_commit(dataset_id: str) -> str:
    try:
        return str(HfApi().dataset_info(dataset_id).sha)
    except Exception as error:  # the errors are those of whatever HTTP library the client uses
        raise RclicksError(
            f"{dataset_id}: its newest commit cannot be looked up; check name and network, or give "
            "--dataset-revision COMMIT"
        ) from error


def _source(
    results: Results, key: MethodKey, dataset_id: str, revision: str, source: str
) -> ResultSource:
    """Data, day and address of a method's results."""
    if results[key].origin == PUBLISHED:
        return ResultSource(
            dataset_id, revision, PAPER_DATE, source or PAPER_ADDRESS, "RClicks paper"
        )
    date = str(_manifest(results, key).get("date", ""))
    if not date:  # of an earlier version: the day on which the file was last written
        written = max((file.stat().st_mtime for file in results.files), default=0.0)
        date = datetime.fromtimestamp(written, UTC).date().isoformat()
    name = f"rclicks benchmark (rclicks-hf {__version__})"
    return ResultSource(dataset_id, revision, date, source or dataset_page(dataset_id), name)


def _left_out(method: MethodResults) -> str:
    if method.is_simulated:
        return "simulated clicks"
    return "" if is_whole_dataset(method) else "only a part of the dataset"


def _file_name(text: str) -> str:
    """A file name that stays in its folder, for any segmenter name."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", text).strip("._") or "none"
