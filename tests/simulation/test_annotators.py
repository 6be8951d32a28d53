"""The annotator simulation: agreement with the paper's scores of people, and its own rules."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rclicks_hf.data.schema import CLICK_TYPES, DEVICES
from rclicks_hf.simulation.annotators import FITTED, click_density, simulate_clicks

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=24)).filter(np.any)


# Cases, published values, simulated scores.
Scored = tuple[list, pd.DataFrame, pd.DataFrame]
SEEDS = (0, 5)


def disc(height: int = 120, width: int = 160, radius: int = 40) -> np.ndarray:
    ys, xs = np.ogrid[:height, :width]
    return (ys - height // 2) ** 2 + (xs - width // 2) ** 2 <= radius**2


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def fit(repo: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "fit_annotators", repo / "tests" / "speed" / "fit_annotators.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks its module up
    spec.loader.exec_module(module)
    simulate, clicks = module.first_clicks, {}

    def once(case, seed, parameters):
        if (case.stem, seed) not in clicks:
            clicks[case.stem, seed] = simulate(case, seed, parameters)
        return clicks[case.stem, seed]

    module.first_clicks = once  # scores and agreement are about the same clicks
    return module


@pytest.fixture(scope="module")
def published_cases(fit: ModuleType, shared: Path) -> tuple[list, pd.DataFrame]:
    return fit.load_cases(shared)


@pytest.fixture(scope="module", params=SEEDS)
def scored(
    request: pytest.FixtureRequest, fit: ModuleType, published_cases: tuple[list, pd.DataFrame]
) -> Scored:
    cases, published = published_cases
    return cases, published, fit.score(cases, request.param, FITTED, resamples=8)


@pytest.mark.parametrize("model", ["ud", "dt"])
@pytest.mark.parametrize("metric", ["pl1", "wd", "nss", "pde"])
def test_scores_as_people_did(scored: Scored, fit: ModuleType, model: str, metric: str) -> None:
    cases, published, scores = scored
    assert len(cases) == 49
    people = published.loc[model][fit.COLUMNS[metric]].mean()
    assert scores.loc[model][metric].mean() == pytest.approx(people, rel=0.05)


@pytest.mark.parametrize("model", ["ud", "dt"])
def test_ks_as_people_did(scored: Scored, model: str) -> None:
    _, published, scores = scored
    assert abs(scores.loc[model]["ks"].mean() - published.loc[model]["ks2d"].mean()) <= 0.02


def test_as_many_clicks_inside_as_people_made(scored: Scored, fit: ModuleType) -> None:
    cases, published, scores = scored
    people = fit.inside_share(published, cases, "pde")
    assert fit.inside_share(scores, cases, "pde") == pytest.approx(people, abs=0.005)


@pytest.mark.parametrize("metric", ["pl1", "nss", "pde"])
def test_follows_people_from_mask_to_mask(scored: Scored, fit: ModuleType, metric: str) -> None:
    _, published, scores = scored
    people = published.loc["dt"][fit.COLUMNS[metric]]
    assert scores.loc["dt"][metric].corr(people) > 0.7


def test_devices_differ_as_often_as_in_the_paper(
    fit: ModuleType, shared: Path, published_cases: tuple[list, pd.DataFrame]
) -> None:
    cases, _ = published_cases
    table = pd.read_csv(shared / "published" / "pc_vs_mobile.csv", index_col="dataset")
    agreement = np.mean([fit.device_agreement(cases, seed, FITTED) for seed in SEEDS])
    assert agreement == pytest.approx(table.loc["GrabCut", "ks_test"], abs=0.1)


def test_mobile_is_noisier() -> None:
    mask = disc()
    variance = {}
    for device in DEVICES:
        across = click_density(mask, mask, device=device).sum(axis=0)
        x = np.arange(160)
        variance[device] = across @ (x - across @ x) ** 2
    assert variance["mobile"] > 1.1 * variance["pc"]


def test_touches_land_to_the_lower_right() -> None:
    mask = disc()
    centers = []
    for device in DEVICES:
        density = click_density(mask, mask, device=device)
        centers.append([density.sum(axis=1) @ np.arange(120), density.sum(axis=0) @ np.arange(160)])
    assert (np.subtract(centers[1], centers[0]) > 0).all()


@pytest.mark.parametrize("click_type", CLICK_TYPES)
@pytest.mark.parametrize("device", DEVICES)
def test_clicks_follow_the_density(click_type: str, device: str) -> None:
    mask = disc(30, 40, 10)
    density = click_density(mask, mask, click_type=click_type, device=device)
    x, y = simulate_clicks(mask, mask, 40_000, click_type=click_type, device=device, rng=rng())
    counts = np.zeros(mask.shape)
    np.add.at(counts, (y, x), 1)
    assert np.abs(counts / counts.sum() - density).sum() < 0.15
    assert (counts[density == 0] == 0).all()


@settings(deadline=None, max_examples=60)
@given(mask=masks, click_type=st.sampled_from(CLICK_TYPES), device=st.sampled_from(DEVICES))
def test_any_mask_gives_a_distribution_and_clicks_in_the_image(
    mask: np.ndarray, click_type: str, device: str
) -> None:
    density = click_density(mask, mask, click_type=click_type, device=device)
    assert density.shape == mask.shape
    assert density.dtype == np.float64
    assert (density >= 0).all()
    assert density.sum() == pytest.approx(1)
    x, y = simulate_clicks(mask, mask, 7, click_type=click_type, device=device, rng=rng())
    assert x.dtype == y.dtype == np.int32
    assert ((x >= 0) & (x < mask.shape[1])).all()
    assert ((y >= 0) & (y < mask.shape[0])).all()


@pytest.mark.parametrize("click_type", CLICK_TYPES)
def test_thin_and_distant_shapes_still_get_clicks(click_type: str) -> None:
    thin = np.zeros((1200, 3), bool)
    thin[:, 1] = True
    far_apart = np.zeros((20, 3000), bool)
    far_apart[5:9, :4] = far_apart[5:9, -4:] = True
    lollipop = np.zeros((900, 900), bool)
    lollipop[:60, 420:480] = lollipop[:, 450] = True
    for mask in (thin, far_apart, lollipop):
        assert click_density(mask, mask, click_type=click_type).sum() == pytest.approx(1)


def test_first_round_aims_at_the_object_above_its_centroid() -> None:
    mask = disc()
    first = click_density(mask, mask)
    later = click_density(mask, mask, click_type="fn")
    rows = np.arange(120)
    assert first.sum(axis=1) @ rows < later.sum(axis=1) @ rows - 5


def test_later_rounds_choose_the_larger_error_more_often() -> None:
    mask = np.zeros((100, 200), bool)
    mask[20:60, 10:50] = True
    mask[30:50, 140:160] = True
    x, y = simulate_clicks(mask, mask, 1000, click_type="fn", rng=rng())
    assert mask[y, x].mean() > 0.9
    assert 0.6 < (x < 100).mean() < 1


def test_a_plateau_of_equal_depth_is_aimed_at_in_its_middle() -> None:
    bar = np.zeros((60, 300), bool)
    bar[20:40, 20:280] = True
    only_deepest = replace(FITTED, centroid_weight=0.0, stray_weight=0.0)
    x, _ = simulate_clicks(bar, bar, 200, rng=rng(), parameters=only_deepest)
    assert abs(x.mean() - 149.5) < 10


def test_same_seed_same_clicks() -> None:
    mask = disc()
    one = simulate_clicks(mask, mask, 24, rng=rng(3))
    two = simulate_clicks(mask, mask, 24, rng=rng(3))
    other = simulate_clicks(mask, mask, 24, rng=rng(4))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_place_in_the_image_does_not_matter() -> None:
    small = click_density(disc(), disc())
    moved = np.roll(disc(), (7, -9), axis=(0, 1))
    np.testing.assert_allclose(
        click_density(moved, moved), np.roll(small, (7, -9), axis=(0, 1)), atol=1e-9
    )


def test_zero_clicks_are_valid() -> None:
    x, y = simulate_clicks(disc(), disc(), 0, rng=rng())
    assert x.shape == y.shape == (0,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": -1}, "n must be >= 0"),
        ({"device": "tablet"}, "device must be one of"),
        ({"click_type": "second"}, "click_type must be one of"),
        ({"error_mask": np.zeros((120, 160), bool), "click_type": "fp"}, "error_mask is empty"),
        ({"object_mask": np.zeros((120, 160), bool)}, "object_mask is empty"),
        ({"error_mask": np.ones((4, 4), bool)}, r"same shape, got \(120, 160\) and \(4, 4\)"),
        ({"object_mask": np.ones((120, 160))}, r"object_mask must be \(H, W\) bool"),
        ({"error_mask": np.ones(9, bool)}, r"error_mask must be \(H, W\) bool"),
    ],
)
def test_invalid_arguments_are_refused(change: dict, message: str) -> None:
    arguments = {"object_mask": disc(), "error_mask": disc(), "n": 3, "rng": rng()} | change
    with pytest.raises(ValueError, match=message):
        simulate_clicks(**arguments)


def test_an_empty_error_mask_is_refused_in_the_first_round_too() -> None:
    with pytest.raises(ValueError, match="error_mask is empty"):
        click_density(disc(), np.zeros((120, 160), bool))
