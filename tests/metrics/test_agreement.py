"""Split-half agreement: plain definitions, laws, and bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rclicks_hf import metrics
from rclicks_hf.metrics.agreement import _halves

quick = settings(max_examples=20, deadline=None)
pytestmark = pytest.mark.filterwarnings("ignore::rclicks_hf.metrics.ConstantCoordinateWarning")
SIZE, FRAME = (30, 20), (30, 40)


@st.composite
def clicks(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(4, 15))
    return rng.integers(0, FRAME[1], n), rng.integers(0, FRAME[0], n)


def counts(x, y):
    """A map of the clicks, nowhere 0."""
    click_map = np.ones(FRAME)
    np.add.at(click_map, (y, x), 1.0)
    return click_map


class TestSplitHalfScores:
    @quick
    @given(points=clicks(), seed=st.integers(0, 2**32 - 1))
    def test_is_the_mean_of_the_plain_definitions(self, slow, points, seed):
        x, y = points
        scores = metrics.split_half_scores(x, y, SIZE, density=counts, halvings=5, seed=seed)
        rows = []
        for one, other in zip(*_halves(x, y, 5, seed), strict=True):
            pair = x[one], y[one], x[other], y[other]
            rows.append(
                (
                    slow.ks2d_pvalue(*pair) > 0.05,
                    slow.pl1_points(*pair, SIZE),
                    slow.wd_points(*pair, SIZE),
                    slow.nss(counts(x[one], y[one]), x[other], y[other]),
                    slow.pde(counts(x[one], y[one]), x[other], y[other]),
                )
            )
        np.testing.assert_allclose(scores, np.mean(rows, axis=0), rtol=1e-9, atol=1e-12)

    @quick
    @given(points=clicks(), seed=st.integers(0, 2**32 - 1))
    def test_halves_are_disjoint_equal_and_vary(self, points, seed):
        x, y = points
        first, second = _halves(x, y, 30, seed)
        assert first.shape == second.shape == (30, x.size // 2)
        for one, other in zip(first, second, strict=True):
            assert len({*one, *other}) == 2 * (x.size // 2)
        assert len({tuple(sorted(one)) for one in first}) > 1

    @quick
    @given(points=clicks(), seed=st.integers(0, 2**32 - 1))
    def test_the_order_of_the_clicks_does_not_matter_and_the_seed_decides(self, points, seed):
        x, y = points
        scores = metrics.split_half_scores(x, y, SIZE, density=counts, seed=seed)
        order = np.random.default_rng(seed).permutation(x.size)
        again = metrics.split_half_scores(x[order], y[order], SIZE, density=counts, seed=seed)
        assert again == scores
        before = np.random.get_state()[1].copy()
        metrics.split_half_scores(x, y, SIZE)
        assert (np.random.get_state()[1] == before).all()

    @quick
    @given(points=clicks(), dx=st.integers(-9, 9), dy=st.integers(-9, 9))
    def test_translation_changes_nothing(self, points, dx, dy):
        x, y = points
        moved = metrics.split_half_scores(x + dx, y + dy, SIZE)
        np.testing.assert_allclose(moved, metrics.split_half_scores(x, y, SIZE), atol=1e-9)

    def test_users_who_agree_score_higher_than_a_uniform_model(self):
        rng = np.random.default_rng(0)
        agreeing = metrics.split_half_scores(*rng.normal(50, 3, (2, 48)), (60, 60))
        uniform = np.ones((100, 100))
        model = metrics.click_scores(uniform, *rng.normal(50, 3, (2, 48)), (60, 60))
        assert agreeing.ks > 0.8 > model.ks
        assert agreeing.wd < model.wd
        assert agreeing.pl1 < model.pl1

    def test_without_density_there_is_no_saliency(self):
        scores = metrics.split_half_scores([1, 5, 9, 3], [2, 8, 1, 7], SIZE)
        assert math.isnan(scores.nss)
        assert math.isnan(scores.pde)
        assert all(math.isfinite(value) for value in scores[:3])

    def test_the_density_gets_whole_pixels_as_they_came(self):
        x, y = np.array([1, 5, 9, 3, 4], np.int32), np.array([2, 8, 1, 7, 0], np.int32)
        seen = []
        metrics.split_half_scores(
            x, y, SIZE, density=lambda *half: seen.append(half) or counts(*half), halvings=3
        )
        assert len(seen) == 3
        assert all(part.dtype == np.int32 and part.shape == (2,) for half in seen for part in half)

    def test_clicks_on_one_pixel(self):
        with pytest.warns(metrics.ConstantCoordinateWarning, match="20 of 20"):
            scores = metrics.split_half_scores([7] * 6, [3] * 6, SIZE)
        assert scores[:3] == (0.0, 0.0, 0.0)

    @pytest.mark.parametrize("n", [0, 1, 2, 3])
    def test_too_few_clicks(self, n):
        with pytest.raises(ValueError, match=rf"x.*got shape \({n},\)"):
            metrics.split_half_scores(np.arange(n), np.arange(n), SIZE)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"halvings": 0}, "halvings must be a whole number"),
            ({"seed": -1}, "seed must be a whole number"),
            ({"density": lambda x, y: np.zeros(FRAME)}, r"the map of density is zero.*\(30, 40\)"),
            ({"size": (0, 3)}, "size must be a bounding box"),
            ({"y": [1, 2, 3]}, r"x and y must have one shape, got \(4,\) and \(3,\)"),
        ],
    )
    def test_bad_input(self, options, message):
        arguments = {"x": [1, 5, 9, 3], "y": [2, 8, 1, 7], "size": SIZE, **options}
        with pytest.raises(ValueError, match=message):
            metrics.split_half_scores(**arguments)
