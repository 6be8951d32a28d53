"""Objects, maps and groups at the edge of what can be benchmarked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.benchmark_fakes import Disks, Slope, make_instance

from rclicks_hf.benchmark import PROTOCOLS, RUNS, BenchmarkProtocol, ResultRow, run_image
from rclicks_hf.benchmark.groups import CLICKING_GROUPS, group_weights, sample_group
from rclicks_hf.click_models import ClickabilityClickModel
from rclicks_hf.data import Instance
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.segmenters import GeoCut, Prediction

SHORT = BenchmarkProtocol(max_clicks=4)


def with_mask(mask: np.ndarray) -> Instance:
    height, width = mask.shape
    image = np.random.default_rng(0).integers(0, 255, (height, width, 3)).astype(np.uint8)
    return replace(make_instance("a", "a"), image=image, mask=mask.astype(np.int8))


def errors(rows: list[ResultRow]) -> list[str]:
    return [row.error.strip().splitlines()[-1] if row.error else "" for row in rows]


@pytest.mark.parametrize("shape", [(1, 1), (36, 48)])
def test_a_mask_that_fills_the_image(shape: tuple[int, int]) -> None:
    for segmenter in (Disks(), GeoCut()):
        rows = run_image([with_mask(np.ones(shape))], segmenter, Slope(), RUNS, SHORT)
        assert errors(rows) == [""] * len(RUNS)
        clicked = [row for row in rows if row.run not in ("user", "nuser")]
        assert all(len(row.iou) == 4 and row.is_positive[0] for row in clicked)


def test_an_object_smaller_than_a_pixel_at_the_network_s_and_the_segmenter_s_size() -> None:
    """GeoCut works at half the size, the network here at less than a tenth."""
    model = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
    size = {"height": 32, "width": 32}
    network = ClickabilityClickModel(model, ClickabilityImageProcessor(size=size))
    mask = np.zeros((270, 360))
    mask[133, 217] = 1
    rows = run_image([with_mask(mask)], GeoCut(), network, ["base", "g1", "g10", "nuser"], SHORT)
    assert errors(rows) == [""] * 4
    for row in rows:
        assert (row.x[0], row.y[0], row.is_positive[0]) == (217, 133, True)


def test_an_object_that_vanished_is_a_failure() -> None:
    rows = run_image([with_mask(np.zeros((20, 30)))], Disks(), Slope(), ["base", "g1"], SHORT)
    message = "ValueError: mask has no object pixel: there is nothing to click on"
    assert errors(rows) == [message] * 2


def test_all_pixels_clicked() -> None:
    class Nothing(Disks):
        def predict(self, state: Any, clicks: Any, previous: Any) -> list[Prediction]:
            return [Prediction(np.zeros((2, 3), np.float32)) for _ in clicks]

    mask = np.zeros((2, 3))
    mask[:, 1:] = 1
    rows = run_image([with_mask(mask)], Nothing(), Slope(), ["base", *CLICKING_GROUPS])
    for row in rows:
        made = list(zip(row.x, row.y, row.is_positive, strict=True))
        assert sorted(made[:4]) == [(1, 0, True), (1, 1, True), (2, 0, True), (2, 1, True)]
        assert made[4:] == [(0, 0, False)] * 16  # nothing left to correct: as on a perfect mask
        assert row.error == ""


def test_no_group_is_ever_empty() -> None:
    one = np.zeros((5, 6), np.float32)
    one[2, 3] = 0.7
    generator = np.random.RandomState(0)
    for group in CLICKING_GROUPS.values():
        assert sample_group(one, group, generator) == (3, 2)
    steps = np.array([[1.0, 2.0, 3.0, 4.0]], np.float32)  # mass 0.1, 0.3, 0.6, 1.0
    narrow = group_weights(steps, (0.35, 0.36))  # between two steps: the value that spans it
    assert narrow is not None
    assert narrow.tolist() == [[0.0, 0.0, 3.0, 0.0]]


class Odd:
    """A click model that fills maps of a shape with a value, the last pixel with another."""

    name = "odd"

    def __init__(self, shape: tuple[int, ...], value: float, last: float) -> None:
        self.map = np.full(shape, value, np.float32)
        self.map[-1, -1] = last

    def click_maps(self, images: Any, object_masks: Any, error_masks: Any) -> list[np.ndarray]:
        return [self.map for _ in images]


@pytest.mark.parametrize("run", ["g5", "nuser"])
@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Odd((3, 3), 1, 1), "ValueError: click_map must have the image's size (36, 48), got (3"),
        (Odd((36, 48), np.nan, np.nan), "ValueError: click_map must be finite, got NaN"),
        (Odd((36, 48), 1, np.nan), "ValueError: click_map must be finite, got NaN"),
        (Odd((36, 48), np.inf, 1), "ValueError: click_map must be finite, got NaN or infinite"),
        (Odd((36, 48), -1, 1), "ValueError: weights must be >= 0"),
    ],
)
def test_a_click_map_that_cannot_be_is_a_failure(model: Odd, message: str, run: str) -> None:
    base, drawn = run_image([make_instance("a", "a")], Disks(), model, ["base", run], SHORT)
    for row in (base, drawn):  # an instance fails as a whole
        assert errors([row])[0].startswith(message)
        assert row.iou == []


def test_the_reference_clicks_the_deepest_pixel_instead() -> None:
    protocol = replace(PROTOCOLS["reference"], max_clicks=4)
    broken = Odd((36, 48), np.nan, np.nan)
    base, group = run_image([make_instance("a", "a")], Disks(), broken, ["base", "g5"], protocol)
    assert (group.x, group.y, group.error) == (base.x, base.y, "")


def test_a_map_without_mass_is_the_baseline_s_click() -> None:
    zero = Odd((36, 48), 0, 0)
    base, group = run_image([make_instance("a", "a")], Disks(), zero, ["base", "g5"], SHORT)
    assert (group.x, group.y, group.error) == (base.x, base.y, "")


def test_a_click_model_with_too_few_maps_is_a_failure() -> None:
    class Few(Slope):
        def click_maps(self, images: Any, object_masks: Any, error_masks: Any) -> Any:
            return super().click_maps(images, object_masks, error_masks)[1:]

    [row] = run_image([make_instance("a", "a")], Disks(), Few(), ["g5"], SHORT)
    assert "must return 1 maps, got 0" in row.error
