"""The paper's tables from its archive: every cell and every correlation of its notebook."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.commands import run_rclicks_here

from rclicks_hf.benchmark.published.importing import import_results
from rclicks_hf.errors import RclicksError
from rclicks_hf.report import MEASURES, MethodKey, MethodResults, Results, read_results, score
from rclicks_hf.report.numbers.method_results import GROUP_RUNS, PUBLISHED, by_dataset
from rclicks_hf.report.numbers.paper_benchmark import paper_rows
from rclicks_hf.report.tables.published_tables import (
    PAPER_TABLES,
    PaperCheck,
    check_paper_tables,
    paper_correlations,
    paper_score,
    plain_check,
)
from rclicks_hf.segmenters.methods import METHODS

DATASETS = {
    "grabcut": "GrabCut",
    "berkeley": "Berkeley",
    "davis": "DAVIS",
    "coco_mval": "COCO",
    "tetris": "TETRIS",
}
MakeResults = Callable[..., Path]

MARKS = {0: "{}", 1: r"\textbf{{{}}}", 2: "underline{{{}}}", 3: r"\textit{{{}}}"}


@pytest.fixture(scope="module")
def oracle(shared: Path) -> Path:
    return shared / "oracles" / "evaluation_results"


@pytest.fixture(scope="module")
def expected(oracle: Path) -> dict[str, Any]:
    return json.loads((oracle / "expected.json").read_text())


@pytest.fixture(scope="module")
def runs(oracle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("paper") / "runs"
    import_results(oracle / "evaluation_results.zip", out, num_proc=1, progress=False)
    return out


@pytest.fixture(scope="module")
def imported(runs: Path) -> Results:
    return read_results(*runs.iterdir())


def test_every_cell_is_the_notebook_s(imported: Results, expected: dict[str, Any]) -> None:
    check = check_paper_tables(imported)
    made = {named.title: named.table for named in check.tables}
    wrong = []
    count = 0
    for dataset, name in DATASETS.items():
        for title, columns in PAPER_TABLES.items():
            rows = made[f"{title}, {dataset}"].groups[""]
            names = ["Method", "Arch", "Data", *(column.name for column in columns)]
            wanted = expected["paper_strings"][name][title]
            models = [model for model in METHODS if model in wanted]
            assert len(rows) == len(models) == 4
            for model, row in zip(models, rows, strict=True):
                for column, cell in zip(names, row.cells, strict=True):
                    text = MARKS[cell.rank].format(cell.text)
                    count += 1
                    if text != wanted[model][column]:
                        wrong.append((name, title, model, column, text, wanted[model][column]))
    assert not wrong, wrong
    assert count == 5 * 4 * (5 * 3 + 3 + 4 * 5)


def test_correlations_are_the_notebook_s(imported: Results, expected: dict[str, Any]) -> None:
    names = expected["about"]["correlated_columns"]
    published = by_dataset(imported.values())
    all_five = []
    for dataset, name in DATASETS.items():
        wanted = expected["correlations"][name]["spearman_below_pearson_above"]
        found = paper_correlations(published[dataset])
        all_five.append(found)
        table = np.array([[float(wanted[row][column]) for column in names] for row in names])
        if name == "GrabCut":
            table = np.nan_to_num(table)
        np.testing.assert_allclose(found, table, rtol=0, atol=1e-4, err_msg=name)
    mean = expected["correlations"]["mean_abs_of_five"]
    table = np.array([[float(mean[row][column]) for column in names] for row in names])
    np.testing.assert_allclose(np.abs(np.mean(all_five, axis=0)), table, rtol=0, atol=1e-4)


def test_cells_are_counted_and_marked(imported: Results) -> None:
    check = check_paper_tables(imported)
    cells = [
        c for t in check.tables for rows in t.table.groups.values() for r in rows for c in r.cells
    ]
    # Table 4 and two of its columns again in Table 9, on the datasets of notebook and poster.
    assert check.compared == 3 * 4 * 6
    assert check.differing == sum(cell.interval.startswith("≠ ") for cell in cells)
    assert check.unknown == 5 * 4 * 23 - check.compared + len(DATASETS)
    text = plain_check(check)
    row = next(r for r in paper_rows() if (r.model, r.dataset) == ("cocolvis_vit_base", "tetris"))
    assert f"≠ {row.sample_noc:.2f}±{row.sample_noc_std:.2f}" in text
    assert "72 cells compared with published values, 72 differ; 393 have no published" in text
    assert "tetris: results are of 9 instances, the published ones of 2531" in text


def test_a_cell_with_the_same_printed_value_is_not_marked() -> None:
    check = PaperCheck([])
    assert check.cell("3.48±0.60", "3.48±0.60").interval == ""
    assert check.cell("3.49±0.60", "3.48±0.60").interval == "≠ 3.48±0.60"
    assert check.cell("1.00", "").interval == ""
    assert (check.compared, check.differing, check.unknown) == (2, 1, 1)


def test_an_instance_without_any_overlap_makes_the_paper_s_ratio_nan() -> None:
    key = MethodKey("sam_vit_b_01ec64", "cm", "davis")
    ious = {run: [np.zeros(20), np.linspace(0.1, 0.9, 20)] for run in GROUP_RUNS}
    method = MethodResults(key, ("a", "b"), ious, 0, is_simulated=False, origin=PUBLISHED)
    assert np.isnan(paper_score("nsr_auc", method).value)
    assert score(MEASURES["nsr_auc"], method).value == 0.0  # ours counts the instance as 0
    check = check_paper_tables(Results([method]))
    [row] = next(t for t in check.tables if t.title == "Supp, Table 12, davis").table.groups[""]
    assert (row.cells[-1].text, row.cells[-1].rank) == ("nan", 0)


def test_the_command_prints_and_writes_them(runs: Path, tmp_path: Path) -> None:
    line = f"report {runs / 'sam_vit_b_01ec64'} --paper-tables"
    done = run_rclicks_here(line, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Main, Table 4, tetris" in done.stdout
    assert "cells compared with published values" in done.stdout
    done = run_rclicks_here(f"{line} --out t.md", cwd=tmp_path)
    assert "## Supp, Table 12, davis" in (tmp_path / "t.md").read_text()
    done = run_rclicks_here(f"{line} --out t.csv", cwd=tmp_path)
    assert "--paper-tables: has no csv; choose markdown, latex" in done.stderr


def test_results_that_are_not_the_paper_s_are_refused(
    make_results: MakeResults, tmp_path: Path
) -> None:
    with pytest.raises(RclicksError, match="none of the results are the paper's"):
        check_paper_tables(read_results(make_results(tmp_path / "own")))
