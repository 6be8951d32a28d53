"""The leaderboard: numbers are those of the report, said to be published, simulated or own."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np
import pytest
from helpers.invented_results import write_results

from rclicks_hf.errors import RclicksError
from rclicks_hf.report import read_results
from rclicks_hf.report.numbers.paper_benchmark import paper_rows
from rclicks_hf.report.results import Results
from rclicks_hf.space.leaderboard.entries import (
    MOST_NAMED,
    NOT_STATED,
    Leaderboard,
    entries_csv,
    leaderboard_of,
)
from rclicks_hf.space.leaderboard.table import table_html

EVIL = "<script>alert(1)</script>${x}{{y}}"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Leaderboard:
    """Two published methods, an own one with an awkward name, and a simulated run."""
    root = tmp_path_factory.mktemp("results")
    folders = [
        write_results(root / "sam", "sam_vit_b_01ec64", skill=0.9, published=True),
        write_results(root / "ritm", "sbd_h18_itermask", skill=0.7, published=True),
        write_results(root / "own", EVIL, skill=0.8),
        write_results(
            root / "simulated",
            "=1+1",
            dataset="simulated_scenes",
            click_model="dt",
            simulated=True,
        ),
    ]
    return leaderboard_of(read_results(*folders))


def test_without_results_the_published_table_is_shown_as_such() -> None:
    board = leaderboard_of(None)
    assert len(board.entries) == len(paper_rows())
    [entry] = [
        entry
        for entry in board.chosen("tetris", board.training_data)
        if entry.key.segmenter == "GPCIS_Resnet50"
    ]
    assert entry.value("sample_noc") == 3.87  # shared/published/benchmark_tetris_33_models.csv
    assert entry.value("delta_gr_noc") == 56.43
    assert math.isnan(entry.value("base_noc"))
    assert [column.title for column in board.columns] == ["Sample NoC", "ΔSB %", "ΔGR %"]
    html = table_html(board.chosen("tetris", ["SBD"]), board.columns)
    assert "published values" in html
    assert "GPCIS" not in html  # trained on COCO + LVIS
    clicks = [entry.value("sample_noc") for entry in board.chosen("tetris", board.training_data)]
    assert clicks == sorted(clicks)


def test_the_numbers_are_those_of_the_report(board: Leaderboard) -> None:
    assert board.results is not None
    for entry in board.entries:
        scores = board.results.scores[entry.key]
        for column in board.columns:
            score = entry.scores.get(column.measure)
            assert score == (scores[column.measure] if score else None)
    [own] = [entry for entry in board.entries if entry.key.segmenter == EVIL]
    low, high = own.scores["sample_noc"].low, own.scores["sample_noc"].high
    html = table_html([own], board.columns)
    assert f"<small>[{low:.2f}, {high:.2f}]</small>" in html


def test_filters_by_dataset_and_training_data(board: Leaderboard) -> None:
    assert board.datasets == ["davis", "simulated_scenes"]
    assert board.training_data == ["SBD", "SA-1B", NOT_STATED]
    found = board.chosen("davis", ["SBD", NOT_STATED])
    assert [entry.key.segmenter for entry in found] == [EVIL, "sbd_h18_itermask"]
    assert board.chosen("davis", []) == []
    assert len(board.chosen("", board.training_data)) == 4


def test_simulated_and_own_runs_are_marked(board: Leaderboard) -> None:
    html = table_html(board.chosen("", board.training_data), board.columns)
    rows = [row for row in re.findall(r"<tr>.*?</tr>", html) if "<td" in row]
    marks = [re.findall(r'class="badge">([^<]*)<', row) for row in rows]
    assert sorted(marks) == [["own run"], ["own run", "simulated clicks"], ["paper"], ["paper"]]
    only = table_html(board.chosen("simulated_scenes", board.training_data), board.columns)
    assert only.count("simulated clicks") == 1  # said once above the table
    assert only.index("simulated clicks") < only.index("<table")


def test_names_from_results_are_text(board: Leaderboard) -> None:
    html = table_html(board.chosen("davis", board.training_data), board.columns)
    assert "<script" not in html
    assert "${" not in html
    assert "{{" not in html
    assert "&lt;script&gt;" in html


def test_the_best_is_marked_among_methods_with_the_same_clicks(tmp_path: Path) -> None:
    folders = [
        write_results(tmp_path / "a", "a", skill=0.9),
        write_results(tmp_path / "b", "b", skill=0.6),
        write_results(tmp_path / "c", "c", skill=0.7, click_model="dt"),
        write_results(tmp_path / "d", "d", skill=0.6, click_model="dt"),
    ]
    board = leaderboard_of(read_results(*folders))
    html = table_html(board.chosen("davis", board.training_data), board.columns)
    best = {
        re.findall(r'data-value="(\w)"', row)[0]
        for row in re.findall(r"<tr>.*?</tr>", html)
        if re.search(r'class="number best" data-value="[^"]*">\d+\.\d+ ±', row)
    }
    assert best == {"a", "c"}
    named = [entry.name for entry in board.entries]
    assert named == ["a, network", "c, dt", "b, network", "d, dt"]


def test_the_table_as_csv_is_unrounded_and_safe_in_a_spreadsheet(board: Leaderboard) -> None:
    entries = board.chosen("", board.training_data)
    lines = list(csv.DictReader(io.StringIO(entries_csv(entries, board.columns, board.threshold))))
    assert len(lines) == 4
    for entry, line in zip(entries, lines, strict=True):
        score = entry.scores["sample_noc"]
        numbers = [float(line[f"sample_noc{part}"]) for part in ("", "_low", "_high", "_spread")]
        assert numbers == [score.value, score.low, score.high, score.spread]
        assert line["simulated_clicks"] == str(entry.is_simulated)
        assert line["threshold"] == "0.9"
    assert {line["segmenter"] for line in lines} >= {"'=1+1", "sam_vit_b_01ec64"}


def test_charts_name_own_runs_first(board: Leaderboard) -> None:
    data = board.standings(board.chosen("davis", board.training_data))
    assert data is not None
    assert data.curves.shape == (3, 20)
    assert (np.diff(data.curves, axis=1) >= 0).all()
    assert f"{EVIL} (own run)" in [
        name for name, is_named in zip(data.names, data.are_named, strict=True) if is_named
    ]
    one = board.standings(board.chosen("davis", board.training_data), ["SAM ViT-B"])
    assert one is not None
    assert [name for name, named in zip(one.names, one.are_named, strict=True) if named] == [
        "SAM ViT-B"
    ]
    assert board.standings([]) is None
    published = leaderboard_of(None)
    data = published.standings(published.chosen("tetris", published.training_data))
    assert data is not None
    assert (sum(data.are_named), data.curves.shape) == (MOST_NAMED, (33, 0))


def test_results_without_methods_are_refused() -> None:
    with pytest.raises(RclicksError, match="hold no method"):
        leaderboard_of(Results([]))
