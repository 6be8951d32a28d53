"""Click-model metrics, in addition to what ``test_every_metric`` tests for all metrics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rclicks_hf import metrics

quick = settings(max_examples=30, deadline=None)
pytestmark = pytest.mark.filterwarnings("ignore::rclicks_hf.metrics.ConstantCoordinateWarning")


@st.composite
def point_sets(draw):
    """Two sets of points on a small grid, so that ties are common; the second of R sets."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n1, n2, sets = draw(st.integers(1, 12)), draw(st.integers(1, 12)), draw(st.integers(1, 4))
    x1, y1 = rng.integers(0, 20, (2, n1))
    x2, y2 = rng.integers(0, 20, (2, sets, n2))
    return x1, y1, x2, y2


@st.composite
def instances(draw):
    """A click map with empty margins, clicks on it, and a box."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(4, 20)), draw(st.integers(4, 20))
    click_map = rng.random((height, width)).astype(draw(st.sampled_from(["f4", "f8"])))
    click_map[: height // 4] = 0
    click_map[:, width - width // 4 :] = 0
    n = draw(st.integers(2, 9))
    return click_map, rng.integers(0, width, n), rng.integers(0, height, n), (width, height)


class TestAgainstPlainDefinitions:
    def test_more_points_than_a_byte_counts(self, slow):
        x1, y1 = np.random.default_rng(0).normal(size=(2, 30))
        x2, y2 = np.random.default_rng(1).normal(size=(2, 300))
        expected = slow.ks2d_pvalue(x1, y1, x2, y2)
        for a, b in (((x1, y1), (x2, y2)), ((x2, y2), (x1, y1))):
            assert metrics.ks2d_pvalue(*a, *b) == pytest.approx(expected, abs=1e-9)

    @pytest.mark.parametrize("counts", [(12, 30), (20, 1), (24, 23), (7, 50)])
    def test_wd_of_sets_of_different_size(self, slow, counts):
        rng = np.random.default_rng(sum(counts))
        x1, y1 = rng.integers(0, 40, (2, counts[0]))
        x2, y2 = rng.integers(0, 40, (2, 3, counts[1]))
        expected = [slow.wd_points(x1, y1, *other, (7, 3)) for other in zip(x2, y2, strict=True)]
        np.testing.assert_allclose(metrics.wd_points(x1, y1, x2, y2, (7, 3)), expected, atol=1e-12)
        np.testing.assert_allclose(metrics.wd_points(x2, y2, x1, y1, (7, 3)), expected, atol=1e-12)

    @quick
    @given(instance=instances(), seed=st.integers(0, 2**32 - 1))
    def test_sampled_points_are_those_of_choice(self, slow, instance, seed):
        ours = metrics.sample_points(instance[0], 7, resamples=3, seed=seed)
        np.testing.assert_array_equal(ours, slow.sample_points(instance[0], 7, 3, seed))


class TestLaws:
    @quick
    @given(points=point_sets())
    def test_mirroring_and_transposing_change_no_distance(self, points):
        x1, y1, x2, y2 = points
        for function in (metrics.pl1_points, metrics.wd_points):
            plain = function(x1, y1, x2, y2, (7, 3))
            np.testing.assert_allclose(function(-x1, y1, -x2, y2, (7, 3)), plain, rtol=1e-12)
            np.testing.assert_allclose(function(y1, x1, y2, x2, (3, 7)), plain, rtol=1e-12)

    @quick
    @given(points=point_sets())
    def test_distances_are_symmetric_and_scale_with_the_box(self, points):
        x1, y1, x2, y2 = points[0], points[1], points[2][0], points[3][0]
        for function in (metrics.pl1_points, metrics.wd_points):
            there = function(x1, y1, x2, y2, (7, 3))
            assert there >= 0
            assert function(x2, y2, x1, y1, (7, 3)) == pytest.approx(there, abs=1e-12)
            assert function(x1, y1, x2, y2, (14, 6)) == pytest.approx(there / 2, abs=1e-12)

    @quick
    @given(points=point_sets())
    def test_order_of_the_points_does_not_matter(self, points):
        x1, y1, x2, y2 = points
        order = np.random.default_rng(0).permutation(x1.size)
        for function, args in (
            (metrics.ks2d_pvalue, ()),
            (metrics.pl1_points, ((7, 3),)),
            (metrics.wd_points, ((7, 3),)),
        ):
            np.testing.assert_allclose(
                function(x1[order], y1[order], x2, y2, *args),
                function(x1, y1, x2, y2, *args),
                rtol=1e-9,
                atol=1e-7,
            )

    @quick
    @given(points=point_sets())
    def test_ks_is_a_probability(self, points):
        p = metrics.ks2d_pvalue(*points)
        assert ((p >= 0) & (p <= 1)).all()

    @quick
    @given(points=point_sets())
    def test_a_set_is_at_no_transport_distance_from_itself(self, points):
        x, y = points[:2]
        assert metrics.wd_points(x, y, x[::-1], y[::-1], (7, 3)) == 0

    @quick
    @given(instance=instances(), scale=st.floats(1e-3, 1e3))
    def test_the_scale_of_a_map_does_not_matter(self, instance, scale):
        click_map, x, y, size = instance
        click_map = click_map.astype(np.float64)
        plain = metrics.click_scores(click_map, x, y, size, resamples=3)
        scaled = metrics.click_scores(click_map * scale, x, y, size, resamples=3)
        np.testing.assert_allclose(scaled, plain, rtol=1e-5, atol=1e-6)

    @quick
    @given(instance=instances())
    def test_points_are_drawn_only_where_the_map_has_mass(self, instance):
        x, y = metrics.sample_points(instance[0], 20, resamples=2)
        assert (instance[0][y, x] > 0).all()

    def test_drawn_points_follow_the_map(self):
        click_map = np.array([[1.0, 0.0, 3.0], [0.0, 6.0, 0.0]])
        x, y = metrics.sample_points(click_map, 20_000, resamples=1)
        counts = np.zeros((2, 3))
        np.add.at(counts, (y[0], x[0]), 1 / 20_000)
        np.testing.assert_allclose(counts, click_map / 10, atol=0.01)

    def test_a_shift_of_the_canvas_shifts_the_draw(self):
        click_map = np.random.default_rng(0).random((12, 9))
        padded = np.pad(click_map, ((5, 2), (3, 4)))
        x, y = metrics.sample_points(click_map, 9, seed=3)
        x_padded, y_padded = metrics.sample_points(padded, 9, seed=3)
        np.testing.assert_array_equal(x_padded, x + 3)
        np.testing.assert_array_equal(y_padded, y + 5)

    def test_seeds_of_instances_differ_and_draws_follow_them(self):
        seeds = {metrics.instance_seed(stem) for stem in ("095", "95", "a b.c")}
        assert len(seeds) == 3
        uniform = np.ones((30, 30))
        first, again, other = (metrics.sample_points(uniform, 9, seed=s)[0] for s in (5, 5, 6))
        assert (first == again).all()
        assert (first != other).any()


MAP = np.ones((6, 8))
X, Y, SIZE = [1, 2, 4], [3, 1, 5], (4, 5)


class TestDocumentedValues:
    def test_a_mask_is_a_uniform_map(self):
        mask = np.zeros((6, 8), bool)
        mask[2:4, 3:6] = True
        as_numbers = mask.astype(np.float64)
        assert metrics.click_scores(mask, X, Y, SIZE) == metrics.click_scores(
            as_numbers, X, Y, SIZE
        )

    @pytest.mark.parametrize(("x", "y"), [([4], [2]), ([4, 4, 4], [2, 2, 2]), ([1, 2, 3], [2] * 3)])
    def test_ks_is_zero_with_a_warning_where_it_is_undefined(self, x, y):
        with pytest.warns(metrics.ConstantCoordinateWarning, match="100 of 100"):
            assert metrics.ks(MAP, x, y) == 0.0

    def test_undefined_resamples_count_as_zero(self):
        two_pixels = np.zeros((6, 8))
        two_pixels[2, 3] = two_pixels[4, 5] = 1.0
        with pytest.warns(metrics.ConstantCoordinateWarning):
            assert 0 < metrics.ks(two_pixels, [3, 5], [2, 4]) < 1


class TestBadInput:
    @pytest.mark.parametrize(
        "options", [{"resamples": 0}, {"resamples": 1.5}, {"resamples": True}, {"seed": -1}]
    )
    def test_options(self, options):
        (name,) = options
        with pytest.raises(ValueError, match=f"{name} must be a whole number"):
            metrics.click_scores(MAP, X, Y, SIZE, **options)

    def test_second_sets(self):
        with pytest.raises(ValueError, match=r"x2 must have shape \(n,\) or \(R, n\)"):
            metrics.ks2d_pvalue(X, Y, np.ones((2, 2, 3)), np.ones((2, 2, 3)))
        with pytest.raises(ValueError, match=r"x2 and y2 must have one shape"):
            metrics.wd_points(X, Y, np.ones((2, 3)), np.ones((3, 2)), SIZE)
