"""One pass over one image: encoded once, then every run of every object clicks on that encoding."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from rclicks_hf.benchmark.clicker import Clicker
from rclicks_hf.benchmark.evaluation_setup import EvaluationSetup
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.benchmark.result_rows import ResultRow
from rclicks_hf.benchmark.runs import (
    BASELINE_RUN,
    SAMPLED_RUN,
    USER_RUN,
    check_runs,
    need_click_model,
)
from rclicks_hf.benchmark.single_clicks import click_as_sampled, click_as_users
from rclicks_hf.benchmark.trajectories import Trajectory, click_trajectories
from rclicks_hf.click_models.interface import ClickModel
from rclicks_hf.data.instances import Instance, share_pictures
from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters.interface import Segmenter, is_batched, on_dataset

TRAJECTORIES_TOGETHER = 64  # per call, of several objects: bounds the memory of a network


def run_image(
    instances: Sequence[Instance],
    segmenter: Segmenter,
    click_model: ClickModel | None,
    runs: Sequence[str] | None = None,
    protocol: BenchmarkProtocol | None = None,
    *,
    fail_fast: bool = False,
) -> list[ResultRow]:
    """Benchmark all objects of one image.

    Args:
        instances: First-round instances that share one image.
        segmenter: The segmenter, which is first adapted to the instances' dataset (`on_dataset`);
            `encode` is called once.
        click_model: What clicks are drawn from; None where no run draws (base and user).
        runs: Names from `RUNS`; None means every run of the protocol.
        protocol: The rules; None means the default ones.
        fail_fast: Raise at the first instance that fails instead of recording it.

    Returns:
        One row per instance and run, in the order of ``instances`` and `RUNS`. All rows of a failed
        instance hold the traceback.

    Raises:
        RclicksError: If a run does not exist, a run draws without a click model, or with
            ``fail_fast`` an instance fails.

    Example:
        >>> from rclicks_hf.segmenters import load_segmenter
        >>> image = np.zeros((24, 32, 3), np.uint8)
        >>> image[6:18, 8:16], image[6:18, 16:24] = 255, 60  # one object of two colours
        >>> mask = (image[..., 0] > 0).astype(np.int8)
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none", image, mask)
        >>> [row] = run_image([instance], load_segmenter("geocut"), None, runs=["base"])
        >>> len(row.iou), row.iou[:2], (row.x[0], row.y[0])  # the other half comes second
        (20, [0.5, 1.0], (13, 11))
    """
    protocol = protocol or BenchmarkProtocol()
    runs = check_runs(runs, protocol)
    if click_model is None and need_click_model(runs):
        raise RclicksError("click_model: needed by all runs except base and user; give one")
    setup = EvaluationSetup(segmenter, click_model, protocol)
    return ImagePass(instances, setup, runs, fail_fast=fail_fast).rows()


class ImagePass:
    """See `run_image`; ``runs`` are checked already."""

    def __init__(
        self,
        instances: Sequence[Instance],
        setup: EvaluationSetup,
        runs: tuple[str, ...],
        *,
        fail_fast: bool = False,
    ) -> None:
        protocol, dataset = setup.protocol, instances[0].dataset
        fitted = on_dataset(setup.segmenter, dataset, reference=protocol.zooms_as_reference)
        self._setup = replace(setup, segmenter=fitted)
        self._runs, self._fail_fast = runs, fail_fast
        self._of_image = {run: np.random.RandomState(protocol.seed) for run in runs}
        self._instances = share_pictures(instances)
        self._encoded: tuple[Any, float] | None = None

    def encode_ahead(self) -> None:
        """Encode the image now, if that is safe while another one is segmented."""
        if getattr(self._setup.segmenter, "encodes_ahead", False):
            self._encoded = self._encode()
        if self._setup.click_model is not None:
            self._setup.on_images.on(self._instances[0].image)

    def _encode(self) -> tuple[Any, float]:
        start = time.perf_counter()
        # A copy: a segmenter may change it, click models and later objects must not see that.
        state = self._setup.segmenter.encode(self._instances[0].image.copy())
        return state, time.perf_counter() - start

    def rows(self) -> list[ResultRow]:
        """The rows of all instances."""
        rows: list[ResultRow] = []
        instances, state, broken = self._instances, None, ""
        start = time.perf_counter()
        try:
            state, seconds = self._encoded or self._encode()
        except Exception as error:  # recorded for every object of the image
            broken, seconds = self._failure(instances[0], error), time.perf_counter() - start
        share = seconds / (len(instances) * len(self._runs))
        size = 1 if broken else self._objects_together()
        for first in range(0, len(instances), size):
            rows += self._run_recorded(instances[first : first + size], state, broken)
        for row in rows:
            row.seconds_encoder = share
        return rows

    def _objects_together(self) -> int:
        """How many objects share a call; one where the order of their draws matters."""
        if self._setup.protocol.shares_generators or not is_batched(self._setup.segmenter):
            return 1
        return max(1, TRAJECTORIES_TOGETHER // len(self._runs))

    def _run_recorded(
        self, instances: Sequence[Instance], state: Any, broken: str
    ) -> list[ResultRow]:
        """Rows of some objects; those of a failed one hold only the traceback."""
        if len(instances) > 1:
            with suppress(Exception):  # one by one shows which of them fails
                return self._run_objects(instances, state)
            return [row for one in instances for row in self._run_recorded([one], state, "")]
        if not broken:
            try:
                return self._run_objects(instances, state)
            except Exception as error:
                broken = self._failure(instances[0], error)
        rows = [self._row(instances[0], run) for run in self._runs]
        for row in rows:
            row.error = broken
        return rows

    def _failure(self, instance: Instance, error: Exception) -> str:
        """Traceback to record; raises under ``fail_fast``."""
        if self._fail_fast:
            raise RclicksError(
                f"{instance.full_stem}: {type(error).__name__}: {error}; without --fail-fast it is "
                "recorded and the others are run"
            ) from error
        return traceback.format_exc()

    def _run_objects(self, instances: Sequence[Instance], state: Any) -> list[ResultRow]:
        for instance in instances:
            _check_instance(instance)
        rows = [{run: self._row(instance, run) for run in self._runs} for instance in instances]
        pairs = list(zip(instances, rows, strict=True))
        clicked = [run for run in self._runs if run not in (USER_RUN, SAMPLED_RUN)]
        trajectories = [self._start(one, of_runs[run]) for one, of_runs in pairs for run in clicked]
        click_trajectories(self._setup, state, trajectories)
        for instance, of_runs in pairs:
            if USER_RUN in of_runs:
                click_as_users(self._setup, instance, state, of_runs[USER_RUN])
            if SAMPLED_RUN in of_runs:
                rng = self._generator(instance, SAMPLED_RUN)
                click_as_sampled(self._setup, instance, state, of_runs[SAMPLED_RUN], rng)
        return [row for of_runs in rows for row in of_runs.values()]

    def _row(self, instance: Instance, run: str) -> ResultRow:
        setup = self._setup
        return ResultRow(
            dataset=instance.dataset,
            full_stem=instance.full_stem,
            image_stem=instance.image_stem,
            split=instance.split,
            segmenter=setup.segmenter.name,
            click_model=setup.click_model.name if setup.click_model else "",
            run=run,
            is_simulated=instance.is_simulated,
            protocol_id=setup.protocol.id,
            protocol_digest=setup.protocol.digest,
        )

    def _start(self, instance: Instance, row: ResultRow) -> Trajectory:
        clicker = Clicker(
            instance.mask,
            group=self._setup.protocol.groups.get(row.run),
            seed=self._generator(instance, row.run),
        )
        nothing = np.zeros(instance.mask.shape, bool)
        return Trajectory(instance, row, clicker, row.run != BASELINE_RUN, nothing)

    def _generator(self, instance: Instance, run: str) -> np.random.RandomState:
        protocol = self._setup.protocol
        if protocol.shares_generators:
            return self._of_image[run]
        return np.random.RandomState(protocol.trajectory_seed(instance.full_stem, run))


def _check_instance(instance: Instance) -> None:
    if instance.click_type != "first":
        raise ValueError(f"only first-round instances are benchmarked, got {instance.click_type}")
    if instance.image.shape[:2] != instance.mask.shape:
        raise ValueError(
            f"mask must have the image's size {instance.image.shape[:2]}, got {instance.mask.shape}"
        )
    if not instance.object_mask.any():
        raise ValueError("mask has no object pixel: there is nothing to click on")
