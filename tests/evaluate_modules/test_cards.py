"""The metric cards agree with the table, their examples run, and published values are as stored."""

from __future__ import annotations

import csv
import doctest
import re

import pytest
import yaml

from rclicks_hf.metrics import CLICK_METRICS, METRICS

SECTIONS = (
    "Metric description",
    "How to use",
    "Inputs",
    "Output values",
    "Values from the paper",
    "Limits",
    "Citation",
)


@pytest.fixture(params=METRICS.values(), ids=METRICS)
def info(request):
    return request.param


@pytest.fixture
def card(info, repo):
    return (repo / "metrics" / info.module / "README.md").read_text(encoding="utf-8")


def test_every_module_is_in_the_table(repo):
    folders = {path.name for path in (repo / "metrics").iterdir() if path.is_dir()}
    assert folders == {info.module for info in METRICS.values()}


def test_header_of_a_space(info, card, repo):
    header = yaml.safe_load(card.split("---")[1])
    assert header["title"] == f"{info.title} ({info.abbreviation})"
    assert header["description"] == info.description
    assert header["sdk"] == "gradio"
    assert {"evaluate", "metric"} <= set(header["tags"])
    folder = repo / "metrics" / info.module
    assert (folder / header["app_file"]).is_file()
    assert "rclicks-hf" in (folder / "requirements.txt").read_text().splitlines()


def test_text_agrees_with_the_table(info, card):
    assert re.findall(r"^#{2,3} (.*)$", card, re.M)[: len(SECTIONS)] == list(SECTIONS)
    assert info.description in card
    assert info.citation in card
    better = {"up": "**Higher is better** (↑)", "down": "**Lower is better** (↓)"}
    assert better[info.direction] in card
    assert better["down" if info.direction == "up" else "up"] not in card
    words = {float("inf"): "infinity", float("-inf"): "-infinity"}
    low, high = (words.get(bound, f"{bound:g}") for bound in info.range)
    stated = "any real number" if low == "-infinity" else f"{low} to {high}"
    assert f"Unit: {info.unit}. Range: {stated}." in card


def test_examples_run(info, card, repo, monkeypatch):
    monkeypatch.chdir(repo / "metrics")
    code = "\n".join(re.findall(r"```python\n(.*?)```", card, re.S))
    example = doctest.DocTestParser().get_doctest(code, {}, info.module, None, 0)
    assert len(example.examples) > 2
    assert example.examples[-1].want
    result = doctest.DocTestRunner().run(example)
    assert result.failed == 0


def table_rows(card):
    return [
        [cell.strip() for cell in row.split("|")[1:-1]]
        for row in card.splitlines()
        if row[:1] == "|"
    ]


@pytest.mark.parametrize("name", CLICK_METRICS)
def test_values_of_click_models_are_the_published_ones(name, repo, oracles):
    card = (repo / "metrics" / METRICS[name].module / "README.md").read_text(encoding="utf-8")
    with (oracles / "published" / "eval_cm_all.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    column = 2 + CLICK_METRICS.index(name)
    published = {dataset: [] for dataset, *_ in rows}
    for row in rows:
        published[row[0]].append(row[column])
    assert {row[0]: row[1:] for row in table_rows(card)[2:]} == published


@pytest.mark.parametrize(
    ("name", "columns"),
    [("noc", ("sample_noc", "sample_noc_std")), ("delta_sb", ("dSB",)), ("delta_gr", ("dGR",))],
)
def test_values_of_segmenters_are_the_published_ones(name, columns, repo, oracles):
    card = (repo / "metrics" / METRICS[name].module / "README.md").read_text(encoding="utf-8")
    with (oracles / "published" / "benchmark_tetris_33_models.csv").open(newline="") as file:
        published = {
            (r["method"], r["arch"], r["data"]): " ± ".join(r[c] for c in columns)
            for r in csv.DictReader(file)
        }
    stated = table_rows(card)[2:]
    assert len(stated) == 7
    for *method, value in stated:
        assert published[tuple(method)] == value
