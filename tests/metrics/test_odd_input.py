"""Odd inputs give the right value or a refusal, never another number."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import torch

from rclicks_hf import metrics

MAP = np.arange(1.0, 2401.0).reshape(40, 60)
X, Y, SIZE = [10, 30, 50], [10, 20, 30], (60, 40)
MASKED = np.ma.masked_array([0.5, 0.95], [False, True])


@pytest.mark.parametrize(
    "call",
    [
        lambda: metrics.noc(MASKED),
        lambda: metrics.noc([MASKED, [0.1, 0.2]]),
        lambda: metrics.nsr([MASKED]),
        lambda: metrics.iou(np.ones((1, 2)), MASKED[None]),
        lambda: metrics.bootstrap_interval(MASKED),
        lambda: metrics.group_mean_values(MASKED[None]),
        lambda: metrics.pde(np.ma.masked_array(MAP, MAP > 2000), X, Y),
        lambda: metrics.pde(MAP, np.ma.masked_array(X, [1, 0, 0]), Y),
        lambda: metrics.pl1_points(X, Y, np.ma.masked_array(X, [1, 0, 0]), Y, SIZE),
        lambda: metrics.metric_correlations([np.ma.masked_array(np.eye(3), np.eye(3))]),
        lambda: metrics.split_half_scores([*X, 5], np.ma.masked_array([*X, 5], [1, 0, 0, 0]), SIZE),
    ],
)
def test_masked_values_are_refused(call):
    with pytest.raises(ValueError, match="holds masked values; fill or remove them first"):
        call()


def test_arrays_that_mask_nothing_are_arrays():
    assert metrics.noc(np.ma.masked_array([0.5, 0.95])) == 2
    assert metrics.pde(np.ma.masked_array(MAP), X, Y) == metrics.pde(MAP, X, Y)


@pytest.mark.parametrize("scale", [1e-3, 1e-9, 1e-30, 1e-300, 1e100, 2.0**400, 1e300])
def test_scores_do_not_depend_on_the_scale_of_a_map(scale):
    scores = metrics.click_scores(MAP * scale, X, Y, SIZE)
    assert scores == pytest.approx(metrics.click_scores(MAP, X, Y, SIZE), rel=1e-5)
    assert (
        metrics.sample_points(MAP * 2.0**1000, 5)[0].tolist()
        == metrics.sample_points(MAP, 5)[0].tolist()
    )


NARROW = (np.float32, np.float16)


@pytest.mark.parametrize("kind", NARROW)
@pytest.mark.parametrize(
    "ious",
    [
        lambda k: [k(0.9), 0.95],
        lambda k: [k(0.5), 0.9, 1],
        lambda k: np.array([k(0.9), k(0.95)], object),
        lambda k: (k(0.9), Decimal("0.95")),
        lambda k: [np.array(0.9, k), np.float64(0.95)],
    ],
)
def test_the_threshold_is_reached_in_lists_of_several_types(ious, kind):
    values = ious(kind)
    assert metrics.noc(values) == 1 + (float(values[0]) < 0.6)


def test_the_threshold_is_reached_where_instances_differ_in_type():
    ious = [np.array([0.5, 0.9], np.float32), np.array([0.5, 0.9]), [0.5, np.float16(0.9)]]
    assert metrics.noc(ious).tolist() == [2, 2, 2]
    tensors = [torch.tensor([0.5, 0.9]), torch.tensor([0.9, 0.9], dtype=torch.float64)]
    assert metrics.noc(tensors).tolist() == [2, 1]


@pytest.mark.parametrize("kind", [*NARROW, torch.tensor])
def test_a_threshold_in_single_precision_is_its_decimal(kind):
    # np.float32(0.85) is above 0.85, which an IoU of 0.85 would not reach
    assert metrics.noc([0.5, 0.85], threshold=kind(0.85)) == 2
    assert metrics.noc([0.5, 0.9], threshold=kind(0.9)) == 2


@pytest.mark.parametrize("threshold", ["0.9", None, np.nan, 0, 90, [0.9], np.array([0.8, 0.9])])
def test_an_invalid_threshold_is_refused(threshold):
    with pytest.raises(ValueError, match=r"threshold must lie in \(0, 1\]"):
        metrics.noc([0.5], threshold=threshold)


@pytest.mark.parametrize(
    "text", [["0.5", "0.95"], [0.5, "0.95"], np.array(["0.9"], object), [b"1"]]
)
def test_text_is_not_a_number(text):
    with pytest.raises(ValueError, match="must hold real numbers"):
        metrics.noc(text)
    with pytest.raises(ValueError, match="must hold real numbers"):
        metrics.metric_correlations([[[text[0], "1"], [1, 2], [2, 3]]])


def test_complex_values_are_not_cut_to_their_real_part():
    with pytest.raises(ValueError, match="must hold real numbers"):
        metrics.metric_correlations([np.array([[1j, 1], [2, 2], [3, 3]])])


def test_a_mean_that_would_overflow_is_refused():
    with pytest.raises(ValueError, match="too large for a mean"):
        metrics.bootstrap_interval([1e308, 1e308])
    with pytest.raises(ValueError, match="infinite"):
        metrics.paired_interval([1e308], [-1e308])


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.int16, np.float16, np.float32])
def test_small_types_do_not_overflow(kind):
    x1, x2, y = np.array([0, 100], kind), np.array([100, 127], kind), np.zeros(2, kind)
    wide = [values.astype(float) for values in (x1, y, x2, y)]
    for points in (metrics.pl1_points, metrics.wd_points):
        assert points(x1, y, x2, y, (3, 4)) == points(*wide, (3, 4))
    assert metrics.ks2d_pvalue(x1, x2, x2, x1) == metrics.ks2d_pvalue(
        *(values.astype(float) for values in (x1, x2, x2, x1))
    )
    scores = np.array([[0, 127, 127]], kind)
    assert metrics.group_mean_values(scores) == pytest.approx(254 / 3)
    assert metrics.range_difference_values(scores, relative=False) == -127
    full = np.full((40, 60), 127, kind)
    assert metrics.pde(full, X, Y) == pytest.approx(1 / 2400)


def test_strides_and_flags_of_an_array_do_not_matter():
    plain = metrics.click_scores(MAP, X, Y, SIZE)
    frozen = MAP.copy()
    frozen.flags.writeable = False
    strided = np.repeat(MAP, 2, axis=1)[:, ::2]
    turned = np.ascontiguousarray(MAP[::-1, ::-1])[::-1, ::-1]
    for same in (frozen, strided, turned, np.asfortranarray(MAP), [*map(torch.tensor, MAP)]):
        assert metrics.click_scores(same, X, Y, SIZE) == plain


def test_series_in_another_order_are_not_paired_by_position():
    x, y = pd.Series(X), pd.Series(Y)
    assert metrics.nss(MAP, x, y) == metrics.nss(MAP, X, Y)
    assert metrics.nss(MAP, x, Y) == metrics.nss(MAP, X, Y)
    with pytest.raises(ValueError, match="x and y have different indexes; give them in one order"):
        metrics.nss(MAP, x, y[::-1])
    with pytest.raises(ValueError, match="first and second have different indexes"):
        metrics.paired_interval(x, x[::-1])


def test_more_resamples_than_count_are_refused():
    for call in (
        lambda n: metrics.bootstrap_interval([1.0, 2.0], resamples=n),
        lambda n: metrics.ks(MAP, X, Y, resamples=n),
        lambda n: metrics.sample_points(MAP, 3, resamples=n),
    ):
        with pytest.raises(ValueError, match="resamples must be at most 1,000,000, got 1,000,001"):
            call(1_000_001)
