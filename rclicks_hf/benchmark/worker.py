"""The benchmark as a resumable job: one image per task, one part file per image."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from rclicks_hf.benchmark.engine import ImagePass
from rclicks_hf.benchmark.evaluation_setup import EvaluationSetup
from rclicks_hf.benchmark.instance_sets import ImageTask, InstanceSet
from rclicks_hf.benchmark.manifest import (
    IDENTITY,
    RESULTS,
    SEGMENTER_SETTINGS,
    describe_run,
    read_run,
    refuse_other_protocol,
    refuse_other_settings,
)
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.benchmark.result_rows import (
    RESULT_SCHEMA,
    TIMING_COLUMNS,
    part_keys,
    rows_to_table,
)
from rclicks_hf.benchmark.runs import need_click_model
from rclicks_hf.click_models.interface import ClickModel
from rclicks_hf.click_models.registry import click_model_identity, load_click_model
from rclicks_hf.click_models.registry import takes_options as click_model_takes
from rclicks_hf.jobs.model_identity import hub_revision
from rclicks_hf.jobs.results_folder import DTYPE, refuse_other_dtype
from rclicks_hf.jobs.resumable_job import Job
from rclicks_hf.jobs.threads import Threads
from rclicks_hf.segmenters.interface import Segmenter, on_dataset, settings_of
from rclicks_hf.segmenters.registry import load_segmenter, saved_settings, segmenter_identity
from rclicks_hf.segmenters.registry import takes_options as segmenter_takes
from rclicks_hf.support.network_options import NetworkOptions


@dataclass(frozen=True)
class BenchmarkJob(Job[ImageTask]):
    """A segmenter and a click model, each a spec or an object, on the images of an instance set."""

    instances: InstanceSet
    segmenter: str | Segmenter
    click_model: str | ClickModel
    runs: tuple[str, ...]
    protocol: BenchmarkProtocol
    fail_fast: bool = False
    options: NetworkOptions = field(default_factory=NetworkOptions)

    kind: ClassVar[str] = "a benchmark"
    results: ClassVar[str] = RESULTS
    schema: ClassVar[pa.Schema] = RESULT_SCHEMA
    identity: ClassVar[tuple[str, ...]] = IDENTITY
    of_worker: ClassVar[tuple[str, ...]] = (SEGMENTER_SETTINGS,)

    @property
    def takes_options(self) -> tuple[bool, bool]:
        """Whether segmenter and click model take the options."""
        draws = need_click_model(self.runs)
        return segmenter_takes(self.segmenter), draws and click_model_takes(self.click_model)

    @property
    def title(self) -> str:
        """Text next to the progress bar."""
        return f"{_name(self.segmenter)} on {self.instances.dataset}"

    def open(self) -> ImageWorker:
        """The worker of one process."""
        return ImageWorker(self)

    def manifest(self) -> dict[str, Any]:
        """The manifest of the unfinished run."""
        identity = {
            **segmenter_identity(self.segmenter),
            **click_model_identity(self.click_model),
            "dataset": self.instances.dataset,
            "split": self.instances.split,
            "dataset_fingerprint": self.instances.fingerprint(),
        }
        pictures = getattr(self.instances, "pictures_fingerprint", str)
        return {
            **describe_run(self.protocol, identity, self.runs),
            DTYPE: self.options.dtype,
            "repo": self._repo,  # where a report finds the pictures
            "pictures_fingerprint": pictures(),
        }

    def manifest_of(self, worker: Callable[[ImageTask], pa.Table]) -> dict[str, Any]:
        """The settings that the segmenter has on the dataset."""
        assert isinstance(worker, ImageWorker)
        return {SEGMENTER_SETTINGS: worker.segmenter_settings}

    def may_stay_closed(self) -> bool:
        """Whether the segmenter is loaded by its spec: an object may have other settings now."""
        return isinstance(self.segmenter, str)

    def manifest_closed(self) -> dict[str, Any]:
        """The settings that a click-map network has on the dataset, which need no weights."""
        assert isinstance(self.segmenter, str)
        reference = self.protocol.zooms_as_reference
        settings = saved_settings(self.segmenter, self.instances.dataset, reference=reference)
        return {} if settings is None else {SEGMENTER_SETTINGS: settings}

    @property
    def _repo(self) -> str:
        return str(getattr(self.instances, "repo", ""))

    def read_manifest(self) -> dict[str, Any] | None:
        """The folder's manifest; None where the folder is empty or absent."""
        return read_run(self.out)

    def refuse_other(self, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        """Refuse results of other models, of another dataset or protocol."""
        super().refuse_other(found, wanted)
        refuse_other_protocol(self.out, found["protocol"], self.protocol)
        refuse_other_settings(self.out, found, wanted)
        refuse_other_dtype(self.out, found, wanted)

    def is_whole(self, task: ImageTask, table: pa.Table) -> bool:
        """Whether a part holds every wanted instance and run."""
        return task.keys(self.runs) <= set(part_keys(table))

    def select(self, task: ImageTask, table: pa.Table) -> pa.Table:
        """The wanted rows of a part, which an earlier, larger run may have made.

        Where no wanted run draws from a click model no row names one, or an earlier run that did
        would split one method into two.
        """
        wanted = task.keys(self.runs)
        keep = [key in wanted for key in part_keys(table)]
        table = table.filter(pa.array(keep, pa.bool_()))
        if need_click_model(self.runs):
            return table
        place = RESULT_SCHEMA.get_field_index("click_model")
        no_names = pa.repeat(pa.scalar(""), table.num_rows)
        return table.set_column(place, RESULT_SCHEMA.field(place), no_names)

    def tally(self, table: pa.Table) -> Counter[str]:
        """Failed instances, clicks, and the seconds of encoder, decoder, clicker and metrics."""
        failed = table.filter(pc.not_equal(table["error"], ""))
        seconds = [pc.sum(table[column]).as_py() or 0.0 for column in TIMING_COLUMNS]
        return Counter(
            {
                "failures": len(failed["full_stem"].unique()),
                "clicks": len(pc.list_flatten(table["iou"])),
                "seconds": sum(seconds),
            }
        )

    def progress_text(self, tally: Counter[str]) -> str:
        """Mean seconds per click, and the failures if there are any."""
        text = f"{tally['seconds'] / max(tally['clicks'], 1):.3f} s/click"
        return f"{text}, {tally['failures']} failed" if tally["failures"] else text

    def finished(self, tally: Counter[str]) -> dict[str, Any]:
        """Failed instances, and the commits of all that came from the Hub."""
        return {
            "failures": tally["failures"],
            "revisions": {
                "segmenter": _revision(self.segmenter),
                "click_model": _revision(self.click_model),
                "dataset": hub_revision(self._repo, "dataset"),
            },
        }


def _name(model: Any) -> str:
    return model if isinstance(model, str) else model.name


def _revision(model: Any) -> str:
    return hub_revision(model, "model") if isinstance(model, str) else ""


class ImageWorker:
    """Opens the instances and the models once, then benchmarks image after image."""

    def __init__(self, job: BenchmarkJob) -> None:
        self._job = job
        self._instances, self._threads = job.instances.load(), Threads(job.threads)
        takes = job.takes_options
        of_segmenter = {name: one for name, one in job.options.given.items() if name != "compile"}
        self._segmenter = load_segmenter(job.segmenter, **of_segmenter if takes[0] else {})
        self.click_model = None
        if need_click_model(job.runs):
            # A copy: an object of the caller keeps the map rule that it has.
            given = job.options.given if takes[1] else {}
            self.click_model = copy.copy(load_click_model(job.click_model, **given))
            if hasattr(self.click_model, "normalize"):
                self.click_model.normalize = job.protocol.map_rule == "normalised"

    @property
    def segmenter_settings(self) -> dict[str, Any]:
        """What changes the segmenter's output besides its weights, on the job's dataset."""
        reference = self._job.protocol.zooms_as_reference
        dataset = self._job.instances.dataset
        return settings_of(on_dataset(self._segmenter, dataset, reference=reference))

    def prepare(self, task: ImageTask) -> ImagePass:
        """The image decoded and, where that is safe in a thread, encoded."""
        image = self._open(task)
        image.encode_ahead()
        return image

    def __call__(self, task: ImageTask, prepared: ImagePass | None = None) -> pa.Table:
        """Rows of all objects of one image."""
        return rows_to_table((prepared or self._open(task)).rows())

    def _open(self, task: ImageTask) -> ImagePass:
        job = self._job
        setup = EvaluationSetup(self._segmenter, self.click_model, job.protocol, self._threads)
        instances = [self._instances[index] for index in task.indices]
        return ImagePass(instances, setup, job.runs, fail_fast=job.fail_fast)
