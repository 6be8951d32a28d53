"""Runs of single clicks, each from scratch: real users' first clicks, and as many sampled ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from rclicks_hf.benchmark.clicker import Clicker, clip_click
from rclicks_hf.benchmark.evaluation_setup import EvaluationSetup
from rclicks_hf.benchmark.result_rows import ResultRow
from rclicks_hf.data.instances import Click, Instance

BATCH = 16  # first clicks per forward pass: bounds the memory of a large network


def click_as_users(setup: EvaluationSetup, instance: Instance, state: Any, row: ResultRow) -> None:
    """Each user's first click alone, as a positive click on an untouched image (User@1)."""
    start = time.perf_counter()
    clicks = [
        clip_click(Click(int(x), int(y), True), instance.mask.shape)
        for x, y in zip(instance.clicks.x, instance.clicks.y, strict=True)
    ]
    row.seconds_clicker += time.perf_counter() - start
    _click_alone(setup, instance, state, clicks, row)


def click_as_sampled(
    setup: EvaluationSetup,
    instance: Instance,
    state: Any,
    row: ResultRow,
    rng: np.random.RandomState,
) -> None:
    """As many first clicks as there are users, drawn from the whole click map (NUser@1)."""
    start = time.perf_counter()
    clicks: list[Click] = []
    if len(instance.clicks):
        target = Clicker(instance.mask).target(np.zeros(instance.mask.shape, bool))
        [click_map] = setup.click_maps([(instance, target)])
        clicker = Clicker(instance.mask, seed=rng)
        clicks = clicker.alternatives(target, click_map, len(instance.clicks))
    row.seconds_clicker += time.perf_counter() - start
    _click_alone(setup, instance, state, clicks, row)


def _click_alone(
    setup: EvaluationSetup, instance: Instance, state: Any, clicks: Sequence[Click], row: ResultRow
) -> None:
    """Score clicks from scratch; equal ones are predicted once."""
    scores: dict[Click, tuple[float, float]] = {}
    distinct = list(dict.fromkeys(clicks))
    for first in range(0, len(distinct), BATCH):
        batch = distinct[first : first + BATCH]
        start = time.perf_counter()
        found = setup.predict(
            state, [[click] for click in batch], [None] * len(batch), instance.mask.shape
        )
        decoded = time.perf_counter()
        masks = [predicted.mask for predicted in found]
        scores |= dict(zip(batch, setup.scores(instance, masks), strict=True))
        row.seconds_decoder += decoded - start
        row.seconds_metrics += time.perf_counter() - decoded
    for click in clicks:
        row.append(click, *scores[click])
