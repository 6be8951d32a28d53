"""Parity with the paper's own code draw by draw; ``test_every_metric`` compares the scores."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from rclicks_hf import metrics
from rclicks_hf.metrics.kolmogorov_smirnov import ks2d_statistic

CASES = (
    "480_n2",
    "480_n5",
    "480_n20",
    "480_n50",
    "480_samex_n20",
    "480_outside_n20",
    "480err_n20",
    "480f64_n20",
)


@pytest.fixture(params=CASES)
def case(request, stored):
    prefix = f"{request.param}/"
    values = {k.removeprefix(prefix): v for k, v in stored.items() if k.startswith(prefix)}
    name = str(values["map"])
    return values | {"click_map": stored[f"map/{name}"], "size": stored[f"size_wh/{name}"]}


def test_cases_are_all_the_stored_ones(stored):
    names = {key.split("/")[0] for key in stored}
    assert names - {"map", "size_wh"} == set(CASES)


def test_the_same_random_points(case):
    x, y = metrics.sample_points(case["click_map"], len(case["x"]), resamples=100, seed=42)
    np.testing.assert_array_equal(x, case["xs"])
    np.testing.assert_array_equal(y, case["ys"])


@pytest.mark.filterwarnings("ignore::rclicks_hf.metrics.ConstantCoordinateWarning")
def test_ks_on_the_same_points(case):
    points = [case[key].astype(float) for key in ("x", "y", "xs", "ys")]
    statistic = ks2d_statistic(*(np.atleast_2d(coordinates) for coordinates in points))
    np.testing.assert_allclose(statistic, case["ks_D"], rtol=0, atol=1e-12)
    undefined = np.isnan(case["ks_p"])
    p = metrics.ks2d_pvalue(*points)
    np.testing.assert_allclose(p[~undefined], case["ks_p"][~undefined], rtol=0, atol=1e-9)
    assert (p[undefined] == 0).all()


def test_pl1_and_wd_on_the_same_points(case):
    points = [case[key] for key in ("x", "y", "xs", "ys")]
    pl1 = metrics.pl1_points(*points, case["size"])
    wd = metrics.wd_points(*points, case["size"])
    assert pl1.shape == wd.shape == (100,)
    assert pl1.mean() == pytest.approx(case["l1"], abs=1e-9)
    np.testing.assert_allclose(wd, case["wd_each"], rtol=0, atol=1e-9)


def test_a_constant_coordinate_warns_and_scores_zero(stored):
    with pytest.warns(metrics.ConstantCoordinateWarning, match="100 of 100"):
        score = metrics.ks(stored["map/480"], stored["480_samex_n20/x"], stored["480_samex_n20/y"])
    assert score == 0.0


def test_no_warning_on_ordinary_clicks(stored):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        metrics.ks(stored["map/480"], stored["480_n20/x"], stored["480_n20/y"])
