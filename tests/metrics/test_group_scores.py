"""Scores over clicking groups and correlations, against plain definitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr

from rclicks_hf import metrics

quick = settings(max_examples=30, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def scores_of(seed: int, groups: int = 10) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 21, (5, groups)).astype(float)


def population_std(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5


@quick
@given(seeds)
def test_mean_spread_and_ratio_instance_by_instance(seed: int) -> None:
    scores = scores_of(seed)
    stds = [population_std(row) for row in scores.tolist()]
    means = [sum(row) / len(row) for row in scores.tolist()]
    assert metrics.group_mean_values(scores) == pytest.approx(means)
    assert metrics.group_std_values(scores) == pytest.approx(stds)
    ratios = [100 * s / m for s, m in zip(stds, means, strict=True)]
    assert metrics.group_nsr_values(scores) == pytest.approx(ratios)


def test_nsr_where_every_iou_is_0():
    """Documented as 0; the paper's code adds 1e-9 over users and divides 0 by 0 over groups."""
    assert metrics.group_nsr_values([[0.0, 0.0]]).tolist() == [0.0]
    assert np.isnan(metrics.group_nsr_values([[0.0, 0.0]], undefined=np.nan)).all()
    users = [np.zeros(4), np.array([0.25, 0.75])]
    assert metrics.nsr_values(users).tolist() == [0.0, 50.0]
    paper = [100 * float(np.std(one)) / (float(np.mean(one)) + 1e-9) for one in users]
    assert metrics.nsr_values(users, epsilon=1e-9).tolist() == paper
    with pytest.raises(ValueError, match="epsilon must be a number >= 0, got -1"):
        metrics.nsr(users, epsilon=-1)


@quick
@given(seeds, st.booleans())
def test_differences_instance_by_instance(seed: int, relative: bool) -> None:
    scores, baseline = scores_of(seed), scores_of(seed + 1)[:, 0]

    def difference(first: float, second: float) -> float:
        return 100 * (first - second) / second if relative else first - second

    for i, row in enumerate(scores.tolist()):
        assert metrics.baseline_difference_values(scores, baseline, relative=relative)[
            i
        ] == pytest.approx(difference(sum(row) / 10, baseline[i]))
        assert metrics.range_difference_values(scores, relative=relative)[i] == pytest.approx(
            difference(row[0], row[9])
        )
        pairs = [difference(row[j], row[j + 5]) for j in range(5)]
        assert metrics.half_difference_values(scores, relative=relative)[i] == pytest.approx(
            sum(pairs) / 5
        )


@quick
@given(seeds)
def test_delta_hh_is_the_half_difference_of_noc(seed: int) -> None:
    ious = np.round(np.sort(np.random.default_rng(seed).random((4, 10, 8)), axis=-1), 2)
    clicks = [
        [next((k for k, v in enumerate(run, 1) if v >= 0.8), 8) for run in groups]
        for groups in ious.tolist()
    ]
    by_hand = [100 * (row[j] - row[j + 5]) / row[j + 5] for row in clicks for j in range(5)]
    assert metrics.delta_hh(ious, 0.8, 8) == pytest.approx(sum(by_hand) / len(by_hand))


def test_bad_scores_are_named() -> None:
    with pytest.raises(ValueError, match=r"scores must be \(N, G\) with G >= 1.*\(3,\)"):
        metrics.group_mean_values([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"G >= 2.*\(1, 1\)"):
        metrics.range_difference_values([[1.0]], relative=True)
    with pytest.raises(ValueError, match=r"even number of groups.*\(1, 3\)"):
        metrics.half_difference_values([[1.0, 2.0, 3.0]], relative=True)
    with pytest.raises(ValueError, match="scores hold NaN"):
        metrics.group_std_values([[np.nan, 1.0]])
    with pytest.raises(ValueError, match=r"scores must be a rectangular array"):
        metrics.group_mean_values([[1.0], [1.0, 2.0]])
    with pytest.raises(ValueError, match="scores must be >= 0, got -2"):
        metrics.group_nsr_values([[-2.0, -1.0]])
    with pytest.raises(ValueError, match="baseline scores hold NaN"):
        metrics.baseline_difference_values([[1.0, 2.0]], [np.nan], relative=False)
    with pytest.raises(ValueError, match="1 scores to compare with are 0"):
        metrics.baseline_difference_values([[1.0], [2.0]], [0.0, 1.0], relative=True)
    with pytest.raises(ValueError, match=r"baseline must be \(N,\)"):
        metrics.baseline_difference_values([[1.0, 2.0]], [1.0, 2.0], relative=False)


def test_correlations_are_averaged_before_the_sign_goes() -> None:
    rng = np.random.default_rng(3)
    tables = [rng.random((6, 3)), rng.random((5, 3))]
    found = metrics.metric_correlations(tables)
    for i in range(3):
        assert found[i, i] == 1.0
        for j in range(i):
            spearman = np.mean([spearmanr(t[:, i], t[:, j]).statistic for t in tables])
            pearson = np.mean([pearsonr(t[:, i], t[:, j]).statistic for t in tables])
            assert found[i, j] == pytest.approx(abs(spearman))
            assert found[j, i] == pytest.approx(abs(pearson))


def test_ties_share_a_rank_and_constants_have_no_correlation() -> None:
    table = np.array([[1, 5, 2.0], [1, 7, 2.0], [3, 6, 2.0], [4, 9, 2.0]])
    found = metrics.metric_correlations([table])
    assert found[1, 0] == pytest.approx(spearmanr(table[:, 0], table[:, 1]).statistic)
    assert np.isnan(found[2, 0])
    assert np.isnan(found[0, 2])


@pytest.mark.parametrize(("constant", "methods"), [(0.1, 3), (0.7, 7), (5.49, 33)])
def test_a_constant_whose_mean_is_rounded_has_no_correlation(constant: float, methods: int) -> None:
    varied = np.random.default_rng(0).random((methods, 2))
    found = metrics.metric_correlations([np.column_stack([varied, np.full(methods, constant)])])
    assert np.isnan([found[0, 2], found[1, 2], found[2, 0], found[2, 1]]).all()
    assert not np.isnan(found[:2, :2]).any()


def test_too_few_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="M >= 3"):
        metrics.metric_correlations([np.ones((2, 4))])
    with pytest.raises(ValueError, match="no datasets"):
        metrics.metric_correlations([])


def test_missing_values_are_left_out_in_pairs_as_pandas_does() -> None:
    values = np.random.default_rng(8).normal(size=(9, 4))
    values[2, 1] = values[5, 1] = values[7, 3] = np.nan
    frame = pd.DataFrame(values)
    found = metrics.dataset_correlations(values)
    below = np.tril_indices(4, -1)
    np.testing.assert_allclose(found[below], frame.corr("spearman").to_numpy()[below], atol=1e-12)
    above = np.triu_indices(4, 1)
    np.testing.assert_allclose(found[above], frame.corr().to_numpy()[above], atol=1e-12)
    both = metrics.metric_correlations([values], pairwise=True)
    assert np.isfinite(both).all()
    assert np.isnan(metrics.metric_correlations([values])[1, 0])
    # A metric that only one method has.
    assert np.isnan(metrics.dataset_correlations([[1, np.nan], [2, 5], [3, np.nan]])[0, 1])


def test_values_that_differ_by_rounding_alone_share_a_rank() -> None:
    other = [1.0, 2.0, 3.0]
    equal = metrics.dataset_correlations(np.stack([[0.2, 0.2, 0.6], other], axis=1))
    rounded = metrics.dataset_correlations(np.stack([[0.2, 0.1 + 0.1 + 3e-17, 0.6], other], axis=1))
    nearly = metrics.dataset_correlations(np.stack([[0.3, 0.1 + 0.2, 0.6], other], axis=1))
    assert nearly[1, 0] == equal[1, 0] == rounded[1, 0]
