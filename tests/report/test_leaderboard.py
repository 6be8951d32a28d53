"""Published and own results together: named, ranked, paired, the same in any order of folders."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from rclicks_hf.benchmark.manifest import IDENTITY
from rclicks_hf.report import MethodKey, read_results, report_data, write_report_file
from rclicks_hf.report.page import render
from rclicks_hf.report.tables.text_formats import csv_scores

MakeResults = Callable[..., Path]
PAPER = ("sam_vit_b_01ec64", "coco_lvis_h18_itermask", "mobile_sam")


@pytest.fixture
def folders(make_results: MakeResults, methods: Any, tmp_path: Path) -> list[Path]:
    """Three published methods and an own one, whose two splits are in two folders."""
    made = []
    kind = type(methods[0])
    for place, name in enumerate(PAPER):
        method = kind(name, 0.9 - 0.05 * place, 0.3)
        folder = make_results(tmp_path / name, methods=[method], dataset="tetris", instances=6)
        more = make_results(
            tmp_path / "more" / name, methods=[method], dataset="tetris", instances=6, split="train"
        )
        _join(folder, more)
        _write_manifest(folder, name, published=True)
        made.append(folder)
    own = kind("mine", 0.8, 0.6)
    for split in ("train", "test"):
        folder = make_results(
            tmp_path / split, methods=[own], dataset="tetris", instances=6, split=split
        )
        _write_manifest(folder, "mine", published=False)
        made.append(folder)
    return made


def _join(folder: Path, more: Path) -> None:
    """As an import writes it: all instances in one file, of which no split is known."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [pq.read_table(of / "results.parquet") for of in (folder, more)]
    table = pa.concat_tables(tables)
    split = pa.array([""] * len(table))
    table = table.set_column(table.column_names.index("split"), "split", split)
    pq.write_table(table, folder / "results.parquet")


def _write_manifest(folder: Path, name: str, *, published: bool) -> None:
    fields: dict[str, Any] = dict.fromkeys(IDENTITY, "") | {"segmenter": name, "dataset": "tetris"}
    fields |= {"protocol": {}, "is_finished": True}
    fields |= {"published": {"by": "the paper"}} if published else {}
    (folder / "manifest.json").write_text(json.dumps(fields))


def test_any_order_of_folders_gives_the_same_report(folders: list[Path]) -> None:
    made = set()
    for order in list(permutations(folders))[::11]:
        results = read_results(*order)
        data = report_data(results)
        made.add(csv_scores(results) + repr(data.benchmark_rows) + repr(data.supplement))
    assert len(made) == 1


@pytest.mark.usefixtures("undrawn")
def test_rows_say_what_is_published_and_are_in_the_order_of_clicks(folders: list[Path]) -> None:
    results = read_results(*folders)
    names = {line.split("  ")[0] for line in str(results).splitlines()[2:]}
    assert {"SAM ViT-B (paper)", "MobileSAM ViT-Tiny (paper)", "mine (own run)"} <= names
    clicks = [row.sample_noc for row in results.rows]
    assert clicks == sorted(clicks)
    page = render(report_data(results))
    # Only its rows are lifted out, in each table.
    assert page.count('<tr class="own">') == page.count('<th scope="row">mine (own run)</th>')
    rows = list(csv.DictReader(io.StringIO(csv_scores(results))))
    origins = {row["segmenter"]: row["origin"] for row in rows}
    assert origins == dict.fromkeys(PAPER, "paper") | {"mine": "own run"}


def test_own_runs_are_paired_with_the_paper_s_by_name(folders: list[Path]) -> None:
    tables = {named.title: named.table for named in report_data(read_results(*folders)).supplement}
    [(title, rows)] = tables["Own runs against the paper's"].groups.items()
    assert title == "tetris: mine (own run), clicks by cm"
    cells = {row.cells[0].text: row.cells[1:] for row in rows}
    assert set(cells) == {"SAM ViT-B (paper)", "RITM HR18-IT (paper)", "MobileSAM ViT-Tiny (paper)"}
    assert {of[0].text for of in cells.values()} == {"12"}  # both splits
    assert all(of[1].interval for of in cells.values())


def test_a_published_method_that_was_also_run_here_is_two_rows(
    folders: list[Path], make_results: MakeResults, methods: Any, tmp_path: Path
) -> None:
    method = type(methods[0])(PAPER[0], 0.9, 0.3)
    again = make_results(tmp_path / "again", methods=[method], dataset="tetris", instances=6)
    results = read_results(*folders, again)
    assert len(results) == 5
    assert results[MethodKey(PAPER[0], "cm", "tetris")].origin == "own run"
    text = str(results)
    assert "SAM ViT-B (paper)" in text
    assert "SAM ViT-B (own run)" in text
    other = results[MethodKey(f"{PAPER[0]} (published)", "cm", "tetris")]
    stems = other.stems[:2]
    assert {row["full_stem"] for row in results.rows_of(other.key, stems)} == set(stems)


def test_many_methods_share_a_chart(
    make_results: MakeResults, methods: Any, tmp_path: Path
) -> None:
    kind = type(methods[0])
    few = make_results(tmp_path / "few", instances=3)
    assert not report_data(read_results(few)).standings
    many = [kind(f"m{k}", 0.5 + 0.04 * k, 0.3) for k in range(8)]
    made = report_data(read_results(make_results(tmp_path / "many", methods=many, instances=3)))
    [chart] = made.standings
    assert (len(chart.names), sum(chart.are_named), len(made.curves)) == (8, 4, 4)
    page = render(replace(made, curves=(), scatter=(), supplement=()))
    assert "All methods at a glance" in page
    assert page.count("standing-points-0") > 0
    assert "4 other methods" in page


def test_without_published_results_nothing_is_said_of_origin(
    make_results: MakeResults, tmp_path: Path
) -> None:
    folder = make_results(tmp_path / "own", instances=3)
    write_report_file([folder], tmp_path / "r.csv")
    assert "origin" not in (tmp_path / "r.csv").read_text()
    assert "own run" not in str(read_results(folder))
