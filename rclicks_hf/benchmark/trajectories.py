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
    """Clicks and mask of one run on one object so far."""

    instance: Instance
    row: ResultRow  # receives clicks, scores and seconds
    clicker: Clicker  # chooses the clicks, with a generator of its own or one that the image shares
    draws: bool  # whether the clicks come from a click map
    mask: np.ndarray  # (H, W) bool, the segmenter's current object
    memory: Any = None  # what the segmenter gets back with the next clicks
    clicks: list[Click] = field(default_factory=list)  # all clicks so far


def click_trajectories(
    setup: EvaluationSetup, state: Any, trajectories: Sequence[Trajectory]
) -> None:
    """Make all clicks of new trajectories on one image, an object's trajectories in a row."""
    active = list(trajectories)
    for _ in range(setup.protocol.max_clicks):
        if active:
            _click_once(setup, state, active)
        active = [t for t in active if not t.row.iou[-1] >= setup.protocol.target_iou]


def _click_once(setup: EvaluationSetup, state: Any, trajectories: list[Trajectory]) -> None:
    start = time.perf_counter()
    _next_clicks(setup, trajectories)
    clicked = time.perf_counter()
    predicted = setup.predict(
        state,
        [list(t.clicks) for t in trajectories],  # copies, which the segmenter may change
        [t.memory for t in trajectories],
        trajectories[0].mask.shape,
    )
    for trajectory, found in zip(trajectories, predicted, strict=True):
        trajectory.mask, trajectory.memory = found.mask, found.memory
    decoded = time.perf_counter()
    _score(setup, trajectories)
    scored, count = time.perf_counter(), len(trajectories)
    for trajectory in trajectories:
        trajectory.row.seconds_clicker += (clicked - start) / count
        trajectory.row.seconds_decoder += (decoded - clicked) / count
        trajectory.row.seconds_metrics += (scored - decoded) / count


def _next_clicks(setup: EvaluationSetup, trajectories: list[Trajectory]) -> None:
    targets = setup.each(lambda t: t.clicker.target(t.mask), trajectories)
    pairs = list(zip(trajectories, targets, strict=True))
    maps = iter(setup.click_maps([(t.instance, target) for t, target in pairs if t.draws]))
    wanted = [(t, target, next(maps) if t.draws else None) for t, target in pairs]
    clicks = setup.each(lambda one: one[0].clicker.click(*one[1:]), wanted)
    for trajectory, click in zip(trajectories, clicks, strict=True):
        trajectory.clicks.append(click)


def _score(setup: EvaluationSetup, trajectories: list[Trajectory]) -> None:
    for _, of_object in groupby(trajectories, key=lambda t: t.instance.full_stem):
        same = list(of_object)
        masks = [t.mask for t in same]
        for t, scores in zip(same, setup.scores(same[0].instance, masks), strict=True):
            t.row.append(t.clicks[-1], *scores)
