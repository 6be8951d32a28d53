"""Runs of many clicks, side by side: the baseline and the groups of one or more objects."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from rclicks_hf.benchmark.clicker import Clicker
from rclicks_hf.benchmark.evaluation_setup import EvaluationSetup
from rclicks_hf.benchmark.result_rows import ResultRow
from rclicks_hf.data.instances import Click, Instance


@dataclass(eq=False)
class Trajectory:
    """Clicks and mask of one run on one object, while it goes on.

    Attributes:
        instance: The object.
        row: Where clicks, scores and seconds go.
        clicker: Makes the clicks, from a generator of its own or one that the image shares.
        draws: Whether the clicks come from a click map.
        mask: (H, W) bool, what the segmenter takes for the object now.
        memory: What the segmenter wants back.
        clicks: All clicks so far.
    """

    instance: Instance
    row: ResultRow
    clicker: Clicker
    draws: bool
    mask: np.ndarray
    memory: Any = None
    clicks: list[Click] = field(default_factory=list)


def click_trajectories(
    method: EvaluationSetup, state: Any, trajectories: Sequence[Trajectory]
) -> None:
    """Make all clicks of trajectories on one image; each ends in its row.

    Args:
        method: Segmenter, click model and protocol.
        state: What the segmenter made of the image.
        trajectories: Fresh ones, those of an object one after the other.

    Raises:
        ValueError: If segmenter or click model return what they must not.
    """
    active = list(trajectories)
    for _ in range(method.protocol.max_clicks):
        if active:
            _click_once(method, state, active)
        active = [t for t in active if not t.row.iou[-1] >= method.protocol.target_iou]


def _click_once(method: EvaluationSetup, state: Any, trajectories: list[Trajectory]) -> None:
    start = time.perf_counter()
    _next_clicks(method, trajectories)
    clicked = time.perf_counter()
    predicted = method.predict(
        state,
        [list(t.clicks) for t in trajectories],  # their own, to do with what they like
        [t.memory for t in trajectories],
        trajectories[0].mask.shape,
    )
    for trajectory, found in zip(trajectories, predicted, strict=True):
        trajectory.mask, trajectory.memory = found.mask, found.memory
    decoded = time.perf_counter()
    _score(method, trajectories)
    scored, count = time.perf_counter(), len(trajectories)
    for trajectory in trajectories:
        trajectory.row.seconds_clicker += (clicked - start) / count
        trajectory.row.seconds_decoder += (decoded - clicked) / count
        trajectory.row.seconds_metrics += (scored - decoded) / count


def _next_clicks(method: EvaluationSetup, trajectories: list[Trajectory]) -> None:
    targets = [t.clicker.target(t.mask) for t in trajectories]
    pairs = list(zip(trajectories, targets, strict=True))
    maps = iter(method.click_maps([(t.instance, target) for t, target in pairs if t.draws]))
    for trajectory, target in pairs:
        click_map = next(maps) if trajectory.draws else None
        trajectory.clicks.append(trajectory.clicker.click(target, click_map))


def _score(method: EvaluationSetup, trajectories: list[Trajectory]) -> None:
    for _, of_object in groupby(trajectories, key=lambda t: t.instance.full_stem):
        same = list(of_object)
        masks = np.stack([t.mask for t in same])
        for t, scores in zip(same, method.scores(same[0].instance.mask, masks), strict=True):
            t.row.append(t.clicks[-1], *scores)
