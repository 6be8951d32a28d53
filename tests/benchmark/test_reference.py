"""The protocol `reference`, draw for draw: the stored clicks of the paper's code, by the engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.benchmark_fakes import Disks, FakeSource, Slope, make_instance

from rclicks_hf.benchmark import PROTOCOLS, BenchmarkProtocol, Clicker, run_image
from rclicks_hf.benchmark.instance_sets import plan_images
from rclicks_hf.benchmark.worker import BenchmarkJob
from rclicks_hf.data import Instance
from rclicks_hf.segmenters import Prediction

REFERENCE = PROTOCOLS["reference"]
# Run of the stored clicks -> the run of the engine, with the edges that make it a group.
TEN, ONE = REFERENCE.group_edges, (0.0, 1.0)
STORED = {
    "baseline": ("base", TEN),
    "0.0-0.1": ("g1", TEN),
    "0.1-0.2": ("g2", TEN),
    "0.4-0.5": ("g5", TEN),
    "0.9-1.0": ("g10", TEN),
    "0.0-1.0": ("g1", ONE),
}


class Replay:
    """Predicts the stored masks, whatever the clicks; also the click model of the stored map."""

    name, threshold = "replay", 0.5

    def __init__(self, data: Any, case: int) -> None:
        self.mask, self.click_map = data[f"{case}/gt"], data[f"{case}/click_map"]
        bits = np.unpackbits(data[f"{case}/predictions"], axis=-1)[..., : self.mask.shape[1]]
        self.masks = bits.astype(np.float32)

    def encode(self, image: np.ndarray) -> None:
        return None

    def predict(self, state: None, clicks: Any, previous: Any) -> list[Prediction]:
        last = len(self.masks) - 1
        return [Prediction(self.masks[min(len(of), last)]) for of in clicks]

    def click_maps(self, images: Any, object_masks: Any, error_masks: Any) -> list[np.ndarray]:
        return [self.click_map] * len(images)

    def instance(self, stem: str) -> Instance:
        image = np.zeros((*self.mask.shape, 3), np.uint8)
        return Instance(stem, "i", stem, "grabcut", "test", "first", "none", image, self.mask)


def clicks_of(row: Any) -> np.ndarray:
    return np.array([row.x, row.y, row.is_positive], int).T


@pytest.mark.parametrize("run", STORED)
def test_the_engine_clicks_as_the_paper_s_code(oracles: Path, run: str) -> None:
    with np.load(oracles / "clicker/data.npz", allow_pickle=False) as data:
        for case in range(6):
            expect_the_stored_clicks(Replay(data, case), data[f"{case}/clicks/{run}"], run)


def expect_the_stored_clicks(replay: Replay, expected: np.ndarray, run: str) -> None:
    name, edges = STORED[run]
    protocol = replace(REFERENCE, max_clicks=8, group_edges=edges)
    objects = [replay.instance("1"), replay.instance("2")]
    [alone] = run_image(objects[:1], replay, replay, [name], protocol)
    first, second = run_image(objects, replay, replay, [name], protocol)
    np.testing.assert_array_equal(clicks_of(alone), expected)
    np.testing.assert_array_equal(clicks_of(first), expected)
    np.testing.assert_array_equal(clicks_of(second), after(replay, protocol, name))


def after(replay: Replay, protocol: BenchmarkProtocol, run: str) -> np.ndarray:
    """Clicks of an object whose generator another one with the same masks has used before."""
    stream = np.random.RandomState(42)
    for _ in range(2):
        click_map = None if run == "base" else (lambda _: replay.click_map)
        clicker = Clicker(replay.mask, click_map, protocol.groups.get(run), stream)
        clicks = [clicker.next(mask > 0) for mask in replay.masks]
    return np.array(clicks, int)


def test_sampled_users_of_an_image_share_one_stream() -> None:
    objects, model = [make_instance(k, "i", k, seed=int(k)) for k in "12"], Slope()
    rows = run_image(objects, Disks(), model, ["nuser"], REFERENCE)
    stream = np.random.RandomState(42)
    for instance, row in zip(objects, rows, strict=True):
        for k in range(len(instance.clicks)):
            clicker = Clicker(instance.mask, model.click_map, seed=stream)
            assert (row.x[k], row.y[k], True) == clicker.next(instance.mask == 2)


def test_a_run_does_not_use_the_stream_of_another() -> None:
    objects = [make_instance(k, "i", k, seed=int(k)) for k in "12"]
    together = run_image(objects, Disks(), Slope(), ["g1", "g2"], REFERENCE)
    alone = run_image(objects, Disks(), Slope(), ["g2"], REFERENCE)
    assert [row.x for row in together if row.run == "g2"] == [row.x for row in alone]


def test_one_object_of_an_image_is_run_with_those_before_it() -> None:
    table = FakeSource().load()
    [task] = plan_images(table, stems=["two.objects_______7"], whole_images=True)
    assert [table[index].object_stem for index in task.indices] == ["3", "7"]
    assert task.keys(["base"]) == {("two.objects_______7", "base")}


@pytest.mark.parametrize(("name", "normalised"), [("rclicks-1", True), ("reference", False)])
def test_the_network_s_map_is_taken_as_the_protocol_says(
    tmp_path: Path, name: str, normalised: bool
) -> None:
    from rclicks_hf.networks.clickability import (
        ClickabilityConfig,
        ClickabilityImageProcessor,
        ClickabilityModel,
    )

    size = {"height": 32, "width": 32}
    ClickabilityModel(ClickabilityConfig.from_preset("nano")).save_pretrained(tmp_path)
    ClickabilityImageProcessor(size=size).save_pretrained(tmp_path)
    model = str(tmp_path)
    job = BenchmarkJob(tmp_path / "out", FakeSource(), "geocut", model, ("g1",), PROTOCOLS[name])
    assert job.open().click_model.normalize is normalised
