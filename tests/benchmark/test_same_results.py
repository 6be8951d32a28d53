"""Less work per click, the same results to the last bit: beside plain work on whole images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from helpers.clickability_fixtures import two_stages
from helpers.plain_engine import PlainClickModel, PlainScorer, plain_distances, plain_draw
from PIL import Image

from rclicks_hf.benchmark import BenchmarkProtocol, Clicker
from rclicks_hf.benchmark.engine import run_image
from rclicks_hf.benchmark.error_regions import ErrorRegion
from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.click_models.clickability import ClickabilityClickModel
from rclicks_hf.click_models.interface import BoxedMap
from rclicks_hf.click_scoring.score_rows import ScoreSettings, score_image
from rclicks_hf.data import Click, Clicks, Instance
from rclicks_hf.metrics.packed_masks import ObjectScorer
from rclicks_hf.networks.clickability import (
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.segmenters.interface import Prediction
from rclicks_hf.simulation.scenes.generation import generate_scene
from rclicks_hf.support.pixels.distances import distance_transform
from rclicks_hf.support.pixels.zero_buffer import _adds_halves, sum_on_zeros

RUNS = ["base", "g2", "g9", "nuser"]


def click_model(kind: type[ClickabilityClickModel], **options: Any) -> ClickabilityClickModel:
    torch.manual_seed(0)
    network = ClickabilityModel(two_stages())
    processor = ClickabilityImageProcessor(size={"height": 64, "width": 64})
    return kind(network, processor, **options)


def blobs(rng: np.random.Generator, shape: tuple[int, int], level: float = 0.0) -> np.ndarray:
    """Smooth random regions, which touch the border or are a few pixels."""
    coarse = rng.normal(size=(int(rng.integers(2, 7)), int(rng.integers(2, 7))))
    noise = rng.normal(0, rng.choice([0, 0.1, 1]), shape)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC) + noise > level


def odd_masks(shape: tuple[int, int]) -> Iterator[np.ndarray]:
    height, width = shape
    empty = np.zeros(shape, bool)
    yield empty
    yield ~empty
    for rows, columns in (
        (slice(0, 1), slice(0, 1)),
        (slice(height - 1, height), slice(0, width)),
        (slice(0, height), slice(width - 1, width)),
        (slice(height // 2, height // 2 + 2), slice(width // 2, width // 2 + 1)),
        (slice(0, height), slice(1, width)),
    ):
        mask = empty.copy()
        mask[rows, columns] = True
        yield mask


def test_scores_of_packed_masks_are_those_of_the_metrics() -> None:
    rng, first = np.random.default_rng(0), 0
    for height, width in ((1, 1), (5, 64), (40, 63), (70, 65), (33, 200), (129, 128), (150, 200)):
        shape = (height, width)
        masks = [*odd_masks(shape), *(blobs(rng, shape, level) for level in (-0.5, 0.3, 1))]
        for ratio in (0.001, 0.02, 0.3):
            for mask in masks:
                labels = mask.astype(np.int8)
                labels[rng.random(shape) < 0.1] = -1
                for given in (mask, labels):
                    ours, plain = ObjectScorer(given, ratio), PlainScorer(given, ratio)
                    first = (first + 1) % 3  # each mask with each, in some of the rounds
                    for predicted in masks[first::3]:
                        assert ours(predicted) == plain(predicted)
    with pytest.raises(ValueError, match="predicted must be bool of"):
        ObjectScorer(mask)(mask[1:])


def test_distances_in_a_box_are_those_of_the_whole() -> None:
    rng = np.random.default_rng(1)
    for shape in ((1, 7), (9, 1), (31, 47), (80, 64)):
        for _ in range(60):
            mask = np.zeros(shape, bool)
            y, x = rng.integers(0, shape[0]), rng.integers(0, shape[1])
            part = mask[
                y : y + rng.integers(1, shape[0] + 1), x : x + rng.integers(1, shape[1] + 1)
            ]
            part[:] = blobs(rng, part.shape, -1.0)
            if not mask.all():
                np.testing.assert_array_equal(distance_transform(mask), plain_distances(mask))
        for mask in odd_masks(shape):
            if not mask.all():
                np.testing.assert_array_equal(distance_transform(mask), plain_distances(mask))


def plain_depths(region: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Squared depths of a whole image, whose border counts as outside."""
    depths = plain_distances(np.pad(region, 1))[1:-1, 1:-1]
    return np.rint(np.square(depths, dtype=np.float64)) * free


def test_the_deepest_pixel_is_that_of_the_whole_transform() -> None:
    rng, bounded = np.random.default_rng(4), 0
    for number in range(150):
        shape = (int(rng.integers(1, 300)), int(rng.integers(1, 300)))
        regions = [blobs(rng, shape, -0.8), blobs(rng, shape, 0.2)]
        regions[1] &= ~regions[0]
        free = np.ones(shape, bool)
        free[rng.integers(0, shape[0], 9), rng.integers(0, shape[1], 9)] = False
        for _ in range(number % 9):  # the deepest pixels are clicked again and again
            free.ravel()[plain_depths(regions[0], free).argmax()] = False
        found = [ErrorRegion(region, free, int((~free).sum())) for region in regions]
        depths = [plain_depths(region, free) for region in regions]
        assert found[0].is_deeper_than(found[1]) == (depths[0].max() > depths[1].max())
        for region, squared in zip(found, depths, strict=True):
            y, x = np.unravel_index(int(squared.argmax()), shape)
            assert region.deepest == ((x, y) if squared.any() else (0, 0))
            assert region.depth**2 == pytest.approx(squared.max())
            bounded += len(region._pieces) > 1
    assert bounded > 5  # several places could be the deepest


def test_draws_in_a_box_are_those_of_the_whole_map() -> None:
    rng = np.random.default_rng(2)
    for shape in ((1, 9), (40, 50), (90, 111), (1024, 1200)):
        for _ in range(1 if shape[0] > 1000 else 15):
            errors = [mask for mask in odd_masks(shape) if mask.any()]
            error = [*errors, blobs(rng, shape, 0.5)][int(rng.integers(0, len(errors) + 1))]
            weights = np.round(rng.random(shape, np.float32) ** 3, int(rng.integers(1, 9)))
            for group in (*list(CLICKING_GROUPS.values())[::4], (0.0, 1.0)):
                clicker = Clicker(np.ones(shape, np.int8), group=group, seed=7)
                target = clicker.target(~error)
                draws = np.random.RandomState(7)
                for _ in range(3):
                    box = target.region.box
                    free = error & clicker._not_clicked
                    plain = plain_draw(weights * free, group, draws)
                    state = clicker._rng.get_state()
                    [boxed] = clicker._draw(target, BoxedMap(weights[box], box, shape), 1) or [None]
                    clicker._rng.set_state(state)
                    click = clicker.click(target, weights)
                    assert (click.x, click.y) == (plain or target.region.deepest)
                    assert boxed == plain


def test_sums_of_few_values_are_those_of_the_whole_array() -> None:
    rng = np.random.default_rng(5)
    assert _adds_halves()  # else they are sums of whole arrays, which are slower
    for _ in range(400):
        size = int(rng.integers(1, 40_000))
        whole = np.zeros(size, np.float32)
        first = int(rng.integers(0, size))
        last = int(rng.integers(first, min(size, first + int(rng.choice([9, 900, size])))))
        whole[first : last + 1] = rng.random(last + 1 - first, np.float32)
        places = np.flatnonzero(whole)
        if len(places):
            assert sum_on_zeros(whole[places], places, size) == whole.sum()
            values = whole[first : last + 1]
            assert sum_on_zeros(values, slice(first, last + 1), size) == whole.sum()


def test_maps_on_a_prepared_image_are_those_of_the_click_model() -> None:
    rng = np.random.default_rng(3)
    for normalize in (True, False):
        model = click_model(ClickabilityClickModel, normalize=normalize, batch_size=3)
        for shape in ((1, 5), (40, 60), (211, 90)):
            image = rng.integers(0, 255, (*shape, 3)).astype(np.uint8)
            objects = [blobs(rng, shape, -0.5) for _ in range(2)]
            errors = [mask for mask in (*odd_masks(shape), blobs(rng, shape)) if mask.any()]
            owners = [objects[i % 2] for i in range(len(errors))]
            boxes = [np.s_[y : y + h, x : x + w] for x, y, w, h in map(bounds, errors)]
            prepared: Any = model.on_image(image)
            prepared._resizes_there = shape == (40, 60)  # as on a GPU
            found = prepared.boxed_maps(owners, errors, boxes)
            whole = model.click_maps([image] * len(errors), owners, errors)
            for one, other, box in zip(found, whole, boxes, strict=True):
                assert isinstance(one, BoxedMap)
                every = np.ones(one.plane.shape, bool)
                np.testing.assert_array_equal(one.at(every), other[box].ravel())


def bounds(mask: np.ndarray) -> Sequence[int]:
    return cv2.boundingRect(mask.view(np.uint8))


def test_a_map_that_is_not_finite_stays_whole() -> None:
    model = click_model(ClickabilityClickModel)
    with torch.no_grad():
        model.model.encoder_decoder.decode_head[0].conv_seg.bias.fill_(float("nan"))
    mask = np.ones((20, 30), bool)
    prepared: Any = model.on_image(np.zeros((20, 30, 3), np.uint8))
    [found] = prepared.boxed_maps([mask], [mask], [np.s_[0:20, 0:30]])
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(
        found, model.click_map(np.zeros((20, 30, 3), np.uint8), mask, mask)
    )
    model.normalize = False
    [found] = prepared.boxed_maps([mask], [mask], [np.s_[0:20, 0:30]])
    assert np.isnan(found).all()


def test_a_subclass_with_ways_of_its_own_is_asked_for_whole_maps() -> None:
    class Own(ClickabilityClickModel):
        def click_map(self, *triple: np.ndarray) -> np.ndarray:
            return triple[2].astype(np.float32)

    image = np.zeros((20, 30, 3), np.uint8)
    assert click_model(Own).on_image(image) is None
    assert click_model(ClickabilityClickModel).on_image(image) is not None


def test_objects_of_an_image_that_was_decoded_twice_share_what_is_prepared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = generate_scene(0, size=(64, 80))
    assert len(scene.masks) > 1
    objects = [instance(scene.image.copy(), mask, str(i)) for i, mask in enumerate(scene.masks)]
    model = click_model(ClickabilityClickModel)
    prepare, prepared = model.on_image, []
    monkeypatch.setattr(
        model, "on_image", lambda image: prepared.append(1) or prepare(image), raising=False
    )
    found = rows(objects, model, RUNS, max_clicks=2)
    assert prepared == [1]
    assert found == rows(objects, click_model(PlainClickModel), RUNS, max_clicks=2)


def test_scores_of_an_image_prepare_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = generate_scene(0, size=(64, 80))
    clicks = Clicks(np.array([9, 30]), np.array([9, 20]), np.array(["pc", "pc"]))
    first = [
        replace(instance(scene.image.copy(), mask, str(i)), clicks=clicks)
        for i, mask in enumerate(scene.masks)
    ]
    later = replace(first[0], full_stem="later", click_type="fn", previous_mask=scene.masks[0] > 1)
    model, settings = click_model(ClickabilityClickModel), ScoreSettings(resamples=20, halvings=0)
    encode, encoded = model.model.encode_image, []
    monkeypatch.setattr(
        model.model, "encode_image", lambda pixels: encoded.append(1) or encode(pixels)
    )
    found = score_image([*first, later], {"cm": model}, settings)
    assert encoded == [1]
    plain = [
        row
        for one in (*first, later)
        for row in score_image([one], {"cm": click_model(PlainClickModel)}, settings)
    ]
    assert found == plain


class Growing:
    """Masks around the clicks with noise: errors of every size, until the object is found."""

    name, threshold, batched = "growing", 0.5, True

    def encode(self, image: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(image[..., 1].astype(np.float32) / 255, (0, 0), 3)

    def predict(self, state: np.ndarray, clicks: Any, previous: Any) -> list[Prediction]:
        return [Prediction(self._mask(state, trajectory)) for trajectory in clicks]

    def _mask(self, state: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
        height, width = state.shape
        found = (state > 0.6).astype(np.float32)
        for click in clicks:
            radius = max(1, min(height, width) // 8)
            cv2.circle(found, (click.x, click.y), radius, float(click.is_positive), -1)
        return found


def rows(
    instances: list[Instance], model: Any, runs: list[str], max_clicks: int
) -> list[tuple[Any, ...]]:
    protocol = BenchmarkProtocol(max_clicks=max_clicks)
    made = run_image(instances, Growing(), model, runs, protocol, fail_fast=True)
    return [(r.run, r.x, r.y, r.is_positive, r.iou, r.boundary_iou) for r in made]


def assert_the_same(
    instances: list[Instance],
    monkeypatch: pytest.MonkeyPatch,
    runs: list[str] = RUNS,
    max_clicks: int = 6,
) -> None:
    fast = rows(instances, click_model(ClickabilityClickModel), runs, max_clicks)
    with monkeypatch.context() as patch:
        patch.setattr("rclicks_hf.benchmark.evaluation_setup.ObjectScorer", PlainScorer)
        plain = rows(instances, click_model(PlainClickModel), runs, max_clicks)
    assert fast == plain


def instance(image: np.ndarray, mask: np.ndarray, stem: str) -> Instance:
    return Instance(stem, "image", stem, "tetris", "test", "first", "none", image, mask)


def test_a_scene_of_tetris_size_gives_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = generate_scene(3, size=(192, 256))  # 64 times faster than one of this size
    size = (2048, 1536)
    image = cv2.resize(scene.image, size, interpolation=cv2.INTER_CUBIC)
    mask = cv2.resize(scene.masks[0], size, interpolation=cv2.INTER_NEAREST)
    assert_the_same([instance(image, mask, "0")], monkeypatch, ["base", "g9"], max_clicks=2)
    small = generate_scene(5, size=(120, 163))
    objects = [instance(small.image, mask, str(i)) for i, mask in enumerate(small.masks)]
    assert_the_same(objects, monkeypatch)


def test_photographs_give_the_same_rows(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shared / "data" / "GrabCut"
    for photograph in sorted((folder / "data_GT").iterdir())[::20]:
        [file] = (folder / "boundary_GT").glob(f"{photograph.stem}.*")
        greys = np.asarray(Image.open(file).convert("L"))
        mask = np.select([greys == 255, greys == 128], [1, -1], 0).astype(np.int8)
        image = np.asarray(Image.open(photograph).convert("RGB"))
        assert_the_same([instance(image, mask, photograph.stem)], monkeypatch)
