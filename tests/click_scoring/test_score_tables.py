"""The tables of click models: means, intervals, differences, published values, remarks."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.commands import run_rclicks_here

from rclicks_hf.click_scoring.paper_scores import (
    PUBLISHED_INSTANCES,
    PUBLISHED_MODELS,
    published_means,
)
from rclicks_hf.click_scoring.score_rows import PEOPLE, SPLIT_HALF
from rclicks_hf.click_scoring.score_summary import summarise_scores
from rclicks_hf.click_scoring.score_text import format_score_tables
from rclicks_hf.metrics import CLICK_METRICS, SAMPLED_METRICS, bootstrap_interval, paired_interval

NAN = float("nan")


def scores(dataset="davis", split="test", simulated=False, devices=("all",)) -> pd.DataFrame:
    """Rows of three models on six instances; "dt" misses the last, people the first."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(6):
        for device in devices:
            for model, missing in (("ud", None), (PEOPLE, 0), ("dt", 5)):
                values = dict(zip(CLICK_METRICS, rng.random(5), strict=True))
                left_out = "fewer than 4 clicks" if i == missing else ""
                rows.append(
                    {
                        "dataset": dataset,
                        "split": split,
                        "full_stem": f"stem_{i}",
                        "round": "first" if i < 4 else "subsequent",
                        "device": device,
                        "is_simulated": simulated,
                        "click_model": model,
                        **{name: NAN if left_out else value for name, value in values.items()},
                        **{f"{name}_error": NAN if left_out else 0.03 for name in SAMPLED_METRICS},
                        "ks_undefined": NAN if left_out else 100 * (i == 2),
                        "left_out": left_out,
                    }
                )
    return pd.DataFrame(rows)


class TestSummary:
    def test_means_are_over_what_was_scored(self):
        rows = scores()
        (table,) = summarise_scores(rows)
        assert [means.click_model for means in table.means] == ["ud", "dt", SPLIT_HALF]
        for means in table.means:
            stored = PEOPLE if means.click_model == SPLIT_HALF else means.click_model
            own = rows[(rows["click_model"] == stored) & (rows["left_out"] == "")]
            assert means.instances == len(own)
            for name in CLICK_METRICS:
                assert means.intervals[name] == bootstrap_interval(own[name], resamples=2000)
            error = 0.03 / np.sqrt(len(own))
            assert means.errors == {name: pytest.approx(error) for name in SAMPLED_METRICS}
        assert [means.left_out for means in table.means] == [
            {},
            {"stem_5": "fewer than 4 clicks"},
            {"stem_0": "fewer than 4 clicks"},
        ]
        assert [means.ks_undefined for means in table.means] == [["stem_2"]] * 3

    def test_differences_are_paired(self):
        rows = scores()
        (table,) = summarise_scores(rows)
        (pair,) = table.differences
        assert (pair.first, pair.second, pair.instances) == ("dt", "ud", 5)
        values = rows.pivot(index="full_stem", columns="click_model", values="nss").iloc[:5]
        expected = paired_interval(values["dt"], values["ud"], resamples=2000)
        assert pair.intervals["nss"] == expected

    def test_tables_of_rounds_and_devices(self):
        tables = summarise_scores(scores(devices=("all", "pc")), rounds=True)
        assert [(t.round, t.device, t.means[0].instances) for t in tables] == [
            ("all", "all", 6),
            ("all", "pc", 6),
            ("first", "all", 4),
            ("first", "pc", 4),
            ("subsequent", "all", 2),
            ("subsequent", "pc", 2),
        ]

    def test_nothing_scored_prints_no_nan(self):
        rows = scores()
        rows["left_out"] = "no clicks"
        (table,) = summarise_scores(rows)
        assert all(means.instances == 0 and not means.intervals for means in table.means)
        text = format_score_tables([table], errors=True)
        assert "nan" not in text
        assert "ud: 6 not scored, no clicks: stem_0, stem_1, stem_2, stem_3, stem_4 and 1" in text


class TestText:
    def test_says_what_it_shows(self):
        text = format_score_tables(summarise_scores(scores(devices=("all", "pc")), rounds=True))
        titles = [line for line in text.splitlines() if line.startswith("Click models on")]
        assert titles[0] == "Click models on DAVIS, split test (recorded clicks)"
        assert titles[3] == "Click models on DAVIS, split test, first round, pc (recorded clicks)"
        assert "imulated" not in text
        assert "nan" not in text.lower()
        assert "dt: 1 not scored, fewer than 4 clicks: stem_5" in text
        assert "KS undefined for some draws" in text
        assert "on 1: stem_2" in text

    def test_published_values_stand_only_beside_the_same_data(self):
        beside = format_score_tables(summarise_scores(scores(devices=("all", "pc")), rounds=True))
        for label in PUBLISHED_MODELS.values():
            assert beside.count(f"  {label}, published") == 1
        assert re.search(
            r"UD, published +1027 +0\.1452 +0\.5561 +0\.1703 +4\.3130 +6\.492e-05", beside
        )
        for other in (
            scores("simulated_scenes", simulated=True),
            scores("davis", simulated=True),
            scores("tetris", split="train"),
        ):
            assert "published" not in format_score_tables(summarise_scores(other))
        assert "published" in format_score_tables(
            summarise_scores(scores("tetris", split="validation"))
        )

    def test_a_difference_is_marked_only_where_the_interval_leaves_out_zero(self):
        rows = scores()
        rows.loc[rows["click_model"] == "dt", "nss"] = 9.0
        rows["wd"] = 0.5
        text = format_score_tables(summarise_scores(rows))
        (line,) = [line for line in text.splitlines() if line.startswith("dt − ud")]
        cells = line.split()
        assert cells[7].startswith("+8.")
        assert cells[7].endswith("*")
        assert cells[6] == "0.0000"

    def test_monte_carlo_errors_on_demand(self):
        tables = summarise_scores(scores())
        assert "Monte Carlo" not in format_score_tables(tables)
        assert format_score_tables(tables, errors=True).count("Monte Carlo error") == 3


@pytest.mark.parametrize(
    ("dataset", "file"),
    [
        ("grabcut", "GrabCut"),
        ("berkeley", "Berkeley"),
        ("davis", "DAVIS"),
        ("coco_mval", "COCO"),
        ("tetris", "TETRIS"),
    ],
)
def test_published_means_are_those_of_the_papers_files(dataset, file, oracles: Path):
    columns = dict(zip(CLICK_METRICS, ("ks2d", "l1", "wasserstien", "nss", "pde"), strict=True))
    path = oracles / "published" / f"eval_cm_{file}_mean.csv"
    with path.open(newline="") as lines:
        stored = {row["model_name"]: row for row in csv.DictReader(lines)}
    means = published_means(dataset, "validation" if dataset == "tetris" else "test")
    assert list(means) == list(PUBLISHED_MODELS)
    for model, values in means.items():
        for name, value in values.items():
            assert value == pytest.approx(float(stored[model][columns[name]]), rel=1e-4)


@pytest.mark.parametrize(
    ("dataset", "file"),
    [("grabcut", "GrabCut"), ("berkeley", "Berkeley"), ("davis", "DAVIS"), ("coco_mval", "COCO")],
)
def test_published_instances_are_those_of_the_papers_files(dataset, file, oracles: Path):
    path = oracles / "published" / f"stems_{file}.csv"
    with path.open(newline="") as lines:
        stems = list(csv.DictReader(lines))
    assert len(stems) == PUBLISHED_INSTANCES[dataset]


def test_the_command_prints_the_tables(scene_repo, tmp_path):
    line = (
        f"evaluate-clicks --click-model ud --click-model dt --dataset simulated_scenes "
        f"--repo {scene_repo} --rounds --devices --mode exact --halvings 4 --num-proc 1"
    )
    done = run_rclicks_here(line, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Click models on Scenes (simulated), split test") == 9
    assert done.stdout.count("(simulated clicks)") == 9
    assert "published" not in done.stdout
    assert "dt − ud" in done.stdout
    assert "ud: 3 not scored, no clicks: scene_000, scene_001, scene_003" in done.stdout
    assert list(tmp_path.iterdir()) == []  # printed only
