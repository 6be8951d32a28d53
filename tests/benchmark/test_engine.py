from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.benchmark_fakes import Disks, FakeSource, Raises, Slope, WrongShape, make_instance

from rclicks_hf.benchmark import RUNS, BenchmarkProtocol, Clicker, run_image
from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.click_models import load_click_model
from rclicks_hf.data import Clicks
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import boundary_iou, iou
from rclicks_hf.segmenters import Prediction

SHORT = BenchmarkProtocol(max_clicks=4)


class CountingDisks(Disks):
    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, image: np.ndarray) -> Any:
        self.encoded += 1
        return super().encode(image)


def test_one_row_a_run_with_every_click() -> None:
    instance = make_instance("095", "095")
    rows = run_image([instance], Disks(), load_click_model("ud"))
    assert [row.run for row in rows] == list(RUNS)
    for row in rows:
        count = len(instance.clicks) if row.run in ("user", "nuser") else 20
        lengths = {len(v) for v in (row.iou, row.boundary_iou, row.x, row.y, row.is_positive)}
        assert lengths == {count}
        assert row.error == ""
        assert (row.full_stem, row.segmenter, row.click_model) == ("095", "disks", "ud")
        assert row.is_simulated
        assert row.protocol_digest == BenchmarkProtocol().digest


@pytest.mark.parametrize("run", ["base", "g1", "g10"])
def test_a_run_is_what_a_clicker_alone_does(run: str) -> None:
    instance, model, segmenter = make_instance("095", "095"), Slope(), Disks()
    rows = run_image([instance], segmenter, model, RUNS, SHORT)
    row = next(row for row in rows if row.run == run)
    clicker = Clicker(
        instance.mask,
        None if run == "base" else model.click_map,
        CLICKING_GROUPS.get(run),
        SHORT.trajectory_seed("095", run),
    )
    state, clicks, mask = segmenter.encode(instance.image), [], instance.mask == 2
    for k in range(4):
        clicks.append(clicker.next(mask))
        mask = segmenter.predict(state, [clicks], [None])[0].probability > 0.5
        assert (row.x[k], row.y[k], row.is_positive[k]) == clicks[-1]
        assert row.iou[k] == iou(instance.mask, mask)
        assert row.boundary_iou[k] == boundary_iou(instance.mask, mask)


def test_the_unknown_band_does_not_count() -> None:
    instance = make_instance("095", "095")

    class Perfect(Disks):
        def predict(self, state: Any, clicks: Any, previous: Any) -> Any:
            found = super().predict(state, clicks, previous)
            values = (instance.mask != 0).astype(np.float32)
            return [replace(prediction, probability=values) for prediction in found]

    [row] = run_image([instance], Perfect(), None, ["base"], SHORT)
    assert row.iou == [1.0] * 4
    assert (row.x[1], row.y[1], row.is_positive[1]) == (0, 0, False)


def test_users_click_once_each_from_scratch() -> None:
    instance = make_instance("095", "095")
    outside = Clicks(np.array([-5, 500]), np.array([3, 900]), np.array(["pc", "pc"]))
    [row] = run_image([replace(instance, clicks=outside)], Disks(), None, ["user"])
    assert (row.x, row.y, row.is_positive) == ([0, 47], [3, 35], [True, True])
    [row] = run_image([instance], Disks(), None, ["user"])
    state = Disks().encode(instance.image)
    for x, y, value in zip(row.x, row.y, row.iou, strict=True):
        disk = (state[0][1] - x) ** 2 + (state[0][0] - y) ** 2 <= 36
        assert value == iou(instance.mask, disk)


@pytest.mark.parametrize("run", ["user", "nuser"])
def test_an_instance_without_user_clicks_has_an_empty_row(run: str) -> None:
    instance = replace(make_instance("a", "a"), clicks=Clicks.empty())
    [row] = run_image([instance], Disks(), Slope(), [run])
    assert (row.iou, row.error) == ([], "")


def test_sampled_users_click_as_often_as_real_ones_from_the_whole_map() -> None:
    instance, model, segmenter = make_instance("095", "095"), Slope(), Disks()
    [row] = run_image([instance], segmenter, model, ["nuser"])
    assert model.maps == 1
    rng = np.random.RandomState(BenchmarkProtocol().trajectory_seed("095", "nuser"))
    nothing, state = instance.mask == 2, segmenter.encode(instance.image)
    assert len(row.x) == len(instance.clicks)
    for k in range(len(instance.clicks)):
        click = Clicker(instance.mask, model.click_map, (0.0, 1.0), rng).next(nothing)
        assert (row.x[k], row.y[k], row.is_positive[k]) == click
        alone = segmenter.predict(state, [[click]], [None])[0].probability > 0.5
        assert row.iou[k] == iou(instance.mask, alone)
        assert row.boundary_iou[k] == boundary_iou(instance.mask, alone)


def test_a_target_iou_ends_a_trajectory_at_the_click_that_reaches_it() -> None:
    instance = make_instance("095", "095")
    [whole] = run_image([instance], Disks(), None, ["base"])
    target = sorted(whole.iou)[10]
    stop = next(k for k, value in enumerate(whole.iou, start=1) if value >= target)
    assert 1 < stop < 20
    protocol = BenchmarkProtocol(target_iou=target)
    base, group = run_image([instance], Disks(), Slope(), ["base", "g4"], protocol)
    assert (base.iou, base.x) == (whole.iou[:stop], whole.x[:stop])
    assert max(group.iou[:-1]) < target
    assert group.iou[-1] >= target or len(group.iou) == 20


def test_the_protocol_may_set_the_mask_threshold() -> None:
    class Faint(Disks):
        def predict(self, state: Any, clicks: Any, previous: Any) -> Any:
            found = super().predict(state, clicks, previous)
            return [replace(p, probability=p.probability * np.float32(0.4)) for p in found]

    instance = make_instance("095", "095")
    [strict] = run_image([instance], Faint(), None, ["base"], SHORT)
    [loose] = run_image([instance], Faint(), None, ["base"], replace(SHORT, mask_threshold=0.3))
    assert strict.iou == [0.0] * 4
    assert loose.iou == run_image([instance], Disks(), None, ["base"], SHORT)[0].iou


def test_other_group_edges_are_other_runs() -> None:
    instance, protocol = make_instance("095", "095"), replace(SHORT, group_edges=(0.0, 0.95, 1.0))
    rows = run_image([instance], Disks(), Slope(), None, protocol)
    assert [row.run for row in rows] == ["base", "g1", "g2", "user", "nuser"]
    clicker = Clicker(
        instance.mask, Slope().click_map, (0.95, 1.0), protocol.trajectory_seed("095", "g2")
    )
    assert (rows[2].x[0], rows[2].y[0], True) == clicker.next(instance.mask == 2)


def test_an_image_is_encoded_once_and_equal_errors_share_a_map() -> None:
    segmenter, model = CountingDisks(), Slope()
    two = [i for i in FakeSource().load() if i.image_stem == "two.objects"]
    run_image(two, segmenter, model, RUNS, BenchmarkProtocol(max_clicks=1))
    assert segmenter.encoded == 1
    # The ten groups of an object start from one error mask; the sampled users share one map.
    assert model.maps == 2 + 2


def test_results_do_not_depend_on_the_company_of_runs_and_objects() -> None:
    two = [i for i in FakeSource().load() if i.image_stem == "two.objects"]
    model = Slope()
    together = run_image(two, Disks(), model, RUNS, SHORT)
    alone = run_image(two[1:], Disks(), model, ["g3"], SHORT)[0]
    same = next(r for r in together if (r.full_stem, r.run) == (two[1].full_stem, "g3"))
    assert (same.x, same.y, same.iou) == (alone.x, alone.y, alone.iou)


@pytest.mark.parametrize(
    ("segmenter", "message"),
    [(Raises(), "the accelerator is out of memory"), (WrongShape(), "got shape (35, 48)")],
)
def test_a_failure_is_recorded_in_every_row(segmenter: Any, message: str) -> None:
    rows = run_image([make_instance("a", "a", marked=True)], segmenter, None, ["base", "user"])
    assert [row.run for row in rows] == ["base", "user"]
    for row in rows:
        assert row.error.startswith("Traceback")
        assert message in row.error
        assert (row.iou, row.x) == ([], [])


def test_a_failure_leaves_the_other_objects_alone() -> None:
    good, empty = make_instance("a", "i", "1"), make_instance("b", "i", "2")
    empty = replace(empty, mask=np.zeros_like(empty.mask))
    rows = run_image([empty, good], Disks(), None, ["base"], SHORT)
    assert "no object pixel" in rows[0].error
    assert rows[1].error == ""
    assert len(rows[1].iou) == 4


def test_fail_fast_stops_with_one_line() -> None:
    with pytest.raises(RclicksError, match=r"^a: RuntimeError: the accelerator is out of memory"):
        run_image([make_instance("a", "a", marked=True)], Raises(), None, ["base"], fail_fast=True)


def test_later_rounds_are_refused() -> None:
    later = replace(make_instance("a", "a"), click_type="fn")
    [row] = run_image([later], Disks(), None, ["base"], SHORT)
    assert "only first-round instances" in row.error


def test_wrong_runs_are_named() -> None:
    with pytest.raises(RclicksError, match="runs: g11 is not a run"):
        run_image([make_instance("a", "a")], Disks(), None, ["g11"])
    with pytest.raises(RclicksError, match="runs: none given"):
        run_image([make_instance("a", "a")], Disks(), None, [])
    with pytest.raises(RclicksError, match="click_model: needed by all runs except base and user"):
        run_image([make_instance("a", "a")], Disks(), None, ["g1"])


class Careless(Disks):
    """Writes into what it is given."""

    def encode(self, image: np.ndarray) -> Any:
        state = super().encode(image)
        image[:] = 0
        return state

    def predict(self, state: Any, clicks: Any, previous: Any) -> list[Prediction]:
        found = super().predict(state, clicks, previous)
        for trajectory in clicks:
            trajectory.reverse()
        return found


def test_a_segmenter_that_writes_into_image_and_clicks_changes_nothing() -> None:
    instance = make_instance("a", "a")
    before = instance.image.copy()
    runs = ["base", "g1", "user"]
    rows = run_image([instance], Careless(), Slope(), runs, SHORT)
    assert np.array_equal(instance.image, before)
    for row, expected in zip(
        rows, run_image([instance], Disks(), Slope(), runs, SHORT), strict=True
    ):
        assert (row.x, row.y, row.iou) == (expected.x, expected.y, expected.iou)


def test_logits_are_not_scored_as_probabilities() -> None:
    class Logits(Disks):
        def predict(self, state: Any, clicks: Any, previous: Any) -> list[Prediction]:
            found = super().predict(state, clicks, previous)
            return [Prediction(20 * prediction.probability - 10) for prediction in found]

    [row] = run_image([make_instance("a", "a")], Logits(), None, ["base"], SHORT)
    assert "probability must lie in [0, 1], got -10 to 10" in row.error
