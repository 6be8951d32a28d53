"""One pass over one image: encoded once, then every run of every object clicks on that encoding."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from rclicks_hf.benchmark.clicker import Clicker, Target, clip_click
from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.benchmark.results import BASELINE_RUN, RUNS, USER_RUN, ResultRow
from rclicks_hf.data.instances import Click, Instance
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import boundary_iou, iou
from rclicks_hf.segmenters.base import Prediction, Segmenter
from rclicks_hf.segmenters.conformance import check_predictions

USER_BATCH = 16  # first clicks predicted at once: bounds the memory of a large network


class ClickMaps(Protocol):
    """What the engine needs of a click model."""

    name: str

    def click_maps(
        self,
        images: Sequence[np.ndarray],
        object_masks: Sequence[np.ndarray],
        error_masks: Sequence[np.ndarray],
    ) -> Sequence[np.ndarray]:
        """(H, W) maps >= 0, one an entry of the lists."""
        ...


@dataclass(eq=False)
class _Trajectory:
    """Clicks and masks of one run, while it goes on."""

    row: ResultRow
    clicker: Clicker
    draws: bool  # from a click map, not the baseline
    prediction: np.ndarray  # (H, W) bool
    memory: Any = None
    clicks: list[Click] = field(default_factory=list)


def check_runs(runs: Sequence[str]) -> tuple[str, ...]:
    """The runs in the order of the rows, if all exist.

    Args:
        runs: Names out of `RUNS`.

    Raises:
        RclicksError: If one does not exist, or there are none.

    Example:
        >>> check_runs(["g10", "base"])
        ('base', 'g10')
    """
    unknown = [run for run in runs if run not in RUNS]
    if unknown or not runs:
        wrong = unknown[0] if unknown else "no run at all"
        raise RclicksError(f"runs: {wrong} cannot be run; choose from {', '.join(RUNS)}")
    return tuple(run for run in RUNS if run in runs)


def run_image(
    instances: Sequence[Instance],
    segmenter: Segmenter,
    click_model: ClickMaps | None,
    runs: Sequence[str] = RUNS,
    protocol: BenchmarkProtocol | None = None,
    *,
    fail_fast: bool = False,
) -> list[ResultRow]:
    """Benchmark all objects of one image.

    Args:
        instances: First-round instances that share one image.
        segmenter: The method; `encode` is called once.
        click_model: What the clicking groups draw from; None where no group is run.
        runs: Names out of `RUNS`.
        protocol: The rules; None takes the default ones.
        fail_fast: Raise at the first instance that fails instead of recording it.

    Returns:
        One row an instance and run, in the order of ``instances`` and `RUNS`. A failed instance has
        the traceback in all its rows.

    Raises:
        RclicksError: If a run does not exist, a group is run without a click model, or with
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
    runs, protocol = check_runs(runs), protocol or BenchmarkProtocol()
    if click_model is None and any(run in CLICKING_GROUPS for run in runs):
        raise RclicksError("runs: the clicking groups draw from a click model; give one")
    pass_ = _ImagePass(segmenter, click_model, runs, protocol, fail_fast)
    return pass_.run(instances)


class _ImagePass:
    def __init__(
        self,
        segmenter: Segmenter,
        click_model: ClickMaps | None,
        runs: tuple[str, ...],
        protocol: BenchmarkProtocol,
        fail_fast: bool,
    ) -> None:
        self._segmenter, self._click_model = segmenter, click_model
        self._runs, self._protocol, self._fail_fast = runs, protocol, fail_fast

    def run(self, instances: Sequence[Instance]) -> list[ResultRow]:
        rows: list[ResultRow] = []
        start, state, broken = time.perf_counter(), None, ""
        try:
            state = self._segmenter.encode(instances[0].image)
        except Exception as error:  # recorded for every object of the image
            broken = self._failure(instances[0], error)
        share = (time.perf_counter() - start) / (len(instances) * len(self._runs))
        for instance in instances:
            rows += self._run_recorded(instance, state, broken)
        for row in rows:
            row.seconds_encoder = share
        return rows

    def _run_recorded(self, instance: Instance, state: Any, broken: str) -> list[ResultRow]:
        """Rows of one instance; those of a failed one hold nothing but the traceback."""
        if not broken:
            try:
                return self._run_instance(instance, state)
            except Exception as error:
                broken = self._failure(instance, error)
        rows = [self._row(instance, run) for run in self._runs]
        for row in rows:
            row.error = broken
        return rows

    def _failure(self, instance: Instance, error: Exception) -> str:
        """Traceback to record; raises instead where failures are not to be recorded."""
        if self._fail_fast:
            raise RclicksError(
                f"{instance.full_stem}: {type(error).__name__}: {error}; without --fail-fast it is "
                "recorded and the others go on"
            ) from error
        return traceback.format_exc()

    def _run_instance(self, instance: Instance, state: Any) -> list[ResultRow]:
        _check_instance(instance)
        rows = {run: self._row(instance, run) for run in self._runs}
        clicked = [run for run in self._runs if run != USER_RUN]
        self._click(instance, state, [self._start(instance, rows[run]) for run in clicked])
        if USER_RUN in rows:
            self._replay_users(instance, state, rows[USER_RUN])
        return list(rows.values())

    def _row(self, instance: Instance, run: str) -> ResultRow:
        return ResultRow(
            dataset=instance.dataset,
            full_stem=instance.full_stem,
            image_stem=instance.image_stem,
            split=instance.split,
            segmenter=self._segmenter.name,
            click_model=self._click_model.name if self._click_model else "",
            run=run,
            is_simulated=instance.is_simulated,
            protocol_id=self._protocol.id,
            protocol_digest=self._protocol.digest,
        )

    def _start(self, instance: Instance, row: ResultRow) -> _Trajectory:
        draws = row.run != BASELINE_RUN
        clicker = Clicker(
            instance.mask,
            group=CLICKING_GROUPS[row.run] if draws else None,
            seed=self._protocol.trajectory_seed(instance.full_stem, row.run),
        )
        return _Trajectory(row, clicker, draws, np.zeros(instance.mask.shape, bool))

    def _click(self, instance: Instance, state: Any, trajectories: list[_Trajectory]) -> None:
        """All clicks of the baseline and the groups, side by side."""
        for _ in range(self._protocol.max_clicks if trajectories else 0):
            start = time.perf_counter()
            self._next_clicks(instance, trajectories)
            clicked = time.perf_counter()
            predictions = self._predict(
                state,
                [t.clicks for t in trajectories],
                [t.memory for t in trajectories],
                instance.mask.shape,
            )
            decoded = time.perf_counter()
            for trajectory, prediction in zip(trajectories, predictions, strict=True):
                trajectory.memory = prediction.memory
                trajectory.prediction = self._threshold(prediction)
                trajectory.row.seconds_clicker += (clicked - start) / len(trajectories)
                trajectory.row.seconds_decoder += (decoded - clicked) / len(trajectories)
            masks = np.stack([t.prediction for t in trajectories])
            for trajectory, scores in zip(trajectories, self._scores(instance, masks), strict=True):
                _append(trajectory.row, trajectory.clicks[-1], *scores)

    def _next_clicks(self, instance: Instance, trajectories: list[_Trajectory]) -> None:
        targets = [t.clicker.target(t.prediction) for t in trajectories]
        maps = self._click_maps(
            instance,
            [target for t, target in zip(trajectories, targets, strict=True) if t.draws],
        )
        for trajectory, target in zip(trajectories, targets, strict=True):
            click_map = maps.get(_key(target)) if trajectory.draws else None
            trajectory.clicks.append(trajectory.clicker.click(target, click_map))

    def _click_maps(self, instance: Instance, targets: list[Target]) -> dict[bytes, np.ndarray]:
        """One map for every distinct error mask that is not empty, in one batch."""
        masks = {_key(target): target.error_mask for target in targets if target.error_mask.any()}
        if not masks or self._click_model is None:
            return {}
        count = len(masks)
        maps = self._click_model.click_maps(
            [instance.image] * count, [instance.object_mask] * count, list(masks.values())
        )
        return dict(zip(masks, maps, strict=True))

    def _replay_users(self, instance: Instance, state: Any, row: ResultRow) -> None:
        """Each user's first click alone, as a positive click on an untouched image."""
        clicks = [
            clip_click(Click(int(x), int(y), True), instance.mask.shape)
            for x, y in zip(instance.clicks.x, instance.clicks.y, strict=True)
        ]
        scores: dict[Click, tuple[float, float]] = {}
        distinct = list(dict.fromkeys(clicks))
        for first in range(0, len(distinct), USER_BATCH):
            batch = distinct[first : first + USER_BATCH]
            start = time.perf_counter()
            predictions = self._predict(
                state, [[click] for click in batch], [None] * len(batch), instance.mask.shape
            )
            row.seconds_decoder += time.perf_counter() - start
            masks = np.stack([self._threshold(prediction) for prediction in predictions])
            scores |= dict(zip(batch, self._scores(instance, masks), strict=True))
        for click in clicks:
            _append(row, click, *scores[click])

    def _predict(
        self,
        state: Any,
        clicks: list[list[Click]],
        memories: list[Any],
        shape: tuple[int, ...],
    ) -> list[Prediction]:
        predictions = self._segmenter.predict(state, clicks, memories)
        return check_predictions(predictions, len(clicks), (shape[0], shape[1]))

    def _threshold(self, prediction: Prediction) -> np.ndarray:
        return np.asarray(prediction.probability) > self._segmenter.threshold

    def _scores(self, instance: Instance, masks: np.ndarray) -> list[tuple[float, float]]:
        """(IoU, boundary IoU) of every mask; the unknown band, -1, does not count."""
        ratio = self._protocol.boundary_dilation_ratio
        ious = np.atleast_1d(iou(instance.mask, masks))
        boundary = np.atleast_1d(boundary_iou(instance.mask, masks, dilation_ratio=ratio))
        return list(zip(ious.tolist(), boundary.tolist(), strict=True))


def _check_instance(instance: Instance) -> None:
    if instance.click_type != "first":
        raise ValueError(f"only first-round instances are benchmarked, got {instance.click_type}")
    if instance.image.shape[:2] != instance.mask.shape:
        raise ValueError(
            f"mask must have the image's size {instance.image.shape[:2]}, got {instance.mask.shape}"
        )
    if not instance.object_mask.any():
        raise ValueError("mask has no object pixel: there is nothing to click on")


def _key(target: Target) -> bytes:
    return np.packbits(target.error_mask).tobytes()


def _append(row: ResultRow, click: Click, iou_value: float, boundary_value: float) -> None:
    row.x.append(click.x)
    row.y.append(click.y)
    row.is_positive.append(click.is_positive)
    row.iou.append(iou_value)
    row.boundary_iou.append(boundary_value)
