"""Metric cards: shared parts from the table, examples that run, values as published."""

from __future__ import annotations

import csv
import doctest
import re
import runpy

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


@pytest.fixture(scope="module")
def writer(repo):
    """The names of the script that writes the shared parts."""
    return runpy.run_path(str(repo / "metrics" / "write_cards.py"))


def test_every_module_is_in_the_table(repo):
    folders = {path.name for path in (repo / "metrics").glob("rclicks_*")}
    assert folders == {info.module for info in METRICS.values()}


def test_shared_parts_are_as_written(info, writer):
    for path, text in writer["files"](info).items():
        assert path.read_text(encoding="utf-8") == text, "run python metrics/write_cards.py"


def test_shared_parts_are_added_to_a_new_card(info, card, writer):
    own = re.sub(r"^---\n.*?^---\n", "", card, flags=re.MULTILINE | re.DOTALL)
    own = own.replace("\n" + info.citation.strip(), "").replace("work as for every", "")
    own = re.sub(r"^(Unit: |- The module is|- A sampled).*\n", "", own, flags=re.MULTILINE)
    emoji = re.search(r"^emoji: .*$", card, re.MULTILINE)[0]
    assert writer["card"](info, f"{emoji}\n{own}") == card


def test_text_agrees_with_the_table(info, card):
    header = yaml.safe_load(card.split("---")[1])
    assert header["title"] == f"{info.title} ({info.abbreviation})"
    assert header["description"] == info.description
    assert re.findall(r"^#{2,3} (.*)$", card, re.M)[: len(SECTIONS)] == list(SECTIONS)
    better = {"up": "**Higher is better** (↑)", "down": "**Lower is better** (↓)"}
    assert better[info.direction] in card
    assert better["down" if info.direction == "up" else "up"] not in card


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
