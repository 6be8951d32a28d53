"""Simulated rounds: tables, previous masks, seeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rclicks_hf.data.clicks.click_table import complete_clicks
from rclicks_hf.data.images.memory import MemoryStore, StoreWithPrevious
from rclicks_hf.simulation.previous_masks import distort_mask
from rclicks_hf.simulation.simulated_rounds import (
    SIMULATED_CLICK_SCHEMA,
    SimulatedRounds,
    simulate_rounds,
)

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24)).filter(np.any)


def ellipse(height: int, width: int) -> np.ndarray:
    ys, xs = np.ogrid[:height, :width]
    inside = ((ys - height / 2) / (height / 3)) ** 2 + ((xs - width / 2) / (width / 4)) ** 2 <= 1
    return inside.astype(np.int8)


OBJECTS = {
    "a": {"": ellipse(60, 80)},
    "b b.1": {"1": ellipse(50, 90), "2": np.roll(ellipse(50, 90), 9, axis=1)},
    "095": {"": ellipse(40, 40)},
}


def source_of(stems: list[str]) -> MemoryStore:
    source = MemoryStore()
    for stem in stems:
        shape = next(iter(OBJECTS[stem].values())).shape
        source.add(stem, np.zeros((*shape, 3), np.uint8), OBJECTS[stem])
    return source


def rounds_of(stems: list[str], seed: int = 0) -> SimulatedRounds:
    return simulate_rounds(source_of(stems), dataset="simulated_scenes", seed=seed, progress=False)


def clicks_by_stem(rounds: SimulatedRounds) -> dict[str, list[tuple[str, int, int]]]:
    found: dict[str, list[tuple[str, int, int]]] = {}
    for row in rounds.clicks.to_pylist():
        found.setdefault(row["full_stem"], []).append((row["device"], row["x"], row["y"]))
    return found


def test_every_object_gets_its_rounds_on_both_devices() -> None:
    clicks = clicks_by_stem(rounds_of(list(OBJECTS)))
    firsts = ["a", "b b.1_______1", "b b.1_______2", "095"]
    later = [f"{stem}_synthetic_{kind}" for stem in firsts for kind in ("fn", "fp")]
    assert set(clicks) == {*firsts, *later}
    for stem, rows in clicks.items():
        n = 24 if stem in firsts else 17
        assert [device for device, _, _ in rows] == ["pc"] * n + ["mobile"] * n


def test_the_table_has_the_click_schema_and_is_marked_simulated() -> None:
    table = rounds_of(["a"]).clicks
    assert table.schema == SIMULATED_CLICK_SCHEMA
    assert set(table["is_simulated"].to_pylist()) == {True}
    later = [row for row in table.to_pylist() if row["click_type"] != "first"]
    assert {row["model_type"] for row in later} == {"synthetic"}
    completed = complete_clicks(table)  # the builder's own check
    assert set(completed["round"].to_pylist()) == {"first", "subsequent"}


def test_clicks_lie_in_the_image() -> None:
    table = rounds_of(list(OBJECTS)).clicks.to_pandas()
    assert ((table.x >= 0) & (table.x < table.w) & (table.y >= 0) & (table.y < table.h)).all()
    assert set(table[table.image_stem == "a"][["w", "h"]].itertuples(index=False, name=None)) == {
        (80, 60)
    }


def test_later_clicks_are_on_the_error_of_the_source_with_previous_masks() -> None:
    source = source_of(list(OBJECTS))
    rounds = simulate_rounds(source, dataset="simulated_scenes", progress=False)
    joined = StoreWithPrevious(source, rounds.previous_masks)
    later = rounds.clicks.to_pandas().query("click_type != 'first'")
    hits = []
    for stem, rows in later.groupby("full_stem"):
        mask = joined.mask(rows.image_stem.iloc[0], rows.object_stem.iloc[0]) == 1
        previous = joined.previous_mask(str(stem))
        assert previous is not None
        missed = mask & ~previous
        error = missed if rows.click_type.iloc[0] == "fn" else previous & ~mask
        hits.append(error[rows.y, rows.x].mean())
    assert np.mean(hits) > 0.75  # the images are tiny compared with a finger


def test_an_instance_does_not_depend_on_the_others_or_their_order() -> None:
    forward, backward = rounds_of(["a", "b b.1", "095"]), rounds_of(["095", "a"])
    mine, theirs = clicks_by_stem(forward), clicks_by_stem(backward)
    for stem in theirs:
        assert mine[stem] == theirs[stem]
    for stem, previous in backward.previous_masks.items():
        np.testing.assert_array_equal(previous, forward.previous_masks[stem])


def test_the_seed_decides() -> None:
    assert rounds_of(["a"]).clicks.equals(rounds_of(["a"]).clicks)
    assert not rounds_of(["a"]).clicks.equals(rounds_of(["a"], seed=1).clicks)


def test_the_unknown_band_counts_as_background() -> None:
    mask = np.where(ellipse(60, 80) == 1, 1, -1).astype(np.int8)
    banded = MemoryStore()
    banded.add("a", np.zeros((60, 80, 3), np.uint8), {"": mask})
    rounds = simulate_rounds(banded, dataset="simulated_grabcut", progress=False)
    assert rounds.clicks.equals(
        simulate_rounds(source_of(["a"]), dataset="simulated_grabcut", progress=False).clicks
    )


def test_a_round_without_an_error_is_left_out() -> None:
    full = MemoryStore()
    full.add("full", np.zeros((9, 9, 3), np.uint8), {"": np.ones((9, 9), np.int8)})
    rounds = simulate_rounds(full, dataset="simulated_scenes", progress=False)
    assert set(rounds.previous_masks) == {"full_synthetic_fn"}
    assert set(clicks_by_stem(rounds)) == {"full", "full_synthetic_fn"}


def test_an_empty_source_gives_an_empty_table() -> None:
    rounds = simulate_rounds(MemoryStore(), dataset="simulated_scenes", progress=False)
    assert rounds.clicks.schema == SIMULATED_CLICK_SCHEMA
    assert rounds.clicks.num_rows == 0


def test_counts_can_be_chosen() -> None:
    rounds = simulate_rounds(
        source_of(["a"]),
        dataset="simulated_scenes",
        first_clicks_per_device=3,
        later_clicks_per_device=2,
        progress=False,
    )
    assert rounds.clicks.num_rows == 2 * 3 + 2 * 2 * 2


@pytest.mark.parametrize("dataset", ["grabcut", "nowhere"])
def test_only_simulated_datasets(dataset: str) -> None:
    with pytest.raises(ValueError, match="dataset must be one of"):
        simulate_rounds(source_of(["a"]), dataset=dataset, progress=False)


def test_counts_must_be_positive() -> None:
    with pytest.raises(ValueError, match="must be >= 1, got 24 and 0"):
        simulate_rounds(
            source_of(["a"]), dataset="simulated_scenes", later_clicks_per_device=0, progress=False
        )


@settings(deadline=None, max_examples=60)
@given(mask=masks, click_type=st.sampled_from(["fn", "fp"]), seed=st.integers(0, 2**32 - 1))
def test_a_distortion_has_the_wanted_error_where_it_can(
    mask: np.ndarray, click_type: str, seed: int
) -> None:
    previous = distort_mask(mask, click_type, np.random.default_rng(seed))
    assert previous.shape == mask.shape
    assert previous.dtype == bool
    assert (mask & ~previous).any()
    assert (previous & ~mask).any() == (not mask.all())


@pytest.mark.parametrize("click_type", ["fn", "fp"])
def test_the_wanted_error_is_the_larger_one(click_type: str) -> None:
    mask = ellipse(120, 160) == 1
    for seed in range(20):
        previous = distort_mask(mask, click_type, np.random.default_rng(seed))
        areas = {"fn": (mask & ~previous).sum(), "fp": (previous & ~mask).sum()}
        assert max(areas, key=lambda kind: areas[kind]) == click_type
        assert 0.15 < areas[click_type] / mask.sum() < 1.05


def test_a_component_can_be_missed_whole() -> None:
    mask = np.zeros((60, 120), bool)
    mask[20:40, 10:50] = mask[20:40, 70:110] = True
    lost = 0
    for seed in range(30):
        missed = mask & ~distort_mask(mask, "fn", np.random.default_rng(seed))
        lost += any(np.array_equal(missed, mask & side) for side in _halves(mask.shape))
    assert lost >= 5


def _halves(shape: tuple[int, int]) -> list[np.ndarray]:
    left = np.zeros(shape, bool)
    left[:, : shape[1] // 2] = True
    return [left, ~left]


@pytest.mark.parametrize(
    ("mask", "click_type", "message"),
    [
        (np.zeros((4, 4), bool), "fn", "object_mask must be non-empty"),
        (np.ones((4, 4)), "fn", "object_mask must be non-empty"),
        (np.ones(4, bool), "fn", "object_mask must be non-empty"),
        (np.ones((4, 4), bool), "first", "click_type must be 'fn' or 'fp'"),
    ],
)
def test_an_invalid_mask_or_click_type_is_refused(
    mask: np.ndarray, click_type: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        distort_mask(mask, click_type, np.random.default_rng(0))
