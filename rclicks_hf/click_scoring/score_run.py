"""Scoring click models on datasets: a resumable job with one image per task."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rclicks_hf.click_models.interface import ClickModel
from rclicks_hf.click_models.registry import (
    click_model_identity,
    load_click_model,
    takes_options,
)
from rclicks_hf.click_scoring.paper_scores import paper_split
from rclicks_hf.click_scoring.score_rows import PEOPLE, SCORE_SCHEMA, ScoreSettings, score_image
from rclicks_hf.data import ROUNDS, SOURCE_DATASETS, Instance
from rclicks_hf.data.given_instances import GivenInstances, describe_instances
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import DTYPE, read_table, refuse_other_dtype
from rclicks_hf.jobs.resumable_job import Job, run_facts, run_job
from rclicks_hf.jobs.workers import plan_workers
from rclicks_hf.support.network_options import NetworkOptions, refuse_unused
from rclicks_hf.support.text.names import did_you_mean, names_of

SCORES = "click_scores.parquet"
GivenModel = str | os.PathLike[str] | ClickModel


@dataclass(frozen=True)
class ScoreTask:
    """The instances of one image of one dataset, by their positions in the loaded instances."""

    dataset: str
    split: str
    image_stem: str
    indices: tuple[int, ...]
    stems: tuple[str, ...]

    @property
    def part_name(self) -> str:
        """Name of the part file."""
        return f"{self.dataset}/{self.image_stem}"

    @property
    def size(self) -> int:
        """Number of instances."""
        return len(self.stems)


@dataclass(frozen=True)
class ScoreJob(Job[ScoreTask]):
    """Click models, by their names in the rows, on datasets of a repo or on given instances."""

    instances: str | GivenInstances
    splits: dict[str, str]
    click_models: dict[str, GivenModel]
    settings: ScoreSettings
    options: NetworkOptions = field(default_factory=NetworkOptions)

    kind: ClassVar[str] = "scores of click models"
    results: ClassVar[str] = SCORES
    schema: ClassVar[pa.Schema] = SCORE_SCHEMA
    identity: ClassVar[tuple[str, ...]] = (
        "dataset",
        "split",
        "click_model",
        *(one.name for one in fields(ScoreSettings)),
        "click_model_fingerprint",
        "dataset_fingerprint",
    )
    rows_per_group: ClassVar[int] = 1 << 18

    @property
    def title(self) -> str:
        """Text next to the progress bar."""
        return "click models"

    def open(self) -> _Worker:
        """The worker of one process."""
        return _Worker(self)

    def manifest(self) -> dict[str, Any]:
        """The manifest of the unfinished run."""
        return {
            "dataset": list(self.splits),
            "split": list(self.splits.values()),
            "click_model": list(self.click_models),
            **asdict(self.settings),
            "click_model_fingerprint": [_fingerprint(*of) for of in self.click_models.items()],
            "dataset_fingerprint": self._dataset_fingerprints(),
            "pictures_fingerprint": self._pictures_fingerprints(),
            DTYPE: self.options.dtype,
            **run_facts(),
        }

    def _dataset_fingerprints(self) -> list[str]:
        if isinstance(self.instances, GivenInstances):
            return [self.instances.digest]
        from rclicks_hf.data.fingerprint import dataset_fingerprint

        repo = self.instances
        return [dataset_fingerprint(repo, name, of, ROUNDS) for name, of in self.splits.items()]

    def _pictures_fingerprints(self) -> list[str]:
        if isinstance(self.instances, GivenInstances):
            return [""]
        from rclicks_hf.data.fingerprint import pictures_fingerprint

        return [pictures_fingerprint(self.instances, *of) for of in self.splits.items()]

    def refuse_other(self, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        """Refuse scores of other models, data, settings or precision."""
        super().refuse_other(found, wanted)
        refuse_other_dtype(self.out, found, wanted)

    def is_whole(self, task: ScoreTask, table: pa.Table) -> bool:
        """Whether a part holds every instance of the image."""
        return set(table["full_stem"].to_pylist()) == set(task.stems)

    def tally(self, table: pa.Table) -> Counter[str]:
        """Rows that could not be scored."""
        return Counter({"left_out": pc.sum(pc.not_equal(table["left_out"], "")).as_py() or 0})

    def finished(self, tally: Counter[str]) -> dict[str, Any]:
        """The number of rows that could not be scored."""
        return {"left_out": tally["left_out"]}


class _Worker:
    """Opens the models and each dataset once, then scores image after image."""

    def __init__(self, job: ScoreJob) -> None:
        self._job = job
        self._tables: dict[str, Any] = {}
        given = job.options.given
        self._models = {
            name: load_click_model(spec, **given if takes_options(spec) else {})
            for name, spec in job.click_models.items()
        }

    def prepare(self, task: ScoreTask) -> list[Instance]:
        """The instances of one image, decoded."""
        table = self._table(task)
        return [table[index] for index in task.indices]

    def __call__(self, task: ScoreTask, instances: list[Instance] | None = None) -> pa.Table:
        """Rows of all instances of one image."""
        instances = instances or self.prepare(task)
        rows = score_image(instances, self._models, self._job.settings)
        return pa.Table.from_pylist(rows, schema=SCORE_SCHEMA)

    def _table(self, task: ScoreTask) -> Any:
        instances = self._job.instances
        if isinstance(instances, GivenInstances):
            return instances
        from rclicks_hf.data import load_instances  # slow to import, for each process

        if task.dataset not in self._tables:
            self._tables[task.dataset] = load_instances(instances, task.dataset, split=task.split)
        return self._tables[task.dataset]


def run_click_scores(
    instances: str | os.PathLike[str] | Sequence[Instance],
    datasets: str | Sequence[str] | None,
    click_models: str | Sequence[str] | Mapping[str, GivenModel],
    out: str | Path,
    *,
    split: str | None = None,
    settings: ScoreSettings | None = None,
    num_proc: int | None = None,
    threads: int | None = None,
    device: str = "auto",
    dtype: str = "float32",
    batch_size: int | None = None,
    compile: bool = False,
    overwrite: bool = False,
    progress: bool = True,
    is_main: bool = True,
) -> Path:
    """Score click models, one row per instance, click model and set of clicks.

    Each image's rows are written as soon as they exist: the same call resumes a stopped run, and
    simultaneous calls on the same folder share the images. The values do not depend on the number
    of processes. Models given by name are loaded once per process, and first in this one, before
    anything is written. Worker processes are spawned: a script needs
    ``if __name__ == "__main__":``.

    Args:
        instances: Dataset repo (a folder or a Hub id), or instances, for example a list.
        datasets: Keys of ``SOURCE_DATASETS`` in the repo, or one; None for instances.
        click_models: Names, model folders or Hub ids, or one; or name in the rows -> one of these
            or a click model object.
        out: Results folder, created or resumed.
        split: Split of all datasets; None means the one of the paper's tables.
        settings: How instances are scored; None means as in the paper.
        num_proc: Number of processes. None means one per core, but a single one (this process)
            for objects that cannot be sent to others or that are on an accelerator, and a few per
            GPU for networks on GPUs.
        threads: Threads of each process for the work beside networks, and to prepare the next image
            meanwhile. None means none on a CPU, and the cores per worker on GPUs.
        device: Where networks that are given by name run: ``"auto"`` (GPUs if there are any),
            ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``; objects stay where they are.
        dtype: Precision of these networks' products and convolutions, ``"float32"``,
            ``"bfloat16"`` or ``"float16"``; it changes results and is part of the manifest.
        batch_size: Click maps per forward pass of these networks; None means 8.
        compile: Compile the clickability network on GPUs, which takes minutes per process.
        overwrite: Remove older results in ``out`` first.
        is_main: False in the helpers of a launch, which leave manifest and merging to the main
            process.

    Returns:
        Path of the rows, for `read_click_scores`, next to ``manifest.json``.

    Raises:
        RclicksError: If an argument is wrong, a dataset or click model does not exist, ``out``
            holds results of another configuration, or a worker process died.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from rclicks_hf.data import Clicks
        >>> mask = np.zeros((40, 60), np.int8)
        >>> mask[10:30, 20:50] = 1
        >>> clicks = Clicks(np.arange(25, 45, 4), np.arange(15, 25, 2), np.full(5, "pc"))
        >>> instance = Instance("a", "a", "", "davis", "test", "first", "none",
        ...                     np.zeros((40, 60, 3), np.uint8), mask, clicks=clicks)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = run_click_scores([instance], None, {"UD": "ud", "DT": "dt"}, folder,
        ...                             settings=ScoreSettings(halvings=0), num_proc=1,
        ...                             progress=False)
        ...     read_click_scores(path)[["click_model", "nss"]].round(3).values.tolist()
        [['UD', 1.732], ['DT', 2.972]]
    """
    models = _named_models(names_of(click_models))
    given: str | GivenInstances
    if isinstance(instances, str | os.PathLike):
        given = os.fspath(instances)
        splits = {
            name: split or _paper_split(name) for name in _distinct(names_of(datasets), "dataset")
        }
        tasks = [task for name in splits for task in _plan(given, name, splits[name])]
    else:
        given = describe_instances(instances)
        splits = {names.dataset: names.split for names in given.names}
        tasks = _plan_given(given)
    options = NetworkOptions(device, dtype, batch_size, compile)
    takers = [takes_options(spec) for spec in models.values()]
    refuse_unused(options, takers, models)
    job = ScoreJob(Path(out), given, splits, models, settings or ScoreSettings(), options)
    things = {"instances": given, **models}
    workers = plan_workers(num_proc, things, device, uses_device=any(takers), threads=threads)
    return run_job(job, tasks, workers, is_main=is_main, overwrite=overwrite, progress=progress)


def read_click_scores(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read the rows that `run_click_scores` wrote.

    Args:
        path: ``click_scores.parquet``, or the results folder that holds it.

    Returns:
        One row per instance, click model and set of clicks: ``dataset, split, full_stem, round,
        click_type, device, is_simulated, click_model, clicks``, one column per metric and per
        Monte Carlo error, ``ks_undefined, left_out``.

    Raises:
        RclicksError: If the file does not exist or is something else.

    Example:
        >>> read_click_scores("unfinished")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: unfinished: no scores of click models; let
        `rclicks evaluate-clicks --out` finish first
    """
    file = Path(path)
    if file.is_dir():
        file = file / SCORES
    if not file.is_file():
        raise RclicksError(
            f"{file}: no scores of click models; let `rclicks evaluate-clicks --out` finish first"
        )
    table = read_table(file, SCORE_SCHEMA)
    if table is None:
        raise RclicksError(
            f"{file}: not readable as scores of click models; run `rclicks evaluate-clicks` again"
        )
    return table.to_pandas()


def _distinct(names: Sequence[str] | None, what: str) -> list[str]:
    if not names:
        raise RclicksError(f"{what}: none given; name at least one")
    twice = next((name for name in names if list(names).count(name) > 1), None)
    if twice is not None:
        raise RclicksError(f"{what}: {twice!r} is named twice; name each once")
    return list(names)


def _paper_split(dataset: str) -> str:
    if dataset not in SOURCE_DATASETS:
        known = ", ".join(SOURCE_DATASETS)
        hint = did_you_mean(dataset, SOURCE_DATASETS)
        raise RclicksError(f"{dataset!r}: unknown dataset{hint}; use one of {known}")
    return paper_split(dataset)


def _named_models(models: Sequence[str] | Mapping[str, GivenModel]) -> dict[str, GivenModel]:
    """Name in the rows -> what loads the model; a folder's name stands for its path."""
    names = _distinct(list(models), "click_model")
    if not isinstance(models, Mapping):
        names = [click_model_identity(spec)["click_model"] for spec in models]
        models = dict(zip(names, models, strict=True))
    taken = next((name for name in names if name == PEOPLE or names.count(name) > 1), None)
    if taken is not None:
        raise RclicksError(f"click_model: two rows would have the name {taken!r}; rename a folder")
    return dict(models)


def _fingerprint(name: str, model: GivenModel) -> str:
    """A click model's fingerprint; its own name where it has none and is called otherwise here."""
    identity = click_model_identity(model)
    own = identity["click_model"]
    return identity["click_model_fingerprint"] or (own if own != name else "")


def _plan(repo: str, dataset: str, split: str) -> list[ScoreTask]:
    """One task per image, images in order of first appearance."""
    from rclicks_hf.data import load_instances

    table = load_instances(repo, dataset, split=split)
    return [
        ScoreTask(dataset, split, stem, tuple(at), tuple(table.stems[index] for index in at))
        for stem, at in table.group_by_image().items()
    ]


def _plan_given(given: GivenInstances) -> list[ScoreTask]:
    groups: dict[tuple[str, str, str], list[int]] = {}
    for index, names in enumerate(given.names):
        groups.setdefault((names.dataset, names.split, names.image_stem), []).append(index)
    if not groups:
        raise RclicksError("instances: none given; give at least one")
    if len({key[:2] for key in groups}) > len({key[0] for key in groups}):
        raise RclicksError("instances: two splits of one dataset; score each split separately")
    stems = given.stems
    return [
        ScoreTask(*key, tuple(at), tuple(stems[index] for index in at))
        for key, at in groups.items()
    ]
