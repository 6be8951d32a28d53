"""Supplementary tables: ranks, the paper's rows, pairs, correlations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rclicks_hf.metrics import metric_correlations
from rclicks_hf.report import MEASURES, Results, compare, read_results
from rclicks_hf.report.tables.supplement import supplement
from rclicks_hf.report.tables.table_cells import NamedTable, number

MakeResults = Callable[..., Path]


def tables_of(*folders: Path, threshold: float = 0.9) -> dict[str, NamedTable]:
    made = supplement(read_results(*folders, threshold=threshold))
    return {named.title: named for named in made}


def cells_of(named: NamedTable, group: str) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in named.table.groups[group]]


def test_ranks_are_among_methods_that_one_model_clicked_at(
    make_results: MakeResults, tmp_path: Path
) -> None:
    folders = [
        make_results(tmp_path / model, click_model=model, instances=4) for model in ("cm", "ud")
    ]
    rows = tables_of(*folders)["Clicks to the threshold"].table.groups["davis"]
    for model in ("cm", "ud"):
        noc = [row.cells[2] for row in rows if row.cells[1].text == model]
        assert sorted(cell.rank for cell in noc) == [0, 1, 2, 3]
        first = min(noc, key=lambda cell: float(cell.text.split()[0]))
        assert first.rank == 1


def test_the_paper_s_numbers_stand_under_the_same_row_only(
    make_results: MakeResults, methods: tuple, tmp_path: Path
) -> None:
    folder = make_results(tmp_path / "a", methods=methods[:1], instances=345, users=())
    results = read_results(folder)
    [key, *_] = results
    mine = key._replace(segmenter="facebook/sam-vit-huge")
    for simulated, shown in ((False, True), (True, False)):
        method = replace(results[key], key=mine, is_simulated=simulated)
        made = supplement(Results([method]))
        titles = [named.title for named in made]
        assert ("Beside the paper's numbers" in titles) == shown
        if shown:
            rows = cells_of(made[0], "davis: SAM ViT-H")
            assert rows[0][0] == "measured, clicks by cm"
            assert rows[1] == ["paper", "5.42 ± 0.49", "8.00", "15.02"]


def test_pairs_are_minus_the_best(make_results: MakeResults, tmp_path: Path) -> None:
    folder = make_results(tmp_path / "a", failed=[("ritm", "test_003")])
    results = read_results(folder)
    named = tables_of(folder)["Paired differences"]
    [(group, rows)] = named.table.groups.items()
    assert group == "davis: minus simpleclick, clicks by cm"
    by_name = {row.cells[0].text: row for row in rows}
    assert sorted(by_name) == ["geocut", "ritm", "sam"]
    assert by_name["ritm"].cells[1].text == "11"
    methods = {key.segmenter: method for key, method in results.items()}
    found = compare(MEASURES["sample_noc"], methods["geocut"], methods["simpleclick"])
    assert found is not None
    assert by_name["geocut"].cells[2].text == number(found.difference.mean, 2)
    low, high = found.difference.low, found.difference.high
    assert by_name["geocut"].cells[2].interval == f"[{number(low, 2)}, {number(high, 2)}]"


def test_correlations_need_three_methods(
    make_results: MakeResults, methods: tuple, tmp_path: Path
) -> None:
    few = make_results(tmp_path / "few", methods=methods[:2])
    assert not [title for title in tables_of(few) if title.startswith("Correlation")]
    many = make_results(tmp_path / "many")
    named = tables_of(many)["Correlation of measures, clicks by cm"]
    heads = [text for text, _ in named.table.heads[1:]]
    results = read_results(many)
    first, second = (heads.index(MEASURES[key].title) for key in ("sample_noc", "nsr_user"))
    values = [
        [scores[key].value for key in ("sample_noc", "nsr_user")]
        for scores in results.scores.values()
    ]
    expected = metric_correlations([values])
    rows = cells_of(named, "")
    assert rows[second][1 + first] == number(float(expected[1, 0]), 2)
    assert rows[first][1 + second] == number(float(expected[0, 1]), 2)
    assert rows[first][1 + first] == "–"


def test_columns_without_a_number_are_left_out(make_results: MakeResults, tmp_path: Path) -> None:
    heads = [h for h, _ in tables_of(make_results(tmp_path, users=()))["One click"].table.heads]
    assert [head.split()[0] for head in heads] == ["Segmenter", "Click", "Baseline"]


def test_simulated_rows_mark_every_table_they_are_in(
    make_results: MakeResults, tmp_path: Path
) -> None:
    made = tables_of(make_results(tmp_path, dataset="simulated_scenes", simulated=True))
    assert all(named.table.is_simulated for named in made.values())
    assert len(made) == 11


def test_dataset_nsr_counts_a_segmenter_once(make_results: MakeResults, tmp_path: Path) -> None:
    folders = [make_results(tmp_path / m, click_model=m, instances=4) for m in ("cm", "ud")]
    [[name, count, value]] = cells_of(tables_of(*folders)["NSR of the datasets"], "")
    assert (name, count) == ("davis", "4")
    users = [method.user_ious for method in read_results(folders[0]).values()]
    by_hand = [
        np.mean([np.std(m[i]) for m in users]) / np.mean([np.mean(m[i]) for m in users])
        for i in range(4)
    ]
    assert float(value) == pytest.approx(100 * np.mean(by_hand), abs=0.005)
