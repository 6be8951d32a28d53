"""Means with intervals, what is never mixed in one, and the printed table."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rclicks_hf.analysis import (
    STATISTICS,
    SummaryRow,
    compare_devices,
    format_summary,
    published_value,
    summarise,
)
from rclicks_hf.analysis.devices import PUBLISHED_MEANS
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.metrics import bootstrap_interval

ROW = SummaryRow("davis", "test", False, "object box", "ks", 378, {}, 0.6, 0.5, 0.7)


def results(**columns: list) -> pa.Table:
    """Result rows with ``wd`` and, by default, one key for all."""
    count = len(columns["wd"])
    keys = {
        "dataset": ["davis"],
        "split": ["test"],
        "is_simulated": [False],
        "unit": ["object box"],
        "left_out": [""],
    }
    return pa.table({name: values * count for name, values in keys.items()} | columns)


def test_mean_and_interval_over_the_instances_that_count() -> None:
    values = np.random.default_rng(0).random(30)
    rows = results(wd=[*values, None, None, None], left_out=[""] * 30 + ["few", "few", "empty"])
    [row] = summarise(rows, confidence=0.9, resamples=500, seed=7)
    expected = bootstrap_interval(values, confidence=0.9, resamples=500, seed=7)
    assert (row.mean, row.low, row.high) == expected
    assert (row.instances, row.left_out) == (30, {"few": 2, "empty": 1})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("dataset", ["davis", "grabcut"]),
        ("split", ["train", "validation"]),
        ("is_simulated", [True, False]),
        ("unit", ["object box", "image"]),
    ],
)
def test_what_differs_is_never_mixed_in_a_mean(name: str, values: list) -> None:
    summary = summarise(results(wd=[1.0, 5.0, 3.0], **{name: [*values, values[0]]}))
    assert [row.mean for row in summary] == [2.0, 5.0]
    field = "group" if name == "dataset" else name
    assert [getattr(row, field) for row in summary] == values


def test_order_of_instances_does_not_matter(clouds: pa.Table) -> None:
    rows = compare_devices(clouds, progress=False)
    turned = rows.take(list(range(len(rows)))[::-1])
    for one, other in zip(summarise(rows), summarise(turned), strict=True):
        assert one.mean == pytest.approx(other.mean)
        assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=0.05)


def test_a_group_without_instances_has_no_mean() -> None:
    [row] = summarise(
        results(wd=[None, None], left_out=["few", "few"]).cast(results(wd=[1.0]).schema)
    )
    assert row.instances == 0
    assert all(map(math.isnan, (row.mean, row.low, row.high)))
    text = format_summary([row], "Title")
    assert text.splitlines()[3].split() == [
        "davis",
        "WD",
        "box",
        "diagonals",
        "0",
        "–",
        "[–,",
        "–]",
    ]
    assert text.endswith("Left out of davis: 2, few")


def test_simulated_clicks_are_in_a_separate_table() -> None:
    simulated = replace(ROW, group="simulated_scenes", is_simulated=True)
    text = format_summary([ROW, simulated], "PC against mobile", published_value)
    recorded, made = text.split("\n\n")
    assert recorded.startswith("PC against mobile (recorded clicks)\n")
    assert made.startswith("PC against mobile (simulated clicks)\n")
    assert "Published" in recorded
    assert "0.6212" in recorded
    assert "Published" not in made


def test_tables_are_aligned_and_fit_100_columns() -> None:
    row = replace(ROW, unit="image", instances=12_345)  # the longest
    rows = [
        replace(row, group=name, split=entry.splits[-1], statistic=statistic)
        for name, entry in SOURCE_DATASETS.items()
        for statistic in STATISTICS
    ]
    compared = PUBLISHED_MEANS["davis"].keys() | {"wd", "pl1"}
    real = [r for r in rows if r.group in PUBLISHED_MEANS and r.statistic in compared]
    for text in (format_summary(rows, "Title"), format_summary(real, "Title", published_value)):
        _, head, *body = text.splitlines()
        assert len(body) > 20
        assert {len(line) for line in body} == {len(head)}
        assert len(head) <= 100


def test_published_values_are_the_papers(oracles: Path) -> None:
    with (oracles / "published" / "pc_vs_mobile.csv").open(newline="") as file:
        rows = {row["dataset"]: row for row in csv.DictReader(file)}
    assert set(rows) == {SOURCE_DATASETS[name].csv_name for name in PUBLISHED_MEANS}
    for name, values in PUBLISHED_MEANS.items():
        published = rows[SOURCE_DATASETS[name].csv_name]
        assert values == {
            "ks": pytest.approx(float(published["ks_test"]), abs=1e-6),
            "wd_slip": pytest.approx(float(published["w"]), abs=1e-6),
            "pl1_slip": pytest.approx(float(published["l1"]), abs=1e-6),
        }


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ({}, 0.621164),
        ({"statistic": "wd_slip"}, 0.576627),
        ({"statistic": "wd"}, None),
        ({"unit": "image"}, 0.621164),
        ({"unit": "image", "statistic": "wd_slip"}, None),
        ({"is_simulated": True}, None),
        ({"group": "tetris", "split": "validation"}, 0.699758),
        ({"group": "tetris", "split": "train"}, None),
        ({"group": "simulated_scenes"}, None),
    ],
)
def test_published_values_only_where_they_mean_the_same(change: dict, value: float | None) -> None:
    assert published_value(replace(ROW, **change)) == value
