"""IoU, NoC and robustness, in addition to what ``test_every_metric`` tests for all metrics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rclicks_hf import metrics

quick = settings(max_examples=30, deadline=None)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def iou_arrays(draw, axes):
    """IoU values where thresholds are met exactly, early, late and never."""
    rng = np.random.default_rng(draw(seeds))
    shape = [*(draw(st.integers(1, 6)) for _ in range(axes)), draw(st.integers(1, 25))]
    values = np.round(np.sort(rng.random(shape), axis=-1), 1)
    return values * draw(st.sampled_from([0.5, 1.0]))


@st.composite
def masks(draw):
    rng = np.random.default_rng(draw(seeds))
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    truth = rng.random((height, width)) < draw(st.sampled_from([0.0, 0.5, 0.97, 1.0]))
    guess = rng.random((height, width)) < draw(st.sampled_from([0.0, 0.5, 0.97, 1.0]))
    coded = truth.astype(np.int8)
    coded[rng.random((height, width)) < 0.1] = -1
    return coded, guess


class TestMasks:
    @quick
    @given(pair=masks(), ratio=st.sampled_from([0.001, 0.05, 0.2, 2.0]))
    def test_bands_of_any_width(self, slow, pair, ratio):
        np.testing.assert_array_equal(metrics.boundary(pair[1], ratio), slow.band(pair[1], ratio))

    @quick
    @given(pair=masks())
    def test_many_predictions_at_once(self, pair):
        mask, guess = pair
        stack = np.stack([guess, ~guess, mask == 1])[None]
        for function in (metrics.iou, metrics.boundary_iou):
            values = function(mask, stack)
            assert values.shape == (1, 3)
            assert values[0].tolist() == [function(mask, one) for one in stack[0]]
            assert values[0, 2] == 1.0

    @quick
    @given(pair=masks())
    def test_ignoring_is_the_same_as_unknown(self, pair):
        mask, guess = pair
        for function in (metrics.iou, metrics.boundary_iou):
            assert function(mask == 1, guess, ignore=mask == -1) == function(mask, guess)

    @pytest.mark.parametrize("function", [metrics.iou, metrics.boundary_iou])
    def test_a_perfect_prediction_of_a_trimap_is_perfect(self, function):
        trimap = np.zeros((30, 40), np.uint8)
        trimap[4:26, 5:35] = 128
        trimap[8:22, 9:31] = 255
        perfect, coded = trimap == 255, (trimap == 255) - 1 * (trimap == 128)
        for mask in (trimap, trimap.astype(float), trimap.astype(np.uint16) * 257, coded):
            for prediction in (perfect, perfect.astype(np.uint8) * 255, trimap, coded, coded * 1.0):
                assert function(mask, prediction) == 1.0
        assert function(trimap, ~perfect) == function(coded, ~perfect) < 1
        assert function(perfect, trimap) == function(perfect, trimap.astype(float)) == 1.0
        scores = np.where(perfect, 0.3, -4.0)
        assert function(trimap, scores) == 1.0  # scores above 0, as a network gives them

    @pytest.mark.parametrize("function", [metrics.iou, metrics.boundary_iou])
    def test_probabilities_are_no_scores(self, function):
        truth = np.eye(4) > 0
        for kind in (np.float16, np.float32, np.float64):
            probabilities = np.where(truth, 0.9, 0.2).astype(kind)
            with pytest.raises(ValueError, match=r"probabilities; give prediction > 0\.5"):
                function(truth, probabilities)
            assert function(truth, probabilities > 0.5) == 1.0
            assert function(truth, np.where(truth, kind(0.3), kind(0))) == 1.0

    @pytest.mark.parametrize("values", [(0, 2), (0, 1, 255), (0, 64, 255), (0, 128), (0.2, 0.8)])
    def test_masks_of_unknown_coding_are_refused(self, values):
        mask = np.resize(np.array(values), (4, 6))
        with pytest.raises(ValueError, match=r"^mask holds "):
            metrics.iou(mask, mask > 0)
        if mask.dtype.kind == "i":
            with pytest.raises(ValueError, match=r"^prediction holds "):
                metrics.iou(mask > 0, mask)

    def test_bad_input(self):
        mask = np.ones((4, 5), bool)
        with pytest.raises(ValueError, match=r"mask must be a non-empty \(H, W\).*\(1, 4, 5\)"):
            metrics.iou(mask[None], mask)
        with pytest.raises(ValueError, match=r"prediction must be .*\(5, 4\)"):
            metrics.iou(mask, mask.T)
        with pytest.raises(ValueError, match=r"ignore must be a bool array of \(4, 5\)"):
            metrics.iou(mask, mask, ignore=mask.astype(int))
        with pytest.raises(ValueError, match="dilation_ratio must be above 0"):
            metrics.boundary_iou(mask, mask, dilation_ratio=0)


class TestClickCounts:
    @quick
    @given(ious=iou_arrays(1), threshold=st.sampled_from([0.1, 0.5, 0.9, 1.0]))
    def test_noc_against_plain_definition(self, slow, ious, threshold):
        for limit in (1, 5, 20):
            expected = [slow.noc(row, threshold, limit) for row in ious]
            assert metrics.noc(ious, threshold, limit).tolist() == expected

    @quick
    @given(ious=iou_arrays(2))
    def test_noc_lies_in_its_bounds_and_rises_with_the_threshold(self, ious):
        easy, hard = metrics.noc(ious, 0.5), metrics.noc(ious, 0.9)
        assert easy.shape == ious.shape[:-1]
        assert (easy >= 1).all()
        assert (hard <= 20).all()
        assert (easy <= hard).all()

    @quick
    @given(ious=iou_arrays(2))
    def test_failures_of_both_kinds(self, ious):
        never = [sum(max(row[:20]) < 0.9 for row in group) for group in ious.swapaxes(0, 1)]
        assert metrics.nof(ious).tolist() == never
        late = (metrics.noc(ious) == 20).sum(axis=0)
        assert metrics.nof_reference(ious).tolist() == late.tolist()
        assert (metrics.nof_reference(ious) >= metrics.nof(ious)).all()

    def test_area_under_the_curve(self):
        ious = np.linspace(0, 1, 20)
        assert metrics.iou_auc(ious) == pytest.approx(0.5)
        assert metrics.iou_auc(np.full((3, 2, 20), 0.25)).tolist() == [[0.25] * 2] * 3
        assert metrics.iou_auc(ious**2) == pytest.approx(np.trapezoid(ious**2) / 19)

    @pytest.mark.parametrize(
        ("ious", "message"),
        [
            ([], r"ious must be a non-empty array.*\(0,\)"),
            (0.5, r"ious must be a non-empty array of one or more axes.*\(\)"),
            ([0.5, np.nan], r"ious holds NaN.*\(2,\)"),
            ([50.0, 91.0], r"ious must lie in \[0, 1\], got \[50, 91\]"),
            ([[0.5], [0.5, 0.6]], "ious must be a rectangular array"),
            (["0.95", "0.5"], "ious must hold real numbers"),
            ([10**400], "ious must hold real numbers"),
            (np.array([0.95 + 0.5j, 0.5]), "ious must hold real numbers"),
        ],
    )
    def test_bad_values(self, ious, message):
        for function in (metrics.noc, metrics.nof, metrics.nof_reference, metrics.iou_auc):
            with pytest.raises(ValueError, match=message):
                function(ious)

    @pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
    def test_a_decimal_is_the_same_in_every_precision(self, kind):
        for threshold in (0.8, 0.85, 0.9, 0.95):
            assert metrics.noc(np.array([0.1, threshold], kind), threshold) == 2
            assert metrics.nof(np.array([[threshold]], kind), threshold) == 0
            below = np.nextafter(np.array(threshold, kind), kind(0))
            assert metrics.noc(np.array([below, 1.0], kind), threshold) == 2

    def test_values_of_low_precision_that_are_no_short_decimals_stay(self):
        values = np.float32([1 / 3, 1e-9, 0.9123456789])
        assert metrics.iou_auc(np.stack([values, values], axis=-1)).tolist() == values.tolist()

    def test_bad_options(self):
        with pytest.raises(ValueError, match=r"threshold must lie in \(0, 1\], got 90"):
            metrics.noc([0.5], threshold=90)
        with pytest.raises(ValueError, match="max_clicks must be a whole number of at least 1"):
            metrics.noc([0.5], max_clicks=0)
        with pytest.raises(ValueError, match="instances first"):
            metrics.nof([0.5, 0.6])
        with pytest.raises(ValueError, match="at least 2 clicks"):
            metrics.iou_auc([0.5])


class TestRobustness:
    @quick
    @given(groups=iou_arrays(2))
    def test_means_of_the_values_of_instances(self, groups):
        two = np.concatenate([groups, groups[:, ::-1]], axis=1)
        values = metrics.delta_gr_values(two)
        assert values.shape == (len(two),)
        assert metrics.delta_gr(two) == pytest.approx(values.mean())
        assert metrics.delta_sb(two, two[:, 0]) == pytest.approx(
            metrics.delta_sb_values(two, two[:, 0]).mean()
        )

    def test_nsr_over_groups_from_areas_under_the_curve(self):
        areas = np.random.default_rng(0).random((5, 10))
        expected = 100 * (areas.std(axis=1) / areas.mean(axis=1)).mean()
        assert metrics.nsr(areas) == pytest.approx(expected)

    def test_bad_input(self):
        groups = np.full((3, 2, 4), 0.5)
        with pytest.raises(ValueError, match=r"group_ious must be .* 3 axes.*\(3, 4\)"):
            metrics.sample_noc(groups[:, 0])
        with pytest.raises(ValueError, match=r"baseline_ious must be .*got 2 rows for 3"):
            metrics.delta_sb(groups, groups[:2, 0])
        with pytest.raises(ValueError, match="at least 2 groups, got 1"):
            metrics.delta_gr(groups[:, :1])
        with pytest.raises(ValueError, match="user_ious holds no instances"):
            metrics.nsr([])
        with pytest.raises(ValueError, match=r"user_ious\[1\] must be a non-empty array"):
            metrics.nsr([[0.5], []])
        with pytest.raises(ValueError, match=r"user_ious\[0\] must lie in \[0, 1\]"):
            metrics.nsr([[0.5, 1.5]])
        with pytest.raises(ValueError, match=r"user_ious\[0\] must be \(methods, clicks\)"):
            metrics.nsr(np.ones((1, 2, 3, 4)))
