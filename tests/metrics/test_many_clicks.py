"""Many clicks on one object: the same values as for few, in bounded memory and time."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from rclicks_hf import metrics
from rclicks_hf.analysis import click_sensitivity, click_spread, spread
from rclicks_hf.benchmark.clicker import Clicker
from rclicks_hf.metrics import kolmogorov_smirnov, points, sampling

SIZE = (2000, 1500)


def clicks(n: int, seed: int = 0, wide: int = 2000, high: int = 1500) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, wide, n), rng.integers(0, high, n)


@pytest.mark.parametrize("wide", [1, 7, 2000])
def test_counts_by_rank_are_those_of_all_pairs(wide: int) -> None:
    for n, m in ((1, 1), (3, 50), (64, 63), (200, 129)):
        (x, y), (px, py) = clicks(n, 1, wide, wide), clicks(m, 2, wide, wide)
        left, up = px[:, None] <= x, py[:, None] <= y
        found = kolmogorov_smirnov.count_below(x, y, px, py)
        for one, table in zip(found, (left, up, left & up), strict=True):
            assert one.tolist() == table.sum(axis=0).tolist()


def test_ks_is_equal_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    first = [np.stack(axis) for axis in zip(clicks(700, 1, 90), clicks(700, 2, 90), strict=True)]
    second = clicks(650, 3, 80)
    by_rank = metrics.ks2d_pvalue(*first, *second)
    monkeypatch.setattr(kolmogorov_smirnov, "_MOST_IN_TABLE", 10_000)
    assert by_rank.tolist() == metrics.ks2d_pvalue(*first, *second).tolist()


def test_draws_in_blocks_are_the_same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    click_map = np.random.default_rng(0).random((30, 40))
    x, y = clicks(20, 4, 40, 30)
    whole = metrics.sample_points(click_map, 20, 30), metrics.click_scores(click_map, x, y, SIZE)
    monkeypatch.setattr(sampling, "_POINTS_AT_ONCE", 130)
    parts = metrics.sample_points(click_map, 20, 30), metrics.click_scores(click_map, x, y, SIZE)
    assert all(map(np.array_equal, whole[0], parts[0]))
    assert whole[1] == parts[1]


def test_wd_of_large_sets_is_close_to_the_exact_one(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, c = clicks(1000, 1), clicks(1000, 2), clicks(999, 2, 1500, 1500)
    monkeypatch.setattr(points, "_MOST_EXACT", 990)
    same, shifted, uneven = (
        metrics.wd_points(*a, *b, SIZE),
        metrics.wd_points(*a, a[0] + 300, a[1] + 400, SIZE),
        metrics.wd_points(*a, *c, SIZE),
    )
    assert shifted == pytest.approx(500 / 2500, rel=0.01)
    monkeypatch.setattr(points, "_MOST_EXACT", 1000)
    assert same == pytest.approx(metrics.wd_points(*a, *b, SIZE), rel=0.1)
    assert uneven == pytest.approx(0.1, rel=0.1)  # the mean shift of 250 pixels in x
    assert metrics.wd_points(*a, *a, SIZE) == 0.0


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y, u, v: metrics.ks2d_pvalue(x, y, u, v),
        lambda x, y, u, v: metrics.pl1_points(x, y, u, v, SIZE),
        lambda x, y, u, v: metrics.wd_points(x, y, u, v, SIZE),
        lambda x, y, u, v: metrics.wd_points(x, y, u[1:], v[1:], SIZE),
        lambda x, y, u, v: click_spread(x, y, SIZE),
        lambda x, y, u, v: click_sensitivity(x, y, SIZE),
        lambda x, y, u, v: click_sensitivity(x * 0, y * 0, SIZE),
        lambda x, y, u, v: metrics.click_scores(np.ones((90, 120)), x % 120, y % 90, SIZE, 3),
        lambda x, y, u, v: metrics.split_half_scores(x, y, SIZE, halvings=3),
    ],
    ids=["ks", "pl1", "wd", "wd-uneven", "spread", "sensitivity", "one-place", "map", "halves"],
)
def test_memory_and_time_do_not_grow_with_the_square(function: Callable[..., object]) -> None:
    sets = (*clicks(20_000, 1), *clicks(20_000, 2))
    tracemalloc.start()
    start = time.process_time()
    function(*sets)
    seconds, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400e6  # a table of all pairs of float64 would be 3.2 GB
    assert seconds < 30


def test_spread_of_many_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "_MOST_FOR_ALL_PAIRS", 2000)
    x, y = clicks(2500, 1)
    many, few = click_spread(x, y, SIZE), click_spread(x[:2000], y[:2000], SIZE)
    assert many == pytest.approx(few, rel=0.02)
    order = np.random.default_rng(1).permutation(2500)
    assert click_spread(x[order], y[order], SIZE)[1:] == many[1:]


def test_sampled_first_clicks_are_drawn_as_one_by_one() -> None:
    mask = np.ones((20, 30), np.int8)
    click_map = np.random.default_rng(3).random((20, 30)).astype(np.float32)
    target = Clicker(mask).target(np.zeros((20, 30), bool))
    rng = np.random.RandomState(5)
    alone = [Clicker(mask, seed=rng).click(target, click_map) for _ in range(50)]
    clicker = Clicker(mask, seed=5)
    assert clicker.alternatives(target, click_map, 50) == alone
    assert clicker.alternatives(target, click_map * 0, 2) == [Clicker(mask).click(target)] * 2
