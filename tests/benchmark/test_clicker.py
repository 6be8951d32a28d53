from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from rclicks_hf.benchmark.clicker import Clicker, clip_click
from rclicks_hf.benchmark.error_regions import ErrorRegion
from rclicks_hf.benchmark.groups import CLICKING_GROUPS, group_weights, sample_group
from rclicks_hf.data import Click

CASES = range(6)
RUNS = ("baseline", "0.0-0.1", "0.1-0.2", "0.4-0.5", "0.9-1.0", "0.0-1.0")


@pytest.mark.parametrize("run", RUNS)
def test_every_click_of_the_paper_s_code_is_reproduced(oracles: Path, run: str) -> None:
    with np.load(oracles / "clicker/data.npz", allow_pickle=False) as data:
        for case in CASES:
            expect_the_stored_clicks(data, case, run)


def expect_the_stored_clicks(data: Mapping[str, np.ndarray], case: int, run: str) -> None:
    mask, expected = data[f"{case}/gt"], data[f"{case}/clicks/{run}"]
    bits, click_map = data[f"{case}/predictions"], data[f"{case}/click_map"]
    predictions = np.unpackbits(bits, axis=-1)[..., : mask.shape[1]].astype(bool)
    if run == "baseline":
        clicker = Clicker(mask)
    else:
        low, high = run.split("-")
        clicker = Clicker(mask, lambda _: click_map, (float(low), float(high)))
    clicks = [clicker.next(prediction) for prediction in predictions]
    np.testing.assert_array_equal(np.array(clicks, dtype=np.int32), expected, f"case {case}")


@st.composite
def masks(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """A mask with unknown pixels, and a prediction, of one small size."""
    height, width = draw(st.integers(1, 11)), draw(st.integers(1, 11))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.choice([-1, 0, 1], (height, width), p=[0.1, 0.5, 0.4]).astype(np.int8)
    return mask, rng.random((height, width)) < draw(st.sampled_from([0.0, 0.3, 1.0]))


@settings(max_examples=150, deadline=None)
@given(masks(), st.sampled_from([None, *CLICKING_GROUPS.values()]), st.integers(0, 99))
def test_clicks_lie_in_the_error_of_their_sign_and_never_repeat(
    case: tuple[np.ndarray, np.ndarray], group: tuple[float, float] | None, seed: int
) -> None:
    mask, prediction = case
    weights = np.random.default_rng(seed).random(mask.shape).astype(np.float32) + 0.01
    clicker = Clicker(mask, None if group is None else lambda _: weights, group, seed)
    missed, taken = (mask == 1) & ~prediction, (mask == 0) & prediction
    seen: set[tuple[int, int]] = set()
    for _ in range(int(missed.sum() + taken.sum())):
        click = clicker.next(prediction)
        assert (missed if click.is_positive else taken)[click.y, click.x]
        assert (click.x, click.y) not in seen
        seen.add((click.x, click.y))
    assert clicker.next(prediction) == Click(0, 0, False)  # nothing is left to correct


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 3]))
def test_depths_are_exact_although_only_a_part_is_transformed(seed: int, blur: int) -> None:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.standard_normal(rng.integers(1, 60, 2)), blur)
    mask = noise > np.quantile(noise, rng.choice([0.0, 0.3, 0.7, 1.0]))
    other = ~mask & (rng.random(mask.shape) < 0.98)
    free = rng.random(mask.shape) > 0.02
    exact = []
    for region in (mask, other):
        depths = np.rint(distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1] ** 2) * free
        y, x = np.unravel_index(depths.argmax(), depths.shape)
        exact.append((np.sqrt(depths[y, x]), (int(x), int(y))))
    first, second = (ErrorRegion(one, free, int((~free).sum())) for one in (mask, other))
    for region, (depth, place) in zip((first, second), exact, strict=True):
        assert region.depth == depth
        assert region.deepest == (place if depth else (0, 0))
    assert first.is_deeper_than(second) == (exact[0][0] > exact[1][0])


def test_equally_deep_errors_make_a_negative_click() -> None:
    mask = np.zeros((3, 8), np.int8)
    mask[:, :3] = 1
    prediction = np.zeros((3, 8), bool)
    prediction[:, 5:] = True
    assert Clicker(mask).next(prediction) == Click(6, 1, False)


def test_unknown_pixels_are_never_clicked() -> None:
    mask = np.full((9, 9), -1, np.int8)
    mask[0, 0] = 1
    assert Clicker(mask).next(np.ones((9, 9), bool)) == Click(0, 0, False)
    assert Clicker(mask).next(np.zeros((9, 9), bool)) == Click(0, 0, True)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_map_without_mass_falls_back_to_the_baseline(value: float) -> None:
    mask = np.zeros((7, 9), np.int8)
    mask[1:6, 2:7] = 1
    click_map = np.full(mask.shape, value, np.float32)
    click = Clicker(mask, lambda _: click_map, (0.0, 0.1)).next(mask == 2)
    assert click == Clicker(mask).next(mask == 2)


def test_groups_are_ordered_and_share_only_the_values_between_them() -> None:
    weights = np.random.default_rng(3).random((40, 50)).astype(np.float32)
    kept = [group_weights(weights, group) for group in CLICKING_GROUPS.values()]
    assert all(part is not None for part in kept)
    values = [part[part > 0] for part in kept if part is not None]
    for lower, higher in pairwise(values):
        assert lower.max() <= higher.min()
        assert len(np.intersect1d(lower, higher)) <= 1
    assert np.isclose(values[0].sum() / weights.sum(), 0.1, atol=1e-3)
    np.testing.assert_array_equal(np.unique(np.concatenate(values)), np.unique(weights))


def test_a_plateau_goes_into_a_group_as_a_whole() -> None:
    constant = np.ones((5, 5), np.float32)
    for group in CLICKING_GROUPS.values():
        np.testing.assert_array_equal(group_weights(constant, group), constant)


def test_a_group_draws_in_proportion_to_its_values() -> None:
    weights = np.array([[1.0, 3.0]], np.float32)
    rng = np.random.RandomState(0)
    draws = [sample_group(weights, (0.0, 1.0), rng) for _ in range(4000)]
    assert abs(draws.count((1, 0)) / 4000 - 0.75) < 0.03


def test_one_generator_can_be_shared_by_several_objects() -> None:
    mask, weights = np.ones((20, 20), np.int8), np.ones((20, 20), np.float32)
    rng = np.random.RandomState(42)
    first = Clicker(mask, lambda _: weights, seed=rng).next(mask == 0)
    second = Clicker(mask, lambda _: weights, seed=rng).next(mask == 0)
    alone = Clicker(mask, lambda _: weights, seed=42)
    assert first == alone.next(mask == 0)
    assert second != first


def test_a_real_click_counts_as_made() -> None:
    mask = np.zeros((5, 5), np.int8)
    mask[1:4, 1:4] = 1
    clicker = Clicker(mask)
    assert clicker.add(Click(2, 2, True)) == Click(2, 2, True)
    assert clicker.next(mask == 2) == Click(1, 1, True)


@pytest.mark.parametrize(
    ("click", "inside"), [((-1, 3), (0, 3)), ((9, 9), (6, 4)), ((2, 2), (2, 2))]
)
def test_clicks_are_clipped_into_the_image(click: tuple[int, int], inside: tuple[int, int]) -> None:
    assert clip_click(Click(*click, True), (5, 7))[:2] == inside


def test_wrong_arguments_are_named() -> None:
    mask = np.ones((4, 5), np.int8)
    with pytest.raises(ValueError, match=r"object_mask must be \(H, W\) .*, got shape \(4, 5, 1\)"):
        Clicker(mask[..., None])
    with pytest.raises(ValueError, match=r"at least one pixel, got shape \(0, 5\)"):
        Clicker(mask[:0])
    with pytest.raises(ValueError, match=r"group must be"):
        Clicker(mask, lambda e: e, (0.5, 0.5))
    with pytest.raises(ValueError, match=r"prediction must have .* \(4, 5\), got \(5, 4\)"):
        Clicker(mask).next(mask.T == 0)
    with pytest.raises(ValueError, match=r"click_map must have .* \(4, 5\), got \(2, 2\)"):
        Clicker(mask, lambda _: np.ones((2, 2))).next(mask == 0)
    with pytest.raises(ValueError, match=r"weights must be >= 0"):
        Clicker(mask, lambda _: np.full(mask.shape, -1.0)).next(mask == 0)


@pytest.mark.parametrize("mask", [np.full((4, 5), 255, np.uint8), np.full((4, 5), 0.5)])
def test_a_mask_of_another_coding_is_not_taken_for_background(mask: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must hold 1 \(object\), 0 .* only, got (255|0.5) to"):
        Clicker(mask)


def test_probabilities_are_not_taken_for_a_mask() -> None:
    clicker = Clicker(np.ones((4, 5), np.int8))
    with pytest.raises(ValueError, match="prediction must be bool, got float32; compare it"):
        clicker.next(np.full((4, 5), 0.2, np.float32))
    assert clicker.next(np.zeros((4, 5), np.uint8)).is_positive
