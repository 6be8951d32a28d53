"""Every number of a results file, against plain renderings of the paper's definitions."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rclicks_hf.benchmark import CLICKING_GROUPS, ResultRow
from rclicks_hf.benchmark.result_rows import write_part
from rclicks_hf.errors import RclicksError
from rclicks_hf.report import (
    MEASURES,
    MethodKey,
    MethodResults,
    compare,
    dataset_nsr,
    read_results,
    score,
    score_all,
)

N, K, T = 7, 20, 0.85
KEY = MethodKey("sam", "cm", "davis")


class Drawn:
    """Random results, written to Parquet; IoU falls on the threshold and reaches it at click 20."""

    def __init__(self, seed: int, segmenter: str = "sam", seconds_metrics: bool = False) -> None:
        rng = np.random.default_rng(seed)
        self.segmenter = segmenter
        self.stems = [f"i{k}" for k in range(N)]
        self.groups = np.round(np.sort(rng.random((N, 10, K)), axis=-1), 2)
        self.base = np.round(np.sort(rng.random((N, K)), axis=-1), 2)
        self.groups[0, :, :] = 0.3
        self.base[1, :] = np.where(np.arange(K) == K - 1, T, 0.2)
        self.groups[2, 3, :] = np.where(np.arange(K) == K - 1, T, 0.2)
        self.users = [rng.random(k % 4 + 2) for k in range(N)]
        self.users[4] = np.zeros(0)
        self.sampled = [rng.random(len(ious)) for ious in self.users]

    def rows(self) -> list[ResultRow]:
        made = []
        for i, stem in enumerate(self.stems):
            runs = {"base": self.base[i], "user": self.users[i], "nuser": self.sampled[i]}
            runs |= dict(zip(CLICKING_GROUPS, self.groups[i], strict=True))
            common = (stem, stem, "test", self.segmenter, "cm")
            for run, ious in runs.items():
                row = ResultRow("davis", *common, run, False, "rclicks-1", "0", iou=ious.tolist())
                made.append(replace(row, boundary_iou=(ious / 2).tolist()))
        return made

    def load(self, folder: Path) -> MethodResults:
        write_part(folder / "results.parquet", self.rows())
        [method] = read_results(folder).values()
        return method


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return Drawn(5)


@pytest.fixture(scope="module")
def method(drawn: Drawn, tmp_path_factory: pytest.TempPathFactory) -> MethodResults:
    return drawn.load(tmp_path_factory.mktemp("results"))


def clicks_to(ious: np.ndarray, threshold: float = T) -> int:
    return next((k for k, iou in enumerate(ious.tolist(), 1) if iou >= threshold), K)


def area(ious: np.ndarray) -> float:
    return 100 * sum((a + b) / 2 for a, b in pairwise(ious)) / (K - 1)


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def value(key: str, method: MethodResults) -> float:
    return score(MEASURES[key], method, T).value


def test_noc(drawn: Drawn, method: MethodResults) -> None:
    noc = [[clicks_to(run) for run in groups] for groups in drawn.groups]
    base = [clicks_to(run) for run in drawn.base]
    sample = score(MEASURES["sample_noc"], method, T)
    assert sample.value == pytest.approx(np.mean(noc))
    assert sample.spread == pytest.approx(mean([float(np.std(row)) for row in noc]))
    assert value("base_noc", method) == pytest.approx(mean(base))
    ratios = [100 * (np.mean(g) - b) / b for g, b in zip(noc, base, strict=True)]
    assert value("delta_sb_noc", method) == pytest.approx(mean(ratios))
    assert value("delta_gr_noc", method) == pytest.approx(
        mean([100 * (g[0] - g[9]) / g[9] for g in noc])
    )
    assert value("delta_hh_noc", method) == pytest.approx(
        mean([100 * (g[j] - g[j + 5]) / g[j + 5] for g in noc for j in range(5)])
    )


def test_area_under_the_curve(drawn: Drawn, method: MethodResults) -> None:
    auc = [[area(run) for run in groups] for groups in drawn.groups]
    base = [area(run) for run in drawn.base]
    sample = score(MEASURES["sample_auc"], method, T)
    assert sample.value == pytest.approx(np.mean(auc))
    assert sample.spread == pytest.approx(mean([float(np.std(row)) for row in auc]))
    assert value("base_auc", method) == pytest.approx(mean(base))
    assert value("delta_sb_auc", method) == pytest.approx(
        mean([float(np.mean(g)) - b for g, b in zip(auc, base, strict=True)])
    )
    assert value("delta_gr_auc", method) == pytest.approx(mean([g[0] - g[9] for g in auc]))
    assert value("delta_hh_auc", method) == pytest.approx(
        mean([g[j] - g[j + 5] for g in auc for j in range(5)])
    )
    nsr = mean([100 * float(np.std(g)) / float(np.mean(g)) for g in auc])
    assert value("nsr_auc", method) == pytest.approx(nsr)


@pytest.mark.parametrize("rule", ["nof", "nof_reference"])
def test_failures_by_both_rules(drawn: Drawn, method: MethodResults, rule: str) -> None:
    def fails(ious: np.ndarray) -> bool:
        return clicks_to(ious) == K if rule == "nof_reference" else bool(max(ious) < T)

    nof = [sum(fails(drawn.groups[i, g]) for i in range(N)) for g in range(10)]
    base = sum(map(fails, drawn.base))
    sample = score(MEASURES[f"sample_{rule}"], method, T)
    assert sample.value == pytest.approx(mean(nof))
    assert sample.spread == pytest.approx(float(np.std(nof)))
    assert value(f"base_{rule}", method) == base
    assert value(f"delta_sb_{rule}", method) == pytest.approx(mean(nof) - base)
    assert value(f"delta_gr_{rule}", method) == pytest.approx(nof[0] - nof[9])
    halves = mean([nof[j] - nof[j + 5] for j in range(5)])
    assert value(f"delta_hh_{rule}", method) == pytest.approx(halves)


def test_the_rules_of_failure_differ_at_the_last_click(method: MethodResults) -> None:
    assert value("base_nof_reference", method) > value("base_nof", method)


def test_one_click(drawn: Drawn, method: MethodResults) -> None:
    clicked = [i for i, ious in enumerate(drawn.users) if len(ious)]
    base = score(MEASURES["base_iou1"], method, T)
    assert base.value == pytest.approx(100 * np.mean(drawn.base[clicked, 0]))
    assert base.instances == len(clicked) == N - 1
    for name, clicked in (("user", drawn.users), ("nuser", drawn.sampled)):
        each = [ious for ious in clicked if len(ious)]
        found = score(MEASURES[f"{name}_iou1"], method, T)
        assert found.value == pytest.approx(mean([100 * float(np.mean(u)) for u in each]))
        assert found.spread == pytest.approx(mean([100 * float(np.std(u)) for u in each]))
        assert found.instances == N - 1
        nsr = mean([100 * float(np.std(u)) / (float(np.mean(u)) + 1e-9) for u in each])
        assert value(f"nsr_{name}", method) == pytest.approx(nsr)


def test_boundary_iou_takes_the_place_of_iou(drawn: Drawn, method: MethodResults) -> None:
    low = 0.4
    found = score(MEASURES["sample_boundary_noc"], method, low).value
    by_hand = [clicks_to(run / 2, low) for groups in drawn.groups for run in groups]
    assert found == pytest.approx(mean(by_hand))
    assert value("base_boundary_auc", method) == pytest.approx(value("base_auc", method) / 2)


def test_the_interval_is_over_instances_and_holds_the_value(method: MethodResults) -> None:
    found = score_all(method, T, resamples=500)
    assert found.keys() == MEASURES.keys()
    for key, one in found.items():
        assert one.low <= one.value <= one.high, key
    assert found["sample_noc"].low < found["sample_noc"].high
    assert math.isnan(score(MEASURES["sample_noc"], method, T).low)


def test_pairs_are_of_the_instances_that_both_have(tmp_path: Path) -> None:
    first, second = Drawn(1), Drawn(2, "ritm")
    rows = [*first.rows(), *second.rows()]
    broken = [
        replace(r, error="Traceback") if (r.segmenter, r.full_stem) == ("ritm", "i5") else r
        for r in rows
    ]
    write_part(tmp_path / "results.parquet", broken)
    ours, theirs = read_results(tmp_path).values()
    found = compare(MEASURES["base_noc"], ours, theirs, T, resamples=500)
    assert found is not None
    kept = [i for i in range(N) if i != 5]
    by_hand = [clicks_to(first.base[i]) - clicks_to(second.base[i]) for i in kept]
    assert found.instances == N - 1
    assert found.difference.mean == pytest.approx(mean(by_hand))
    assert found.difference.low <= found.difference.mean <= found.difference.high
    count = compare(MEASURES["base_nof_reference"], ours, theirs, T, resamples=500)
    assert count is not None
    by_hand = [(clicks_to(first.base[i]) == K) - (clicks_to(second.base[i]) == K) for i in kept]
    assert count.difference.mean == pytest.approx(sum(by_hand))


def test_methods_without_a_shared_instance_are_not_compared(method: MethodResults) -> None:
    other = replace(method, stems=tuple(f"x{k}" for k in range(N)))
    assert compare(MEASURES["base_noc"], method, other) is None


def test_dataset_nsr_averages_over_methods_before_the_ratio(tmp_path: Path) -> None:
    first, second = Drawn(1), Drawn(2, "ritm")
    write_part(tmp_path / "results.parquet", [*first.rows(), *second.rows()])
    methods = list(read_results(tmp_path).values())
    by_hand = []
    for a, b in zip(first.users, second.users, strict=True):
        if len(a):
            by_hand.append(100 * (np.std(a) + np.std(b)) / (np.mean(a) + np.mean(b)))
    assert dataset_nsr(methods) == pytest.approx(np.mean(by_hand))


def test_a_run_that_is_not_there_leaves_its_numbers_out(drawn: Drawn, tmp_path: Path) -> None:
    rows = [r for r in drawn.rows() if r.run in ("base", "g1", "g2")]
    write_part(tmp_path / "results.parquet", rows)
    found = score_all(read_results(tmp_path)[KEY], T, resamples=0)
    there = {key for key, one in found.items() if one.instances}
    assert {"sample_noc", "delta_sb_noc", "nsr_auc", "base_iou1"} <= there
    assert there.isdisjoint({"delta_gr_noc", "delta_hh_auc", "user_iou1", "nsr_nuser"})


def test_baseline_iou1_is_of_the_objects_with_user_clicks() -> None:
    """The paper leaves the two objects of TETRIS without user clicks out of this column."""
    base = [np.array([iou]) for iou in (0.2, 0.4, 0.9)]
    users = [np.array([0.5, 0.7]), np.zeros(0), np.array([0.8])]
    runs = [{"user": users}, {"nuser": users}, {"user": [np.zeros(0)] * 3}, {}]
    found = [
        score(
            MEASURES["base_iou1"],
            MethodResults(
                MethodKey("sam", "cm", "tetris"), ("a", "b", "c"), {"base": base, **run}, 0, False
            ),
        )
        for run in runs
    ]
    assert [one.value for one in found] == pytest.approx([55, 55, 50, 50])
    assert [one.instances for one in found] == [2, 2, 3, 3]


def test_one_click_trajectories_have_no_area() -> None:
    method = MethodResults(KEY, ("a",), {"base": [np.array([0.95])]}, 0, False)
    found = score_all(method, resamples=0)
    assert found["base_noc"].value == 1.0
    assert math.isnan(found["base_auc"].value)


def test_two_splits_of_a_dataset_are_one_row(drawn: Drawn, tmp_path: Path) -> None:
    rows = drawn.rows()
    for split, stems in (("train", ("i0", "i1")), ("validation", ("i2",))):
        part = [replace(r, split=split) for r in rows if r.full_stem in stems]
        write_part(tmp_path / split / "results.parquet", part)
    [method] = read_results(tmp_path / "train", tmp_path / "validation").values()
    assert method.stems == ("i0", "i1", "i2")
    assert value("base_noc", method) == pytest.approx(mean([clicks_to(r) for r in drawn.base[:3]]))


def test_runs_on_other_instances_are_refused(drawn: Drawn, tmp_path: Path) -> None:
    rows = [r for r in drawn.rows() if (r.full_stem, r.run) != ("i3", "g4")]
    write_part(tmp_path / "results.parquet", rows)
    with pytest.raises(RclicksError, match="sam / cm / davis: run g4 lacks instance i3"):
        read_results(tmp_path)
