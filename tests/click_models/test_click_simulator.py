"""Clicks drawn in torch against the benchmark's clicker, and the simulator end to end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rclicks_hf import ClickSimulator
from rclicks_hf.benchmark import Clicker
from rclicks_hf.benchmark.groups import CLICKING_GROUPS, group_weights
from rclicks_hf.click_models import draw_clicks
from rclicks_hf.click_models.click_drawing import group_slice, whole_masses
from rclicks_hf.data import Click
from rclicks_hf.networks.clickability import ClickabilityImageProcessor, ClickabilityModel

GROUPS = [*CLICKING_GROUPS.values(), (0.0, 1.0), (0.25, 0.75)]


def _probabilities(weights: np.ndarray, group: tuple[float, float]) -> np.ndarray:
    """(H, W) chance of each pixel to be the first click of `draw_clicks`."""
    values, places = torch.from_numpy(weights).flatten()[None].sort()
    masses = whole_masses(values)
    start, stop = group_slice(values, masses.cumsum(1), group)
    kept = torch.zeros(weights.size, dtype=torch.float64)
    inside = slice(start.item(), stop.item())
    kept[places[0, inside]] = masses[0, inside].double()
    return (kept / kept.sum()).reshape(weights.shape).numpy()


MAPS: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "ties": lambda rng, shape: rng.integers(0, 4, shape) / 4,
    "plateaus": lambda rng, shape: np.kron(rng.integers(1, 9, shape), np.ones((3, 3))) / 8,
    "constant": lambda rng, shape: np.full(shape, 0.5),
    "one pixel": lambda rng, shape: np.eye(*shape) * (np.arange(shape[0])[:, None] == 0),
    "random": lambda rng, shape: rng.random(shape),
    "steep": lambda rng, shape: np.exp(-20 * rng.random(shape)),
}


@pytest.mark.parametrize("kind", MAPS)
@settings(max_examples=40, deadline=None)
@example(seed=2, height=1, width=2, group=(0.3, 0.4))  # a plateau ends where the mass is 0.3
@example(seed=1, height=3, width=6, group=(0.0, 0.1))  # little mass, in few whole numbers
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    group=st.sampled_from(GROUPS),
)
def test_groups_and_chances_are_the_clicker_s(
    kind: str, seed: int, height: int, width: int, group: tuple[float, float]
) -> None:
    rng = np.random.default_rng(seed)
    weights = MAPS[kind](rng, (height, width)).astype(np.float32)
    expected = group_weights(weights, group)
    if expected is None:
        clicks = draw_clicks(
            torch.from_numpy(weights)[None], torch.zeros(1, *weights.shape), 1, group
        )
        assert clicks.tolist() == [[[-1, -1]]]
        return
    actual = _probabilities(weights, group)
    np.testing.assert_array_equal(actual > 0, expected > 0)
    # Masses are whole numbers of at most this unit: in a group of little mass that is seen.
    wanted, unit = expected / expected.sum(), weights.max() / 2**31 / expected.sum()
    allowed = 1e-5 * wanted + 1e-9 + unit * (1 + weights.size * wanted)
    assert (np.abs(actual - wanted) <= allowed).all()


def test_draws_follow_the_chances() -> None:
    weights = np.array([[0.1, 0.2, 0.3], [0.4, 0.0, 0.6]], np.float32)
    count = 20_000
    maps = torch.from_numpy(weights).expand(count, -1, -1)
    for group in ((0.0, 1.0), (0.1, 0.9), (0.5, 0.6)):
        clicks = draw_clicks(maps, maps > 0, 1, group, generator=torch.Generator().manual_seed(0))[
            :, 0
        ]
        drawn = np.bincount(clicks[:, 1] * 3 + clicks[:, 0], minlength=6) / count
        np.testing.assert_allclose(drawn, _probabilities(weights, group).ravel(), atol=0.015)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from([*MAPS, "zero", "nan", "infinite"]),
    group=st.sampled_from(GROUPS),
)
def test_clicks_stay_inside_never_repeat_and_end_as_the_baseline(
    seed: int, kind: str, group: tuple[float, float]
) -> None:
    rng = np.random.default_rng(seed)
    special = {"zero": 0.0, "nan": np.nan, "infinite": np.inf}
    maps = [
        np.full((6, 7), special[kind]) if kind in special else MAPS[kind](rng, (6, 7))[:6, :7]
        for _ in range(3)
    ]
    click_maps = torch.from_numpy(np.stack(maps)).float()
    errors = torch.from_numpy(rng.random((3, 6, 7)) < 0.4)
    errors[2] = False
    generator = torch.Generator().manual_seed(seed)
    clicks = draw_clicks(click_maps, errors, 42, group, generator)
    assert (clicks[2] == -1).all()
    for one, error, click_map in zip(clicks[:2], errors, click_maps, strict=False):
        places = [tuple(place) for place in one.tolist() if place != [-1, -1]]
        assert len(set(places)) == len(places) == int(error.sum())
        assert all(error[y, x] for x, y in places)
        has_mass = bool(torch.isfinite(click_map[error]).all()) and (click_map > 0)[error]
        massive = int(torch.as_tensor(has_mass).sum())
        clicker = Clicker(error.numpy().astype(np.int8))
        for x, y in places[:massive]:
            clicker.add(Click(x, y, True))
        rest = [clicker.next(np.zeros((6, 7), bool))[:2] for _ in places[massive:]]
        assert rest == places[massive:]


def test_the_seed_fixes_the_clicks_and_rows_are_independent() -> None:
    maps, errors = torch.rand(3, 20, 30), torch.rand(3, 20, 30) > 0.2

    def draw(seed: int) -> torch.Tensor:
        return draw_clicks(maps, errors, 6, generator=torch.Generator().manual_seed(seed))

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))
    alone = draw_clicks(maps[:1], errors[:1], 6, generator=torch.Generator().manual_seed(1))
    assert torch.equal(alone[0], draw(1)[0])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"error_masks": torch.ones(1, 4, 5)},
            r"one shape \(B, H, W\), got \(1, 4, 4\) and \(1, 4, 5\)",
        ),
        ({"group": (0.5, 0.5)}, "group must be"),
        ({"group": (-0.1, 0.5)}, "group must be"),
        ({"num_clicks": -1}, "num_clicks must be >= 0, got -1"),
        ({"click_maps": torch.full((1, 4, 4), -1.0)}, "must be >= 0 inside"),
    ],
)
def test_wrong_arguments_of_drawing_are_named(change: dict[str, Any], text: str) -> None:
    arguments: dict[str, Any] = {
        "click_maps": torch.rand(1, 4, 4),
        "error_masks": torch.ones(1, 4, 4),
        "num_clicks": 1,
    }
    with pytest.raises(ValueError, match=text):
        draw_clicks(**{**arguments, **change})


def _batch(count: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(4)
    images = torch.randint(0, 256, (count, 3, 40, 60), dtype=torch.uint8, generator=generator)
    objects = torch.zeros(count, 40, 60, dtype=torch.bool)
    objects[:, 8:30, 10:45] = True
    errors = objects & (torch.rand(objects.shape, generator=generator) > 0.5)
    return images, objects, errors


def test_maps_are_those_of_the_image_processor(
    model: ClickabilityModel, processor: ClickabilityImageProcessor
) -> None:
    images, objects, errors = _batch()
    inputs = processor(list(images), list(objects), list(errors), return_tensors="pt")
    with torch.no_grad():
        expected = processor.post_process_click_maps(model(**inputs), [(40, 60)] * 3)
    model.config.return_dict = False  # as a saved config may say
    simulator = ClickSimulator(model, processor)
    for form in (images, images.float() / 255, torch.cat([images, images[:, :1]], 1)):
        actual = simulator.click_maps(form, objects[:, None], errors.float())
        torch.testing.assert_close(actual, torch.stack(expected), rtol=0, atol=2e-4)
    grey = simulator.click_maps(images[:, :1], objects, errors)
    repeated = simulator.click_maps(images[:, :1].expand(-1, 3, -1, -1), objects, errors)
    assert torch.equal(grey, repeated)


def test_samples_lie_in_the_errors_and_leave_the_global_seed_alone(
    model: ClickabilityModel,
) -> None:
    simulator, state = ClickSimulator(model), torch.get_rng_state()
    images, objects, errors = _batch()
    errors[1] = False

    def sample(seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return simulator.sample(images, objects, errors, 8, (0.9, 1.0), generator)

    clicks = sample(7)
    assert clicks.shape == (3, 8, 2)
    assert torch.equal(clicks, sample(7))
    assert torch.equal(torch.get_rng_state(), state)
    assert (clicks[1] == -1).all()
    for i in (0, 2):
        assert errors[i][clicks[i, :, 1], clicks[i, :, 0]].all()


def test_one_image_for_many_masks_is_encoded_once(
    model: ClickabilityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, objects, errors = _batch(4)
    one = images[:1]
    simulator = ClickSimulator(model)
    expected = simulator.click_maps(one.expand_as(images), objects, errors)
    encoded: list[int] = []
    encode = model.encode_image

    def counted(pixels: torch.Tensor) -> torch.Tensor:
        encoded.append(len(pixels))
        return encode(pixels)

    monkeypatch.setattr(model, "encode_image", counted)
    actual = simulator.click_maps(one, objects, errors)
    assert encoded == [1]
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-4)


def test_prepared_images_are_encoded_once_for_many_rounds(
    model: ClickabilityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, objects, errors = _batch()
    simulator, encode, encoded = ClickSimulator(model), model.encode_image, []

    def counted(pixels: torch.Tensor) -> torch.Tensor:
        encoded.append(len(pixels))
        return encode(pixels)

    expected = [simulator.click_maps(images, objects, masks) for masks in (errors, objects)]
    monkeypatch.setattr(model, "encode_image", counted)
    prepared = simulator.prepare(images, objects)
    for masks, maps in zip((errors, objects), expected, strict=True):
        torch.testing.assert_close(prepared.click_maps(masks), maps, rtol=0, atol=0)
    draws = [torch.Generator().manual_seed(1) for _ in range(2)]
    found = prepared.sample(errors, 4, (0.3, 0.6), draws[0])
    assert encoded == [3]
    assert torch.equal(found, simulator.sample(images, objects, errors, 4, (0.3, 0.6), draws[1]))
    with pytest.raises(ValueError, match=r"object_masks are .* but error_masks \(2, 40, 60\)"):
        prepared.sample(errors[:2], 1)


def test_plenty_of_mass_asks_the_host_for_no_distance(
    model: ClickabilityModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a distance transform on the host")

    monkeypatch.setattr("rclicks_hf.click_models.click_drawing.distance_transform", refuse)
    assert (ClickSimulator(model).sample(*_batch(), 20) >= 0).all()
    with pytest.raises(AssertionError, match="on the host"):
        draw_clicks(torch.zeros(1, 3, 3), torch.ones(1, 3, 3), 1)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"images": torch.rand(3, 3, 41, 60)}, r"masks are \(40, 60\), their images"),
        ({"images": torch.rand(2, 3, 40, 60)}, "2 images but 3 masks"),
        ({"images": torch.rand(3, 2, 40, 60)}, r"images must be \(B, 1, 3 or 4, H, W\)"),
        ({"images": 255 * torch.rand(3, 3, 40, 60)}, "float with values from"),
        ({"object_masks": torch.ones(3, 40, 61)}, "object_masks are"),
        ({"error_masks": torch.ones(3, 2, 40, 60)}, r"error_masks must be \(B, H, W\)"),
    ],
)
def test_wrong_batches_are_named(
    model: ClickabilityModel, change: dict[str, torch.Tensor], text: str
) -> None:
    names = ("images", "object_masks", "error_masks")
    arguments: Any = {**dict(zip(names, _batch(), strict=True)), **change}
    with pytest.raises(ValueError, match=text):
        ClickSimulator(model).sample(**arguments, num_clicks=1)
