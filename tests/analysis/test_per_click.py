"""Split halves, spread and sensitivity: known answers, plain renderings, laws."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rclicks_hf.analysis import (
    click_sensitivity,
    click_spread,
    read_instances,
    sensitivity_by_instance,
    split_half_agreement,
    spread_by_instance,
)
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import instance_seed, split_half_scores

Make = Callable[..., dict[str, Any]]
POINTS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=2, max_size=12)
SIZE = (30, 40)  # diagonal 50
TABLES = (split_half_agreement, spread_by_instance, sensitivity_by_instance)


def mean_point(points: list[tuple[int, int]]) -> tuple[float, float]:
    return tuple(sum(axis) / len(points) for axis in zip(*points, strict=True))


def plain_spread(points: list[tuple[int, int]]) -> tuple[float, float, float]:
    centre = mean_point(points)
    pairs = [math.dist(a, b) / 50 for a, b in combinations(points, 2)]
    rms = math.sqrt(sum(math.dist(p, centre) ** 2 for p in points) / len(points))
    return rms / 50, sum(pairs) / len(pairs), median(pairs)


def plain_sensitivity(points: list[tuple[int, int]]) -> tuple[float, float, float]:
    centre, n = mean_point(points), len(points)
    others = [points[:i] + points[i + 1 :] for i in range(n)]
    nearest = [min(math.dist(p, q) for q in rest) for p, rest in zip(points, others, strict=True)]
    shifts = [math.dist(mean_point(rest), centre) for rest in others]
    se = math.sqrt((n - 1) / n * sum(shift**2 for shift in shifts))
    return sum(nearest) / n / 50, se / 50, max(shifts) / 50


@given(POINTS)
def test_values_of_the_plain_renderings(points: list) -> None:
    x, y = zip(*points, strict=True)
    assert click_spread(x, y, SIZE) == pytest.approx(plain_spread(points))
    assert click_sensitivity(x, y, SIZE) == pytest.approx(plain_sensitivity(points))


@pytest.mark.parametrize("function", [click_spread, click_sensitivity])
@given(points=POINTS, shift=st.integers(-50, 50), factor=st.integers(1, 9), seed=st.integers(0, 9))
def test_laws_of_all_clicks(
    function: Callable[..., tuple], points: list, shift: int, factor: int, seed: int
) -> None:
    x, y = np.array(points, float).T
    scores = pytest.approx(function(x, y, SIZE), abs=1e-12)
    order = np.random.default_rng(seed).permutation(len(x))
    assert function(x[order], y[order], SIZE) == scores
    assert function(x + shift, y - shift, SIZE) == scores
    assert function(x * factor, y * factor, (30 * factor, 40 * factor)) == scores
    assert function(-x, y, SIZE) == scores
    assert function(y, x, SIZE) == scores


def test_the_jackknife_is_the_standard_error_of_the_mean() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 25))
    variance = x.var(ddof=1) / 25 + y.var(ddof=1) / 25
    assert click_sensitivity(x, y, SIZE).jackknife_se * 50 == pytest.approx(math.sqrt(variance))


@pytest.mark.parametrize("function", [click_spread, click_sensitivity])
def test_clicks_on_one_pixel_have_no_spread(function: Callable[..., tuple]) -> None:
    assert function([5, 5, 5], [9, 9, 9], SIZE) == (0, 0, 0)


@pytest.mark.parametrize("function", [click_spread, click_sensitivity])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([5], [9], SIZE), r"at least 2 clicks, got shape \(1,\)"),
        (([5, 6], [9], SIZE), "must have one shape"),
        (([5, np.nan], [9, 9], SIZE), "x holds NaN"),
        (([5, 6], [9, 9], (0, 40)), "both sides above 0"),
    ],
)
def test_bad_arrays(function: Callable[..., tuple], arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(*arguments)


def test_split_halves_of_a_table_are_those_of_its_instances(clouds: pa.Table) -> None:
    result = split_half_agreement(clouds, halvings=5, seed=3, progress=False)
    for got, row in zip(result.to_pylist(), clouds.to_pylist(), strict=True):
        seed = instance_seed(row["full_stem"], 3)
        scores = split_half_scores(row["x"], row["y"], row["box"][2:], halvings=5, seed=seed)
        assert (got["ks"], got["wd"], got["pl1"]) == (scores.ks, scores.wd, scores.pl1)
        assert got["clicks"] == len(row["x"])


@pytest.mark.parametrize("analysis", TABLES)
def test_order_of_instances_does_not_matter(
    analysis: Callable[..., pa.Table], clouds: pa.Table
) -> None:
    turned = clouds.take(list(range(len(clouds)))[::-1])
    expected = analysis(clouds, progress=False).to_pylist()
    assert analysis(turned, progress=False).to_pylist() == expected[::-1]


@pytest.mark.parametrize(
    ("analysis", "least"),
    [(split_half_agreement, 4), (spread_by_instance, 2), (sensitivity_by_instance, 2)],
)
def test_too_few_clicks_are_left_out_with_the_reason(
    analysis: Callable[..., pa.Table], least: int, make_row: Make
) -> None:
    points = [(3, 4), (8, 9), (1, 7), (5, 5)]
    rows = [make_row(str(n), points[:n], []) for n in (least - 1, least, 0)]
    result = analysis(pa.Table.from_pylist(rows), progress=False).to_pylist()
    reason = f"fewer than {least} clicks"
    assert [row["left_out"] for row in result] == [reason, "", reason]
    assert [row["clicks"] for row in result] == [least - 1, least, 0]
    values = [list(row.values())[7:-1] for row in result]
    assert [set(map(type, row)) for row in values] == [{type(None)}, {float}, {type(None)}]


@pytest.mark.parametrize("analysis", TABLES)
def test_no_instances_is_an_empty_table(
    analysis: Callable[..., pa.Table], clouds: pa.Table
) -> None:
    result = analysis(clouds.slice(0, 0), progress=False)
    assert result.schema == analysis(clouds, progress=False).schema
    assert len(result) == 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"device": [0, -1]}, r"device codes must be 0 to 1 \(pc, mobile\), got -1 to 0"),
        ({"device": [0, 2]}, r"device codes must be 0 to 1 \(pc, mobile\), got 0 to 2"),
        ({"device": [0, None]}, "column 'device' holds nulls"),
        ({"x": [None, None]}, "column 'x' holds nulls"),
        ({"y": None}, "column 'y' holds nulls"),
    ],
)
def test_clicks_of_a_damaged_repo_are_refused(
    make_row: Make, damage: dict[str, Any], message: str
) -> None:
    row = make_row("a", [(1, 2), (3, 4)], [])
    whole = pa.Table.from_pylist([row])
    assert len(read_instances(whole)[0].clicks) == 2
    with pytest.raises(RclicksError, match=message):
        read_instances(pa.Table.from_pylist([row | damage, row]))
