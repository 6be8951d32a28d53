"""Every metric passes one tester (``helpers.metric_tester``)."""

from __future__ import annotations

import inspect
import sys

import numpy as np
import pytest
import torch
from helpers.metric_tester import (
    ClickMapTester,
    GeometricTester,
    IouTester,
    MetricTester,
    TwoSampleTester,
)

from rclicks_hf import metrics
from rclicks_hf.metrics import kolmogorov_smirnov, points

pytestmark = pytest.mark.filterwarnings("ignore::rclicks_hf.metrics.ConstantCoordinateWarning")

ONE, LINE, POINTS = ([4.0], [2.0]), ([4.0, 4.0, 4.0], [2.0, 5.0, 7.0]), ([1, 2, 4], [3, 1, 5])
BOX = (7.0, 3.0)
MAP = np.ones((6, 8))
PEAK = np.zeros((6, 8))
PEAK[2, 4] = 3.0


def map_with(value):
    click_map = MAP.copy()
    click_map[2, 3] = value
    return click_map


BAD_SETS = [
    ((([]), []), r"x1 is empty.*\(0,\)"),
    (([1.0, np.nan], [1.0, 2.0]), r"x1 holds NaN.*\(2,\)"),
    (([1, 2], [1, 2, 3]), r"x1 and y1 must have one shape, got \(2,\) and \(3,\)"),
    (([[[1, 2]]], [[[1, 2]]]), r"x1 must have shape \(n,\) or \(R, n\).*\(1, 1, 2\)"),
    (([[1, 2]] * 2, [[1, 2]]), r"x1 and y1 must have one shape, got \(2, 2\) and \(1, 2\)"),
]
BAD_MAPS = [
    (np.zeros((6, 8)), r"click_map is zero everywhere.*\(6, 8\)"),
    (map_with(np.nan), r"click_map holds NaN.*\(6, 8\)"),
    (map_with(np.inf), r"click_map holds NaN or infinite.*\(6, 8\)"),
    (map_with(-1e-9), r"click_map holds negative.*\(6, 8\)"),
    (np.ones((1, 6, 8)), r"click_map must be a non-empty \(H, W\).*\(1, 6, 8\)"),
    (np.ones((0, 8)), r"click_map must be a non-empty.*\(0, 8\)"),
    (np.full((6, 8), "a"), r"click_map must hold real numbers.*\(6, 8\)"),
    (np.full((6, 8), 1j), r"click_map must hold real numbers.*\(6, 8\)"),
    ([[1.0, 2.0], [3.0]], r"click_map must be a rectangular array"),
    (np.full((6, 8), 3e38, np.float32), r"click_map has a sum beyond the range.*\(6, 8\)"),
    (np.full((6, 8), 1e308), r"click_map has a sum beyond the range.*\(6, 8\)"),
    (torch.ones(6, 8, requires_grad=True), r"click_map must be a rectangular.*requires grad"),
]
BAD_CLICKS = [
    (([], []), r"x is empty.*\(0,\)"),
    (([1, 2], [1, 2, 3]), r"x and y must have one shape, got \(2,\) and \(3,\)"),
    (([1.0, np.nan], [1, 2]), r"x holds NaN.*\(2,\)"),
    (([1, 2], [1.0, np.inf]), r"y holds NaN or infinite.*\(2,\)"),
    (([[1, 2]], [[1, 2]]), r"x must have shape \(n,\).*\(1, 2\)"),
    ((3, 4), r"x must have shape \(n,\).*\(\)"),
    ((["a"], [1]), r"x must hold real numbers.*\(1,\)"),
    (([[1], [2, 3]], [1, 2]), r"x must be a rectangular array"),
]
BAD_BOXES = [(0, 5), (4, 0), (-1, 5), (np.nan, 5), (4,), 4, None, "ab"]
BAD_IOUS = [
    (([],), r"must be a non-empty array.*\(0,\)|holds no instances"),
    (([[0.5, np.nan]],), r"holds NaN.*\(1, 2\)|holds NaN.*\(2,\)"),
    (([[50.0, 91.0]],), r"must lie in \[0, 1\], got \[50, 91\].*shape"),
]


BAD_GROUPS = [
    (([],), r"group_ious must be a non-empty array.*\(0,\)"),
    (([[[0.5, np.nan]]],), r"group_ious holds NaN.*\(1, 1, 2\)"),
    (([[[50.0, 91.0]]],), r"group_ious must lie in \[0, 1\], got \[50, 91\].*\(1, 1, 2\)"),
]


def refused_maps(*box):
    """Bad maps with good clicks, good maps with bad clicks, and, with a box, bad boxes."""
    return (
        *(((click_map, *POINTS, *box), message) for click_map, message in BAD_MAPS),
        *(((MAP, *clicks, *box), message) for clicks, message in BAD_CLICKS),
        *(((MAP, *POINTS, bad), r"size must be") for bad in (BAD_BOXES if box else ())),
    )


class TestKSPvalue(TwoSampleTester):
    function = "ks2d_pvalue"
    box = ()
    tolerance = 1e-7  # collinear points: rounding in 1 - r² shows as its square root
    degenerate = (
        ((*ONE, *POINTS), 0.0),
        ((*POINTS, *ONE), 0.0),
        ((*LINE, *POINTS), 0.0),
    )
    refused = tuple(((*bad, *POINTS), message) for bad, message in BAD_SETS)


class TestPL1Points(TwoSampleTester):
    function = "pl1_points"
    degenerate = (
        ((*ONE, *ONE, BOX), 0.0),
        ((*ONE, [5.0], [2.0], BOX), 1 / 7),
    )
    refused = (
        *(((*bad, *POINTS, BOX), message) for bad, message in BAD_SETS),
        *(((*POINTS, *POINTS, bad), r"size must be") for bad in BAD_BOXES),
    )


class TestWDPoints(TwoSampleTester):
    function = "wd_points"
    degenerate = (
        ((*ONE, *ONE, BOX), 0.0),
        ((*ONE, [4.0], [5.0], (3, 4)), 0.6),
        ((*LINE, *([*reversed(axis)] for axis in LINE), BOX), 0.0),
    )
    refused = TestPL1Points.refused


@pytest.mark.parametrize("function", ["ks2d_pvalue", "wd_points"])
@pytest.mark.parametrize("one", [False, True], ids=["pairs", "one to many"])
def test_sets_are_compared_a_part_at_a_time(function, one, monkeypatch):
    """As many at once as fit; the values are those of all at once."""
    x1, y1, x2, y2 = np.random.default_rng(0).integers(0, 9, (4, 7, 6))
    sets = (x1[0], y1[0], x2, y2) if one else (x1, y1, x2, y2)
    box = (BOX,) if function == "wd_points" else ()
    at_once = getattr(metrics, function)(*sets, *box)
    for module in (kolmogorov_smirnov, points):
        monkeypatch.setattr(module, "_CHUNK", 3 * 6 * 6)
    np.testing.assert_array_equal(getattr(metrics, function)(*sets, *box), at_once)


class TestKS(ClickMapTester):
    function, oracle, box = "ks", "ks2d", ()
    plain_seeds = range(3)
    degenerate = (
        ((MAP, *ONE), 0.0),
        ((MAP, [4, 4, 4], [2, 2, 2]), 0.0),
        ((MAP, *LINE), 0.0),
    )
    refused = refused_maps()

    def scatter(self, case):
        return 6 * np.hypot(self.value(*case).standard_error, 0.05)


class SampledDistanceTester(ClickMapTester):
    plain_seeds = range(3)
    degenerate = (
        ((PEAK, [4, 4], [2, 2], (3, 4)), 0.0),
        ((PEAK, *ONE, (3, 4)), 0.0),
    )
    refused = refused_maps((4, 5))

    def scatter(self, case):
        return 9 * self.value(*case).standard_error


class TestPL1(SampledDistanceTester):
    function, oracle = "pl1", "l1"


class TestWD(SampledDistanceTester):
    function, oracle = "wd", "wasserstien"


class TestExactPL1(ClickMapTester):
    """Against the sum over all pixels; stored values are draws and agree up to their error."""

    function = "pl1"
    degenerate = SampledDistanceTester.degenerate
    refused = refused_maps((4, 5))

    def value(self, *case):
        return metrics.pl1(*case, mode="exact")

    def plain(self, slow, click_map, x, y, size):
        return slow.pl1_expected(click_map, x, y, size)

    def test_it_equals_the_papers_code(self, stored):
        for name in sorted({key.split("/")[0] for key in stored if key.endswith("/l1")}):
            stem = str(stored[f"{name}/map"])
            arguments = (stored[f"map/{stem}"], stored[f"{name}/x"], stored[f"{name}/y"])
            size = tuple(stored[f"size_wh/{stem}"])
            error = metrics.pl1(*arguments, size).standard_error
            assert abs(self.value(*arguments, size) - stored[f"{name}/l1"]) < 4 * error, name


class TestNSS(ClickMapTester):
    function, oracle, relative, box = "nss", "nss", 1e-6, ()
    degenerate = (
        ((np.full((7, 5), 0.1, np.float32), [1, 2], [3, 4]), 0.0),  # constant
        ((PEAK, [-5, 99], [-5, 99]), metrics.nss(PEAK, [0, 7], [0, 5])),  # the nearest pixels
    )
    refused = refused_maps()


class TestPDE(ClickMapTester):
    function, oracle, relative, box = "pde", "pde", 1e-6, ()
    degenerate = (
        ((PEAK, *ONE), 1.0),
        ((PEAK, [-5, 99], [-5, 99]), 0.0),
        ((MAP, *ONE), 1 / 48),
    )
    refused = refused_maps()


class TestClickScores(ClickMapTester):
    """All five at once."""

    function = "click_scores"
    plain_seeds = range(3)
    degenerate = (((PEAK, *ONE, (3, 4)), (0.0, 0.0, 0.0, metrics.nss(PEAK, *ONE), 1.0)),)
    refused = refused_maps((4, 5))

    def scatter(self, case):
        ks, pl1, wd = self.value(*case)[:3]
        errors = [np.hypot(ks.standard_error, 0.05), pl1.standard_error, wd.standard_error, 0, 0]
        return 9 * np.array(errors)

    def test_it_equals_the_papers_code(self, stored):
        """Through the single metrics, whose values these are."""
        for name in sorted({key.split("/")[0] for key in stored if key.endswith("/l1")}):
            stem = str(stored[f"{name}/map"])
            case = (stored[f"map/{stem}"], stored[f"{name}/x"], stored[f"{name}/y"])
            size = tuple(stored[f"size_wh/{stem}"])
            assert self.value(*case, size) == (
                metrics.ks(*case),
                metrics.pl1(*case, size),
                metrics.wd(*case, size),
                metrics.nss(*case),
                metrics.pde(*case),
            )


class MaskTester(GeometricTester):
    """A metric of a mask with an unknown band and a prediction."""

    degenerate = (
        ((np.zeros((4, 5), bool), np.zeros((4, 5), bool)), 1.0),
        ((np.ones((4, 5), bool), np.zeros((4, 5), bool)), 0.0),
        ((np.full((4, 5), -1, np.int8), np.ones((4, 5), bool)), 1.0),
    )
    refused = (
        ((np.ones((1, 4, 5), bool), np.ones((4, 5), bool)), r"mask must be .*\(1, 4, 5\)"),
        ((np.ones((4, 5), bool), np.ones((5, 4), bool)), r"prediction must be .*\(5, 4\)"),
        ((np.full((4, 5), np.nan), np.ones((4, 5), bool)), r"mask holds NaN.*\(4, 5\)"),
        ((np.ones((4, 5)), np.full((2, 4, 5), np.nan)), r"prediction holds NaN.*\(2, 4, 5\)"),
        ((np.ones((4, 5)), np.full((4, 5), "a")), r"prediction must hold real.*\(4, 5\)"),
        ((np.full((4, 5), 1j), np.ones((4, 5))), r"mask must hold real.*\(4, 5\)"),
    )

    def draw(self, rng, *, ties):
        height, width = rng.integers(12, 40, 2)
        truth, guess = rng.random((2, height, width)) < rng.choice([0.5, 0.97])
        coded = truth.astype(np.int8)
        coded[rng.random((height, width)) < 0.1] = -1
        return coded, (coded == 1) if ties else guess

    def moved(self, case, dx, dy):
        return tuple(np.roll(self._framed(array), (dy, dx), axis=(0, 1)) for array in case)

    def _framed(self, array):
        return np.pad(array, 10)

    def mirrored(self, case):
        return tuple(array[:, ::-1] for array in case)

    def test_translation_changes_nothing(self):
        """On one canvas, because the width of a band follows from the diagonal."""
        for seed in range(6):
            case = self.draw(np.random.default_rng(seed), ties=False)
            assert self.value(*self.moved(case, 4, 7)) == self.value(*self.moved(case, 0, 0))


class TestIoU(MaskTester):
    function = "iou"


class TestBoundaryIoU(MaskTester):
    function = "boundary_iou"

    def test_the_band_of_something_else_is_refused(self):
        for mask in (np.full((4, 5), 255, np.uint8), np.ones((4, 5)), np.ones(5, bool)):
            with pytest.raises(ValueError, match=r"mask must be a bool array \(..., H, W\)"):
                metrics.boundary(mask)
        assert metrics.boundary([[True, False]]).tolist() == [[True, False]]
        for ratio in (0.0, np.inf, np.nan):
            with pytest.raises(ValueError, match="dilation_ratio must be above 0"):
                metrics.boundary_iou(np.ones((4, 5)), np.ones((4, 5)), dilation_ratio=ratio)


class TestNoC(IouTester):
    function = "noc"
    degenerate = (
        (([[0.1] * 20],), [20]),
        (([[0.95]],), [1]),
        (([[0.5] * 19 + [0.9]],), [20]),
    )
    refused = tuple(BAD_IOUS)

    def plain(self, slow, ious):
        return np.mean([slow.noc(row) for row in ious])

    def dataset_value(self, cases):
        return super().dataset_value(cases).mean()


class TestNoF(IouTester):
    function = "nof"
    degenerate = (
        (([[0.1] * 20],), 1),
        (([[0.95]],), 0),
        (([[0.5] * 19 + [0.9]],), 0),
    )
    refused = (
        *BAD_IOUS,
        (([0.5, 0.6],), r"instances first, got shape \(2,\)"),
    )

    def plain(self, slow, ious):
        return sum(max(row[:20]) < 0.9 for row in ious)


class TestNoFReference(TestNoF):
    function = "nof_reference"
    degenerate = (
        (([[0.1] * 20],), 1),
        (([[0.95]],), 0),
        (([[0.5] * 19 + [0.9]],), 1),
    )

    def plain(self, slow, ious):
        return sum(slow.noc(row) == 20 for row in ious)


class TestIoUAUC(IouTester):
    function = "iou_auc"
    degenerate = (
        (([0.25] * 20,), 0.25),
        (([0.0, 1.0],), 0.5),
    )
    refused = (
        *BAD_IOUS,
        (([0.5],), r"at least 2 clicks.*\(1,\)"),
    )

    def plain(self, slow, ious):
        return [slow.area(row) for row in ious]

    def dataset_value(self, cases):
        return np.sort(super().dataset_value(cases))

    def test_it_equals_its_plain_definition(self, slow):
        for seed in range(12):
            (ious,) = self.draw(np.random.default_rng(seed), ties=bool(seed % 2))
            assert self.value(ious) == pytest.approx(slow.area(ious), abs=1e-12)


GROUPS = np.full((3, 2, 4), 0.5)


class TestSampleNoC(IouTester):
    function, shape = "sample_noc", (10, 20)
    degenerate = (
        ((np.full((4, 10, 20), 0.95),), (1.0, 0.0)),
        ((GROUPS,), (20.0, 0.0)),
    )
    refused = (
        *BAD_GROUPS,
        ((GROUPS[0],), r"group_ious must be .* 3 axes.*\(2, 4\)"),
    )


class TestDeltaSB(IouTester):
    function, shape = "delta_sb", (10, 20)
    degenerate = (
        ((np.full((1, 3, 20), 0.95), np.full((1, 20), 0.95)), 0.0),
        ((np.full((1, 1, 20), 0.5), np.full((1, 20), 0.95)), 1900.0),
        ((np.full((1, 1, 20), 0.95), np.full((1, 20), 0.5)), -95.0),
    )
    refused = (
        ((GROUPS, GROUPS[:2, 0]), r"baseline_ious must be .*got 2 rows for 3"),
        ((GROUPS[0], GROUPS[0]), r"group_ious must be .* 3 axes.*\(2, 4\)"),
        ((GROUPS * 9, GROUPS[:, 0]), r"group_ious must lie in \[0, 1\].*\(3, 2, 4\)"),
    )

    def draw(self, rng, *, ties):
        (groups,) = super().draw(rng, ties=ties)
        return groups, groups[rng.integers(len(groups))]


class TestDeltaGR(IouTester):
    function, shape = "delta_gr", (10, 20)
    degenerate = (
        ((np.full((4, 10, 20), 0.95),), 0.0),
        ((np.stack([np.full((1, 20), v) for v in (0.5, 0.95)], axis=1),), 1900.0),
    )
    refused = (
        *BAD_GROUPS,
        ((GROUPS[:, :1],), "at least 2 groups, got 1"),
    )


class TestNSR(IouTester):
    function, shape = "nsr", (3, 7)
    degenerate = (
        (([[0.8, 0.8, 0.8]],), 0.0),
        (([np.zeros((2, 7))],), 0.0),  # nothing but failures: no spread
        (([[0.5, 1.0], np.zeros((2, 7))],), 50 / 3),
    )
    refused = (
        *BAD_IOUS,
        (([[0.5], []],), r"user_ious\[1\] must be a non-empty array.*\(0,\)"),
        ((np.ones((1, 2, 3, 4)),), r"user_ious\[0\] must be \(methods, clicks\).*\(2, 3, 4\)"),
    )


def test_every_metric_has_its_tester():
    classes = vars(sys.modules[__name__]).values()
    testers = [c for c in classes if inspect.isclass(c) and issubclass(c, MetricTester)]
    tested = {c.function for c in testers if c.__name__.startswith("Test")}
    two_sample = {"ks2d_pvalue", "pl1_points", "wd_points"}
    assert tested >= {*metrics.METRICS, *two_sample, "click_scores", "iou", "boundary_iou", "nof"}
