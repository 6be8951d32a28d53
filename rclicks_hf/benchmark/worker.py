"""The part of the benchmark that runs in every process: one image at a time, one file an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rclicks_hf.benchmark.engine import run_image
from rclicks_hf.benchmark.instance_sets import ImageTask, InstanceSet
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.benchmark.result_rows import (
    TIMING_COLUMNS,
    ResultRow,
    part_keys,
    read_part,
    write_part,
)
from rclicks_hf.benchmark.runs import need_click_model
from rclicks_hf.click_models import load_click_model
from rclicks_hf.jobs.claims import CLAIMS, claim
from rclicks_hf.jobs.processes import one_thread
from rclicks_hf.jobs.results_folder import part_path
from rclicks_hf.segmenters.interface import load_segmenter


@dataclass(frozen=True)
class Job:
    """All that a process needs to know; it travels by pickle.

    Attributes:
        source: The instances.
        segmenter: Name, or ``module:Class``.
        click_model: Name, folder or Hub id.
        runs: Names of the runs.
        protocol: The rules.
        out: The results folder, which other processes may work in too.
        fail_fast: Whether the first failure stops the run.
        waits: Whether to wait for images that another process is at, instead of leaving them.

    Example:
        >>> import pickle
        >>> from rclicks_hf.benchmark.instance_sets import RepoInstances
        >>> job = Job(RepoInstances("rclicks", "grabcut"), "geocut", "ud", ("base",),
        ...           BenchmarkProtocol(), Path("runs"))
        >>> pickle.loads(pickle.dumps(job)) == job
        True
    """

    source: InstanceSet
    segmenter: str
    click_model: str
    runs: tuple[str, ...]
    protocol: BenchmarkProtocol
    out: Path
    fail_fast: bool = False
    waits: bool = False

    def open(self) -> ImageWorker:
        """The worker of one process."""
        return ImageWorker(self)

    def is_done(self, task: ImageTask) -> bool:
        """Whether the image's file is whole and holds every row that is wanted."""
        table = read_part(part_path(self.out, task.image_stem))
        return table is not None and task.keys(self.runs) <= set(part_keys(table))


@dataclass(frozen=True)
class ImageOutcome:
    """What one image came to.

    Attributes:
        task: The image.
        is_done: Whether its file is there; another process may be at it, or have done it.
        failures: How many of its instances failed, if they were run here.
        clicks: Clicks made here in all.
        seconds: Spent here in encoder, decoder, clicker and metrics.
    """

    task: ImageTask
    is_done: bool = True
    failures: int = 0
    clicks: int = 0
    seconds: float = 0.0


class ImageWorker:
    """Opens the instances and the models once, then benchmarks image after image."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._instances = job.source.load()
        self._segmenter = load_segmenter(job.segmenter)
        self.click_model = None
        if need_click_model(job.runs):
            self.click_model = load_click_model(job.click_model)
            if hasattr(self.click_model, "normalize"):
                self.click_model.normalize = job.protocol.map_rule == "normalised"

    def __call__(self, task: ImageTask) -> ImageOutcome:
        """Benchmark one image and write its part file, unless another process does or did.

        Raises:
            RclicksError: If the file cannot be written, or with ``fail_fast`` an instance fails.
        """
        job, part = self._job, part_path(self._job.out, task.image_stem)
        if job.is_done(task):
            return ImageOutcome(task)
        with claim(job.out / CLAIMS / part.stem, wait=job.waits) as is_mine:
            if not is_mine:
                return ImageOutcome(task, is_done=False)
            if job.is_done(task):  # since we looked
                return ImageOutcome(task)
            rows = self._run(task)
            write_part(part, rows)
        return _outcome(task, rows)

    def _run(self, task: ImageTask) -> list[ResultRow]:
        job = self._job
        with one_thread():
            return run_image(
                [self._instances[index] for index in task.indices],
                self._segmenter,
                self.click_model,
                job.runs,
                job.protocol,
                fail_fast=job.fail_fast,
            )


def _outcome(task: ImageTask, rows: list[ResultRow]) -> ImageOutcome:
    return ImageOutcome(
        task,
        failures=len({row.full_stem for row in rows if row.error}),
        clicks=sum(len(row.iou) for row in rows),
        seconds=sum(getattr(row, column) for row in rows for column in TIMING_COLUMNS),
    )
