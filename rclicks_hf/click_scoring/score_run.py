"""Scoring click models on datasets: images shared out over processes, finished ones kept."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from tqdm.auto import tqdm

from rclicks_hf.click_models.interface import ClickModel
from rclicks_hf.click_models.registry import click_model_identity, load_click_model
from rclicks_hf.click_scoring.paper_scores import paper_split
from rclicks_hf.click_scoring.score_rows import PEOPLE, SCORE_SCHEMA, ScoreSettings, score_instance
from rclicks_hf.data import ROUNDS, SOURCE_DATASETS, InstanceTable, load_instances
from rclicks_hf.data.fingerprint import dataset_fingerprint
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.processes import one_thread, process_count, run_tasks
from rclicks_hf.jobs.results_folder import (
    part_path,
    read_manifest,
    read_table,
    refuse_other,
    write_manifest,
    write_table,
)
from rclicks_hf.support.provenance import command_line, library_versions

SCORES = "click_scores.parquet"
_LIBRARIES = ("numpy", "scipy", "opencv-python-headless", "pyarrow", "torch", "transformers")


@dataclass(frozen=True)
class ScoreTask:
    """The instances of one image of one dataset.

    Attributes:
        dataset: Key of ``SOURCE_DATASETS``.
        split: Split of the dataset.
        image_stem: The image.
        indices: Positions in the loaded instances.
        stems: Their full_stem.
    """

    dataset: str
    split: str
    image_stem: str
    indices: tuple[int, ...]
    stems: tuple[str, ...]

    def part(self, out: Path) -> Path:
        """File of its rows."""
        return part_path(out, f"{self.dataset}/{self.image_stem}")


@dataclass(frozen=True)
class ScoreJob:
    """All that a process needs to know; it travels by pickle.

    Attributes:
        repo: Dataset repo, a folder or a Hub id.
        click_models: Name -> what `load_click_model` takes.
        settings: How instances are scored.
        out: The results folder.
    """

    repo: str
    click_models: dict[str, str]
    settings: ScoreSettings
    out: Path

    def open(self) -> Callable[[ScoreTask], int]:
        """The worker of one process."""
        return _Worker(self)


class _Worker:
    """Opens the models once and each dataset once, then scores image after image."""

    def __init__(self, job: ScoreJob) -> None:
        self._job = job
        self._tables: dict[str, InstanceTable] = {}
        self._models: dict[str, ClickModel] = {
            name: load_click_model(spec) for name, spec in job.click_models.items()
        }

    def __call__(self, task: ScoreTask) -> int:
        """Score one image and write its rows; the number of its instances."""
        if task.dataset not in self._tables:
            self._tables[task.dataset] = load_instances(
                self._job.repo, task.dataset, split=task.split
            )
        table, rows = self._tables[task.dataset], []
        with one_thread():
            for index in task.indices:
                rows += score_instance(table[index], self._models, self._job.settings)
        write_table(task.part(self._job.out), pa.Table.from_pylist(rows, schema=SCORE_SCHEMA))
        return len(task.indices)


def run_click_scores(
    repo: str,
    datasets: Sequence[str],
    click_models: Sequence[str],
    out: Path,
    *,
    split: str | None = None,
    settings: ScoreSettings | None = None,
    num_proc: int | None = None,
    progress: bool = True,
) -> Path:
    """Score click models on datasets, a row an instance, click model and set of clicks.

    Each image's rows are written as soon as they are there, so that the same call goes on where a
    stopped one was. Values do not depend on the number of processes. Worker processes are spawned:
    call it from a module that can be imported (under ``if __name__ == "__main__":`` in a script).

    Args:
        repo: Dataset repo, a folder or a Hub id.
        datasets: Keys of ``SOURCE_DATASETS``.
        click_models: Names in ``CLICK_MODELS``, model folders or Hub ids.
        out: Results folder: made, or gone on in.
        split: Split of all datasets; None takes the one that the paper's tables are on.
        settings: How instances are scored; None takes the paper's way.
        num_proc: Processes; None takes one a core, 1 stays in this process.
        progress: Show a progress bar.

    Returns:
        Path of the rows (`SCORE_SCHEMA`), beside which ``manifest.json`` stands.

    Raises:
        RclicksError: If an argument is wrong, a dataset or click model is not there, ``out`` holds
            results of another configuration, or a worker process died.

    Example:
        >>> import tempfile
        >>> from rclicks_hf import data
        >>> scenes, name = data.generate_scenes(1, seed=3, size=(64, 64)), "simulated_scenes"
        >>> rounds = data.simulate_rounds(scenes, dataset=name, progress=False)
        >>> sources = {name: data.StoreWithPrevious(scenes, rounds.previous_masks)}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     repo, splits = f"{folder}/rclicks", {name: {"scene_000": "test"}}
        ...     _ = data.build_dataset(rounds.clicks, sources, repo, splits=splits, progress=False)
        ...     path = run_click_scores(
        ...         repo, [name], ["ud"], Path(folder) / "scores", num_proc=1, progress=False)
        ...     path.name, read_table(path, SCORE_SCHEMA)["click_model"].to_pylist()[:2]
        ('click_scores.parquet', ['ud', 'people, split-half'])
    """
    start, settings, processes = time.time(), settings or ScoreSettings(), process_count(num_proc)
    splits = {name: split or _paper_split(name) for name in _distinct(datasets, "dataset")}
    models = _named_models(click_models)
    for spec in models.values():
        load_click_model(spec)  # a wrong name is told before anything is written
    tasks = [task for name in splits for task in _plan(repo, name, splits[name])]
    identity = _identity(repo, splits, models, settings)
    manifest = {
        **identity,
        "is_finished": False,
        "command": command_line(),
        "versions": {"python": platform.python_version(), **library_versions(_LIBRARIES)},
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
    }
    found = read_manifest(out, "scores of click models", identity)
    if found is not None:
        refuse_other(out, found, manifest, identity)
    write_manifest(out, manifest)
    _run_missing(ScoreJob(repo, models, settings, out), tasks, processes, progress)
    table = _merged(out, tasks)
    write_table(out / SCORES, table)
    manifest |= {
        "is_finished": True,
        "rows": len(table),
        "instances": sum(len(task.stems) for task in tasks),
        "left_out": pc.sum(pc.not_equal(table["left_out"], "")).as_py(),
        "seconds": round(time.time() - start, 3),
    }
    write_manifest(out, manifest)
    return out / SCORES


def _distinct(names: Sequence[str], what: str) -> list[str]:
    if not names:
        raise RclicksError(f"{what}: none is given; name at least one")
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise RclicksError(f"{what}: {twice!r} is named twice; name each once")
    return list(names)


def _paper_split(dataset: str) -> str:
    if dataset not in SOURCE_DATASETS:
        known = ", ".join(SOURCE_DATASETS)
        raise RclicksError(f"{dataset!r}: unknown dataset; use one of {known}")
    return paper_split(dataset)


def _named_models(specs: Sequence[str]) -> dict[str, str]:
    """Name of each click model -> what loads it; a folder's name stands for its path."""
    names = [click_model_identity(spec)["click_model"] for spec in _distinct(specs, "click_model")]
    taken = next((name for name in names if name == PEOPLE or names.count(name) > 1), None)
    if taken is not None:
        raise RclicksError(f"click_model: two rows would be called {taken!r}; rename a folder")
    return dict(zip(names, specs, strict=True))


def _identity(
    repo: str, splits: dict[str, str], models: dict[str, str], settings: ScoreSettings
) -> dict[str, Any]:
    """What must be equal for a run to go on in a folder."""
    identities = [click_model_identity(spec) for spec in models.values()]
    return {
        "dataset": list(splits),
        "split": list(splits.values()),
        "click_model": list(models),
        **asdict(settings),
        "click_model_fingerprint": [one["click_model_fingerprint"] for one in identities],
        "dataset_fingerprint": [
            dataset_fingerprint(repo, name, split, ROUNDS) for name, split in splits.items()
        ],
    }


def _plan(repo: str, dataset: str, split: str) -> list[ScoreTask]:
    """One task an image, images in order of first appearance."""
    table = load_instances(repo, dataset, split=split)
    return [
        ScoreTask(dataset, split, stem, tuple(at), tuple(table.stems[index] for index in at))
        for stem, at in table.group_by_image().items()
    ]


def _is_done(task: ScoreTask, out: Path) -> bool:
    table = read_table(task.part(out), SCORE_SCHEMA)
    return table is not None and set(table["full_stem"].to_pylist()) == set(task.stems)


def _run_missing(job: ScoreJob, tasks: list[ScoreTask], processes: int, progress: bool) -> None:
    missing = [task for task in tasks if not _is_done(task, job.out)]
    total = sum(len(task.stems) for task in tasks)
    done = total - sum(len(task.stems) for task in missing)
    with tqdm(
        total=total, initial=done, desc="click models", unit="instance", disable=not progress
    ) as bar:
        for instances in run_tasks(job.open, missing, processes):
            bar.update(instances)


def _merged(out: Path, tasks: list[ScoreTask]) -> pa.Table:
    """The rows of all images, in the order of the datasets, whoever made them when."""
    parts = []
    for task in tasks:
        table = read_table(task.part(out), SCORE_SCHEMA)
        if table is None:
            raise RclicksError(f"{task.part(out)}: damaged since it was written; run it again")
        parts.append(table)
    return pa.concat_tables(parts)
