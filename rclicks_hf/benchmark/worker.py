"""The part of the benchmark that runs in every process: one image at a time, one file an image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rclicks_hf.benchmark.engine import run_image
from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.benchmark.results import ResultRow, write_part
from rclicks_hf.benchmark.source import ImageTask, InstanceSource
from rclicks_hf.processes import one_thread
from rclicks_hf.results_folder import part_path
from rclicks_hf.segmenters.base import load_segmenter


@dataclass(frozen=True)
class Job:
    """All that a process needs to know; it travels by pickle.

    Attributes:
        source: The instances.
        segmenter: Name, or ``module:Class``.
        click_model: Name, folder or Hub id.
        runs: Names of the runs.
        protocol: The rules.
        out: The results folder.
        fail_fast: Whether the first failure stops the run.

    Example:
        >>> import pickle
        >>> from rclicks_hf.benchmark.source import RepoInstances
        >>> job = Job(RepoInstances("rclicks", "grabcut"), "geocut", "ud", ("base",),
        ...           BenchmarkProtocol(), Path("runs"))
        >>> pickle.loads(pickle.dumps(job)) == job
        True
    """

    source: InstanceSource
    segmenter: str
    click_model: str
    runs: tuple[str, ...]
    protocol: BenchmarkProtocol
    out: Path
    fail_fast: bool = False

    def open(self) -> ImageWorker:
        """The worker of one process."""
        return ImageWorker(self)


@dataclass(frozen=True)
class ImageOutcome:
    """What one image came to.

    Attributes:
        instances: Number of instances.
        failures: How many of them failed.
        clicks: Clicks made in all.
        seconds: Spent in encoder, decoder and clicker.
    """

    instances: int
    failures: int
    clicks: int
    seconds: float


class ImageWorker:
    """Opens the instances and the models once, then benchmarks image after image."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._instances = job.source.load()
        self._segmenter = load_segmenter(job.segmenter)
        self._click_model = None
        if any(run in CLICKING_GROUPS for run in job.runs):
            from rclicks_hf.click_models import load_click_model

            self._click_model = load_click_model(job.click_model)

    def __call__(self, task: ImageTask) -> ImageOutcome:
        """Benchmark one image and write its part file.

        Raises:
            RclicksError: If the file cannot be written, or with ``fail_fast`` an instance fails.
        """
        job = self._job
        with one_thread():
            rows = run_image(
                [self._instances[index] for index in task.indices],
                self._segmenter,
                self._click_model,
                job.runs,
                job.protocol,
                fail_fast=job.fail_fast,
            )
        write_part(part_path(job.out, task.image_stem), rows)
        return _outcome(rows)


def _outcome(rows: list[ResultRow]) -> ImageOutcome:
    return ImageOutcome(
        instances=len({row.full_stem for row in rows}),
        failures=len({row.full_stem for row in rows if row.error}),
        clicks=sum(len(row.iou) for row in rows),
        seconds=sum(r.seconds_encoder + r.seconds_decoder + r.seconds_clicker for r in rows),
    )
