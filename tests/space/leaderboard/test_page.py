"""What the page answers to a visitor's choices, honest or not."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import run_rclicks_here

pytest.importorskip("gradio")

from rclicks_hf.space.leaderboard.entries import leaderboard_of
from rclicks_hf.space.leaderboard.page import ALL_DATASETS, HOW_TO_SUBMIT, _Page


@pytest.fixture(scope="module")
def page() -> _Page:
    return _Page(leaderboard_of(None))


def test_choices(page: _Page) -> None:
    table, _, charts = page.choose("davis", ["SBD", "SA-1B"])
    assert "SAM ViT-H" in table
    assert "SAM ViT-H" in charts
    assert "RITM" not in charts
    assert len(page.names("davis", ["SA-1B"])) == table.count("SA-1B") // 2
    link = re.search(r'href="data:text/csv;base64,([^"]*)"', table)
    assert link
    lines = base64.b64decode(link[1]).decode().splitlines()
    assert len(lines) == 1 + table.count("<tr>") - 1
    assert page.choose(ALL_DATASETS, ["SBD"])[0].count("TETRIS") > 1


def test_an_invalid_choice_chooses_nothing(page: _Page) -> None:
    wrong: list[tuple[Any, Any]] = [
        (None, None), ("../..", ["SBD"]), (["davis"], ["SBD"]), ("davis", "SBD"),
        ("davis", [None, "<b>"]), ({}, {}),
    ]  # fmt: skip
    for dataset, training in wrong:
        table, _, charts = page.choose(dataset, training)
        assert "<table" not in table
        assert "<svg" not in charts
    assert "<svg" in page.charts("davis", ["SA-1B"], [None, {}, "<b>"])


def test_the_charts_use_the_colours_of_both_schemes(page: _Page) -> None:
    charts = page.charts("davis", ["SA-1B"], [])
    assert "var(--ink)" in charts
    assert not re.search(r"(fill|stroke): #", charts)
    ids = re.findall(r' id="([^"]*)"', charts)
    assert len(ids) == len(set(ids))


def test_the_commands_of_how_to_submit_exist(tmp_path: Path) -> None:
    commands = re.findall(r"rclicks ([a-z-]+)(?= )", HOW_TO_SUBMIT)
    assert {"build", "benchmark", "report", "push", "import-results"} <= set(commands)
    for verb in set(commands):
        text = run_rclicks_here(f"{verb} --help", cwd=tmp_path).stdout
        for block in re.findall(rf"rclicks {verb} ((?:.*\\\n)*.*)", HOW_TO_SUBMIT):
            for option in re.findall(r"--[a-z-]+", block.split("`")[0]):
                assert option in text, (verb, option)
