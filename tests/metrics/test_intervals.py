"""Bootstrap intervals of dataset means and of paired differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rclicks_hf.metrics import bootstrap_interval, bootstrap_intervals, paired_interval

quick = settings(max_examples=30, deadline=None)
seeds = st.integers(0, 2**32 - 1)


class TestBootstrapInterval:
    def test_it_holds_the_mean_and_narrows_with_more_instances(self):
        values = np.random.default_rng(0).normal(3.0, 1.0, 4000)
        few = bootstrap_interval(values[:40])
        many = bootstrap_interval(values)
        assert few.low < few.mean < few.high
        assert many.high - many.low < (few.high - few.low) / 5
        # The normal approximation: 2·1.96·s/sqrt(N).
        width = 2 * 1.96 * values.std() / np.sqrt(len(values))
        assert many.high - many.low == pytest.approx(width, rel=0.05)

    def test_it_is_repeatable_and_widens_with_the_confidence(self):
        values = np.random.default_rng(1).random(50)
        interval = bootstrap_interval(values)
        assert bootstrap_interval(values) == interval
        wider = bootstrap_interval(values, confidence=0.99)
        assert wider.low < interval.low
        assert interval.high < wider.high

    def test_bad_input(self):
        with pytest.raises(ValueError, match=r"values must be a non-empty \(N,\) array"):
            bootstrap_interval([])
        with pytest.raises(ValueError, match="values holds NaN"):
            bootstrap_interval([1.0, np.nan])
        with pytest.raises(ValueError, match=r"confidence must lie in \(0, 1\), got 95"):
            bootstrap_interval([1.0], confidence=95)
        with pytest.raises(ValueError, match="resamples must be"):
            bootstrap_interval([1.0], resamples=0)
        for seed in (None, -1):
            with pytest.raises(ValueError, match="seed must be a whole number of at least 0"):
                bootstrap_interval([1.0], seed=seed)
        with pytest.raises(ValueError, match="values must be a rectangular array"):
            bootstrap_interval([[1.0], [1.0, 2.0]])


class TestPairedInterval:
    @quick
    @given(seed=seeds, n=st.integers(1, 40))
    def test_swapping_the_methods_changes_the_sign(self, seed, n):
        first, second = np.random.default_rng(seed).normal(size=(2, n))
        there = paired_interval(first, second, resamples=200)
        back = paired_interval(second, first, resamples=200)
        assert there.mean == pytest.approx(first.mean() - second.mean(), abs=1e-12)
        np.testing.assert_allclose(there, (-back.mean, -back.high, -back.low), atol=1e-12)
        assert there.low <= there.mean + 1e-12
        assert there.mean <= there.high + 1e-12

    def test_shared_difficulty_cancels(self):
        rng = np.random.default_rng(0)
        hardness = rng.normal(0, 10, 200)
        first, second = hardness + rng.normal(1, 0.5, 200), hardness + rng.normal(0, 0.5, 200)
        paired = paired_interval(first, second)
        assert paired.low > 0
        alone = bootstrap_interval(first)
        assert alone.low < bootstrap_interval(second).mean < alone.high

    def test_covers_the_true_difference_about_as_often_as_it_says(self):
        rng = np.random.default_rng(1)
        covered = 0
        for _ in range(200):
            first, second = rng.normal(0.3, 1, 60), rng.normal(0, 1, 60)
            interval = paired_interval(first, second, confidence=0.9, resamples=500)
            covered += interval.low <= 0.3 <= interval.high
        assert 0.83 <= covered / 200 <= 0.96

    @pytest.mark.parametrize(
        ("first", "second", "message"),
        [
            ([1.0, 2.0], [1.0], r"same instances, got shapes \(2,\) and \(1,\)"),
            ([1.0, np.nan], [1.0, 2.0], r"first holds NaN.*\(2,\)"),
            ([1.0], [np.inf], r"second holds NaN or infinite.*\(1,\)"),
            ([], [], r"first must be a non-empty \(N,\) array.*\(0,\)"),
            ([[1.0]], [[1.0]], r"first must be a non-empty.*\(1, 1\)"),
        ],
    )
    def test_bad_input(self, first, second, message):
        with pytest.raises(ValueError, match=message):
            paired_interval(first, second)


class TestBootstrapIntervals:
    def test_each_column_has_its_own_interval(self):
        rng = np.random.default_rng(2)
        values = np.stack([rng.random(300), rng.integers(1, 21, 300), np.full(300, 7.0)], axis=1)
        many = bootstrap_intervals(values, resamples=500)
        alone = [bootstrap_interval(column, resamples=500) for column in values.T]
        np.testing.assert_allclose(many, alone, rtol=1e-12)

    def test_neighbours_and_their_order_change_no_bit(self):
        values = np.random.default_rng(3).normal(size=(150, 9)) * 10.0 ** np.arange(-4, 5)
        whole = bootstrap_intervals(values, resamples=200)
        order = np.random.default_rng(4).permutation(9)
        assert [whole[i] for i in order] == bootstrap_intervals(values[:, order], resamples=200)
        assert bootstrap_intervals(values[:, 4:5], resamples=200) == whole[4:5]

    def test_more_resamples_than_are_drawn_at_once(self, monkeypatch):
        values = np.random.default_rng(5).random((40, 2))
        monkeypatch.setattr("rclicks_hf.metrics.intervals._CHUNK", 40 * 7)
        alone = [bootstrap_interval(column, resamples=30) for column in values.T]
        np.testing.assert_allclose(bootstrap_intervals(values, resamples=30), alone, rtol=1e-12)

    def test_bad_input(self):
        for wrong in ([1.0, 2.0], np.zeros((0, 2)), [[np.nan]]):
            with pytest.raises(ValueError, match="values"):
                bootstrap_intervals(wrong)
        with pytest.raises(ValueError, match=r"confidence must lie in \(0, 1\)"):
            bootstrap_intervals([[1.0]], confidence=2)
