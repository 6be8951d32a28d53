"""What every metric must do: one tester, of which each metric has a subclass.

A subclass names its function and draws cases; the expected values are those of a plain definition,
its own `plain` or the function in ``metrics/slow.py``. A case holds the arguments of one instance.
"""

from __future__ import annotations

import copy
from itertools import product
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from rclicks_hf import metrics

Case = tuple[Any, ...]
SEEDS = range(8)


class MetricTester:
    """Any metric: its plain definition, ties, order, unchanged inputs, degenerate and bad input."""

    function: ClassVar[str]
    tolerance: ClassVar[float] = 1e-9
    #: Cases that are compared with the plain definition, which takes a second where it draws.
    plain_seeds: ClassVar[range] = SEEDS
    degenerate: ClassVar[tuple[tuple[Case, Any], ...]]
    refused: ClassVar[tuple[tuple[Case, str], ...]]

    def draw(self, rng: np.random.Generator, *, ties: bool) -> Case:
        """A random case; with ``ties``, one where values coincide."""
        raise NotImplementedError

    def value(self, *case: Any) -> Any:
        """The metric under test."""
        return getattr(metrics, self.function)(*case)

    def plain(self, slow: SimpleNamespace, *case: Any) -> Any:
        """Its plain definition."""
        return getattr(slow, self.function)(*case)

    def dataset_value(self, cases: list[Case]) -> Any:
        """The metric over some instances."""
        return np.mean([self.value(*case) for case in cases], axis=0)

    def test_it_equals_its_plain_definition(self, slow):
        for seed, ties in product(self.plain_seeds, (False, True)):
            case = self.draw(np.random.default_rng(seed), ties=ties)
            expected = self.plain(slow, *case)
            value = self.value(*case)
            np.testing.assert_allclose(
                value, expected, rtol=1e-6, atol=self.tolerance, err_msg=f"{seed=}, {ties=}"
            )
            if self.function in metrics.METRICS:
                low, high = metrics.METRICS[self.function].range
                assert low <= value <= high

    def test_the_order_of_instances_does_not_matter(self):
        for seed in SEEDS[:4]:
            rng = np.random.default_rng(seed)
            cases = [self.draw(rng, ties=bool(i % 2)) for i in range(6)]
            shuffled = [cases[i] for i in rng.permutation(len(cases))]
            np.testing.assert_allclose(
                self.dataset_value(shuffled), self.dataset_value(cases), rtol=1e-12, atol=1e-12
            )

    def test_it_repeats_and_leaves_inputs_and_global_state_alone(self):
        case = self.draw(np.random.default_rng(5), ties=False)
        kept, state = copy.deepcopy(case), np.random.get_state()[1].copy()
        first = self.value(*case)
        np.testing.assert_array_equal(self.value(*case), first)
        for now, before in zip(case, kept, strict=True):
            np.testing.assert_array_equal(now, before)
        assert (np.random.get_state()[1] == state).all()

    def test_degenerate_input_has_its_documented_value(self):
        for case, expected in self.degenerate:
            np.testing.assert_allclose(self.value(*case), expected, atol=1e-12)

    def test_bad_input_is_named_with_its_shape(self):
        for case, message in self.refused:
            with pytest.raises(ValueError, match=message):
                self.value(*case)


class GeometricTester(MetricTester):
    """A metric that translation and mirroring of the plane do not change."""

    def moved(self, case: Case, dx: int, dy: int) -> Case:
        """The case, moved to the right and down."""
        raise NotImplementedError

    def mirrored(self, case: Case) -> Case:
        """The case, left and right exchanged."""
        raise NotImplementedError

    def scatter(self, case: Case) -> float:
        """How far apart two equivalent values may lie: 0 unless they are drawn."""
        return 0.0

    def test_translation_changes_nothing(self):
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            case = self.draw(rng, ties=bool(seed % 2))
            moved = self.moved(case, *(int(step) for step in rng.integers(1, 9, 2)))
            np.testing.assert_allclose(self.value(*moved), self.value(*case), rtol=1e-6, atol=1e-7)

    def test_mirroring_changes_nothing(self):
        for seed in SEEDS:
            case = self.draw(np.random.default_rng(seed), ties=False)
            apart = np.abs(np.subtract(self.value(*self.mirrored(case)), self.value(*case)))
            allowed = self.scatter(case) + 1e-7 * (1 + np.abs(self.value(*case)))
            assert (apart <= allowed).all(), f"{seed=}"


class TwoSampleTester(GeometricTester):
    """A metric of two sets of points: x1, y1, x2, y2, and the box where it needs one."""

    box: ClassVar[tuple[Any, ...]] = ((7.0, 3.0),)

    def draw(self, rng: np.random.Generator, *, ties: bool) -> Case:
        n1, n2 = rng.integers(3, 12, 2)
        points = (rng.uniform(0, 20, n) for n in (n1, n1, n2, n2))
        return *(np.floor(p / 5) if ties else p for p in points), *self.box

    def moved(self, case: Case, dx: int, dy: int) -> Case:
        x1, y1, x2, y2, *box = case
        return x1 + dx, y1 + dy, x2 + dx, y2 + dy, *box

    def mirrored(self, case: Case) -> Case:
        x1, y1, x2, y2, *box = case
        return -x1, y1, -x2, y2, *box

    def test_the_sets_can_be_swapped(self):
        for seed in SEEDS:
            x1, y1, x2, y2, *box = case = self.draw(np.random.default_rng(seed), ties=True)
            assert self.value(x2, y2, x1, y1, *box) == pytest.approx(self.value(*case), abs=1e-9)

    def test_many_sets_at_once_are_one_at_a_time(self):
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            x1, y1, _, _, *box = self.draw(rng, ties=True)
            x2, y2 = rng.integers(0, 5, (2, 3, 6))
            one_by_one = [self.value(x1, y1, *points, *box) for points in zip(x2, y2, strict=True)]
            assert all(isinstance(value, float) for value in one_by_one)
            np.testing.assert_allclose(self.value(x1, y1, x2, y2, *box), one_by_one, rtol=1e-12)
            np.testing.assert_allclose(self.value(x2, y2, x1, y1, *box), one_by_one, rtol=1e-9)

    @pytest.mark.parametrize("n2", [5, 8], ids=["equal sizes", "different sizes"])
    def test_many_pairs_at_once_are_one_at_a_time(self, n2):
        rng = np.random.default_rng(n2)
        points = (*rng.integers(0, 5, (2, 4, 5)), *rng.integers(0, 5, (2, 4, n2)))
        pairs = zip(*points, strict=True)
        one_by_one = [self.value(*pair, *self.box) for pair in pairs]
        np.testing.assert_allclose(self.value(*points, *self.box), one_by_one, rtol=1e-12)

    def test_sets_that_are_not_as_many_are_refused(self):
        with pytest.raises(ValueError, match=r"equally many sets.*got \(2, 3\) and \(4, 3\)"):
            self.value(*np.ones((2, 2, 3)), *np.ones((2, 4, 3)), *self.box)


class ClickMapTester(GeometricTester):
    """A metric of a click map and clicks: map, x, y, and the box where it needs one."""

    #: Name of its value in the paper's stored values, and the tolerance there.
    oracle: ClassVar[str]
    relative: ClassVar[float] = 0.0
    box: ClassVar[tuple[Any, ...]] = ((9.0, 12.0),)

    def draw(self, rng: np.random.Generator, *, ties: bool) -> Case:
        height, width = (int(side) for side in rng.integers(6, 20, 2))
        n = int(rng.integers(3, 9))
        click_map = rng.random((height, width)).astype(["f4", "f8"][rng.integers(2)])
        if ties:  # few values, and clicks on few pixels
            click_map = np.floor(click_map * 3)
            click_map[0, :3] = click_map[2, 1] = 1
        click_map[: height // 4, width // 2 :] = 0
        reach = (3, 3) if ties else (height, width)
        return click_map, rng.integers(0, reach[1], n), rng.integers(0, reach[0], n), *self.box

    def moved(self, case: Case, dx: int, dy: int) -> Case:
        click_map, x, y, *box = case
        larger = np.pad(click_map, ((dy, 10 - dy), (dx, 10 - dx)))
        return larger, x + dx, y + dy, *box

    def mirrored(self, case: Case) -> Case:
        click_map, x, y, *box = case
        return click_map[:, ::-1], click_map.shape[1] - 1 - x, y, *box

    def test_translation_changes_nothing(self):
        """On one canvas, because NSS depends on all its pixels."""
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            case = self.moved(self.draw(rng, ties=bool(seed % 2)), 0, 0)
            click_map, x, y, *box = case
            dx, dy = (int(step) for step in rng.integers(0, 10, 2))
            moved = np.roll(click_map, (dy, dx), axis=(0, 1)), x + dx, y + dy, *box
            np.testing.assert_allclose(self.value(*moved), self.value(*case), rtol=1e-6, atol=1e-7)

    def test_it_equals_the_papers_code(self, stored):
        cases = sorted({key.split("/")[0] for key in stored if key.endswith(f"/{self.oracle}")})
        assert len(cases) == 8
        for name in cases:
            stem = str(stored[f"{name}/map"])
            size = (tuple(stored[f"size_wh/{stem}"]),) if self.box else ()
            value = self.value(
                stored[f"map/{stem}"], stored[f"{name}/x"], stored[f"{name}/y"], *size
            )
            assert value == pytest.approx(
                float(stored[f"{name}/{self.oracle}"]), rel=self.relative, abs=1e-9
            ), name


class IouTester(MetricTester):
    """A metric of IoU values, whose function takes all instances at once."""

    shape: ClassVar[tuple[int, ...]] = (20,)

    def draw(self, rng: np.random.Generator, *, ties: bool) -> Case:
        values = np.sort(rng.random(self.shape), axis=-1)
        if ties:  # the threshold is met exactly, early, late and never
            values = np.round(values, 1) * [0.5, 1.0][rng.integers(2)]
        return (values,)

    def dataset_value(self, cases: list[Case]) -> Any:
        return self.value(*(list(arguments) for arguments in zip(*cases, strict=True)))

    def test_it_equals_its_plain_definition(self, slow):
        """Over several instances, because some of these metrics are not means over instances."""
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            cases = [self.draw(rng, ties=bool(i % 2)) for i in range(5)]
            columns = [list(arguments) for arguments in zip(*cases, strict=True)]
            value, expected = self.dataset_value(cases), self.plain(slow, *columns)
            np.testing.assert_allclose(value, expected, atol=1e-9)
            if self.function in metrics.METRICS:
                low, high = metrics.METRICS[self.function].range
                assert low <= value <= high

    def test_it_repeats_and_leaves_inputs_and_global_state_alone(self):
        cases = [self.draw(np.random.default_rng(seed), ties=False) for seed in range(3)]
        kept = copy.deepcopy(cases)
        first = self.dataset_value(cases)
        np.testing.assert_array_equal(self.dataset_value(cases), first)
        for now, before in zip(cases, kept, strict=True):
            np.testing.assert_array_equal(now[0], before[0])
