"""Exact mode: the expectation of the sampled scores; and the standard errors of these."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rclicks_hf import metrics

quick = settings(max_examples=30, deadline=None)
pytestmark = pytest.mark.filterwarnings("ignore::rclicks_hf.metrics.ConstantCoordinateWarning")


@st.composite
def instances(draw):
    """A click map with empty margins, clicks on it and beside it, and a box."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(2, 20)), draw(st.integers(2, 20))
    click_map = rng.random((height, width)).astype(draw(st.sampled_from(["f4", "f8"]))) ** 3
    click_map[: height // 4] = 0
    click_map[:, width - width // 4 :] = 0
    n = draw(st.integers(1, 9))
    x, y = rng.uniform(-3, width + 3, n), rng.integers(-3, height + 3, n)
    return click_map, x, y, (width / 2, height + 1)


class TestExactPL1:
    @quick
    @given(instance=instances())
    def test_is_the_sum_over_all_pixels(self, instance):
        click_map, x, y, (w, h) = instance
        p = click_map.astype(float) / click_map.astype(float).sum()
        rows, columns = np.indices(p.shape)
        far = [
            (p * (abs(columns - cx) / w + abs(rows - cy) / h)).sum()
            for cx, cy in zip(x, y, strict=True)
        ]
        exact = metrics.pl1(click_map, x, y, (w, h), mode="exact")
        assert exact == pytest.approx(np.mean(far), rel=1e-12)
        assert exact.standard_error == 0.0

    @quick
    @given(instance=instances(), seed=st.integers(0, 2**32 - 1))
    def test_is_what_the_draws_tend_to(self, instance, seed):
        exact = metrics.pl1(*instance, mode="exact")
        drawn = metrics.pl1(*instance, resamples=2000, seed=seed)
        # Six standard errors: once in 500 million.
        assert abs(drawn - exact) <= 6 * drawn.standard_error + 1e-12

    @quick
    @given(instance=instances(), dx=st.integers(0, 5), dy=st.integers(0, 5))
    def test_moves_with_the_canvas_and_mirrors_with_it(self, instance, dx, dy):
        click_map, x, y, size = instance
        exact = metrics.pl1(click_map, x, y, size, mode="exact")
        padded = np.pad(click_map, ((dy, 2), (dx, 1)))
        moved = metrics.pl1(padded, x + dx, y + dy, size, mode="exact")
        flipped = click_map.shape[1] - 1 - x
        mirrored = metrics.pl1(click_map[:, ::-1], flipped, y, size, mode="exact")
        turned = metrics.pl1(click_map.T, y, x, size[::-1], mode="exact")
        np.testing.assert_allclose([moved, mirrored, turned], exact, rtol=1e-9)

    @quick
    @given(instance=instances(), seed=st.integers(0, 2**32 - 1))
    def test_depends_on_no_draw_and_no_scale(self, instance, seed):
        click_map, *rest = instance
        exact = metrics.pl1(click_map, *rest, mode="exact")
        assert metrics.pl1(click_map, *rest, resamples=1, seed=seed, mode="exact") == exact
        assert metrics.pl1(click_map * 4, *rest, mode="exact") == pytest.approx(exact, rel=1e-12)


class TestModes:
    @quick
    @given(instance=instances())
    def test_only_pl1_differs(self, instance):
        sampled = metrics.click_scores(*instance)
        exact = metrics.click_scores(*instance, mode="exact")
        assert exact._replace(pl1=sampled.pl1) == sampled
        assert exact.pl1 == metrics.pl1(*instance, mode="exact")
        assert exact.ks == metrics.ks(*instance[:3], mode="exact")
        assert exact.wd == metrics.wd(*instance, mode="exact")

    def test_an_unknown_mode_is_named(self):
        arguments = (np.ones((4, 4)), [1, 2], [2, 1])
        for call in (metrics.ks, metrics.pl1, metrics.wd, metrics.click_scores):
            size = () if call is metrics.ks else ((2, 2),)
            with pytest.raises(ValueError, match="mode must be 'reference' or 'exact', got 'fast'"):
                call(*arguments, *size, mode="fast")


class TestStandardErrors:
    def test_say_how_far_seeds_scatter(self):
        rng = np.random.default_rng(0)
        click_map = rng.random((40, 60)) ** 2
        x, y = rng.integers(0, 60, 12), rng.integers(0, 40, 12)
        scores = [metrics.click_scores(click_map, x, y, (30, 30), seed=s) for s in range(200)]
        for name in ("ks", "pl1", "wd"):
            values = [getattr(score, name) for score in scores]
            reported = np.mean([value.standard_error for value in values])
            assert reported == pytest.approx(np.std(values, ddof=1), rel=0.25), name

    def test_are_those_of_a_mean(self):
        estimate = metrics.Estimate.of_draws([1.0, 2.0, 4.0, 9.0], undefined=1)
        assert estimate == 4.0
        assert estimate.standard_error == pytest.approx(np.std([1, 2, 4, 9], ddof=1) / 2)
        assert estimate.undefined == 1

    def test_one_draw_has_an_infinite_error(self):
        one = metrics.click_scores(np.ones((5, 5)), [1, 2, 4], [3, 1, 2], (3, 3), resamples=1)
        assert one.wd.standard_error == math.inf
        assert math.isfinite(one.wd)

    def test_can_be_pickled(self):
        estimate = pickle.loads(pickle.dumps(metrics.Estimate(0.25, 0.5, 3)))
        assert (estimate, estimate.standard_error, estimate.undefined) == (0.25, 0.5, 3)

    def test_undefined_comparisons_are_counted(self):
        two_pixels = np.zeros((6, 8))
        two_pixels[2, 3] = two_pixels[4, 5] = 1.0
        some = metrics.ks(two_pixels, [3, 5], [2, 4])
        assert 0 < some.undefined < 100
        assert metrics.ks(np.ones((6, 8)), [1, 2, 3], [2, 2, 2]).undefined == 100
        x, y = np.random.default_rng(0).integers(0, 9, (2, 20))
        assert metrics.ks(np.ones((9, 9)), x, y).undefined == 0
