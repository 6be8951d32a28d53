"""`rclicks report`: all formats, both kinds of results, the threshold, and error messages."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.parquet import ParquetFile
from typer.testing import CliRunner

from rclicks_hf.benchmark.manifest import IDENTITY
from rclicks_hf.cli import app
from rclicks_hf.click_scoring.score_rows import PEOPLE, SCORE_SCHEMA, SPLIT_HALF, ScoreSettings
from rclicks_hf.click_scoring.score_run import SCORES
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import write_table
from rclicks_hf.metrics import CLICK_METRICS, SAMPLED_METRICS
from rclicks_hf.report import MEASURES, read_results, score_all, write_report_file
from rclicks_hf.report.numbers.click_model_results import read_score_folders

MakeResults = Callable[..., Path]


@pytest.fixture
def folders(make_results: MakeResults, tmp_path: Path) -> list[Path]:
    return [
        make_results(tmp_path / "a", failed=[("ritm", "test_003")]),
        make_results(tmp_path / "b", dataset="simulated_scenes", simulated=True, instances=5),
    ]


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def test_csv_holds_every_number_unrounded(folders: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "r.csv"
    assert write_report_file(folders, out, threshold=0.8) == str(out)
    rows = read_csv(out)
    results = read_results(*folders)
    assert len(rows) == len(results) * len(MEASURES)
    scores = {
        (key.segmenter, key.dataset): score_all(method, 0.8, resamples=0)
        for key, method in results.items()
    }
    for row in rows:
        expected = scores[row["segmenter"], row["dataset"]][row["measure"]]
        assert float(row["value"]) == expected.value
        assert (row["spread"] == "") == (expected.spread != expected.spread)
        assert float(row["low"]) <= float(row["value"]) <= float(row["high"])
        assert row["threshold"] == "0.8"
        assert row["simulated_clicks"] == str(row["dataset"] == "simulated_scenes")
    by_method = {(r["dataset"], r["segmenter"]): (r["instances"], r["failures"]) for r in rows}
    assert by_method["davis", "ritm"] == ("11", "1")
    assert by_method["davis", "sam"] == ("12", "0")


def test_markdown_marks_the_best_and_the_simulated(folders: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "r.md"
    write_report_file(folders, out)
    text = out.read_text("utf-8")
    tables = text.split("\n## ")
    assert tables[1].startswith("Clicks needed")
    lines = [line for line in tables[1].splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines if "*davis*" not in line}) <= 2
    noc = {
        line.split("|")[1].strip(): float(re.sub("[*]|</?u>", "", line.split("|")[5]).split()[0])
        for line in lines[3:7]
    }
    best, second, third = sorted(noc, key=lambda name: noc[name])[:3]
    cells = {line.split("|")[1].strip(): line.split("|")[5].strip() for line in lines[3:7]}
    assert cells[best].startswith("**")
    assert cells[second].startswith("<u>")
    assert re.match(r"\*[^*]", cells[third])
    assert "sam (simulated clicks)" in text
    assert "simulated, not made by people" in tables[1]


def test_latex_is_plain_ascii_and_every_row_has_its_cells(
    folders: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "r.tex"
    write_report_file(folders, out)
    text = out.read_text("utf-8")
    assert text.isascii()
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") > 5
    assert text.count("{") == text.count("}")
    assert r"simulated\_scenes" in text
    assert not re.search(r"(?<!\\)_", text.replace(r"\_", ""))
    for block in re.findall(r"\\begin{tabular}{([lr]+)}(.*?)\\end{tabular}", text, re.DOTALL):
        rows = [line for line in block[1].splitlines() if "&" in line]
        assert {line.count("&") for line in rows} == {len(block[0]) - 1}


def test_a_format_overrides_the_ending(folders: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "r.txt"
    write_report_file(folders, out, format="csv")
    assert len(read_csv(out)) > 0
    with pytest.raises(RclicksError, match="pdf: unknown format; choose html, csv, markdown"):
        write_report_file(folders, out, format="pdf")


@pytest.mark.parametrize(
    ("name", "format", "message"),
    [
        (
            "r.pdf",
            None,
            r"r\.pdf: ending \.pdf is unknown; use \.html, \.csv, \.md, \.tex, or give",
        ),
        ("r.txt", None, r"r\.txt: ending \.txt is unknown"),
        ("r.html.gz", None, r"ending \.gz is unknown"),
        ("report", None, r"report: it has no ending; use \.html"),
        (
            "r.html",
            "latex",
            r"r\.html: the ending is that of html, the format is latex; end .*\.tex",
        ),
    ],
)
def test_no_file_gets_a_false_name(
    folders: list[Path], tmp_path: Path, name: str, format: str | None, message: str
) -> None:
    with pytest.raises(RclicksError, match=message):
        write_report_file(folders, tmp_path / name, format=format)
    assert not (tmp_path / name).exists()


def test_the_default_name_fits_the_format(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["report", *map(str, folders), "--format", "latex"])
    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.glob("report.*")] == ["report.tex"]


@pytest.mark.usefixtures("undrawn")
def test_all_instances_failed(make_results: MakeResults, methods: Any, tmp_path: Path) -> None:
    """The page is written all the same, but the command says so and its exit code is 1."""
    stems = [("sam", f"test_{k:03}") for k in range(2)]
    folder = make_results(
        tmp_path / "c", methods=[replace(methods[0], segmenter="sam")], instances=2, failed=stems
    )
    well = make_results(
        tmp_path / "d", methods=[replace(methods[0], segmenter="disk")], instances=2
    )
    out = tmp_path / "r.html"
    done = CliRunner().invoke(app, ["report", str(folder), "--out", str(out)])
    assert done.exit_code == 1
    assert "all 2 failed, first test_000: " in done.output
    assert "2 failed, first test_000: " in out.read_text("utf-8")
    done = CliRunner().invoke(app, ["report", str(folder), str(well), "--out", str(out)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("ending", ["html", "csv"])
@pytest.mark.usefixtures("undrawn")
def test_every_results_file_is_read_once(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    given = [*folders, write_click_scores(tmp_path / "c", "ud")]
    read = []

    def opened(path: Path, **options: Any) -> pq.ParquetFile:
        read.append(path)
        return ParquetFile(path, **options)

    monkeypatch.setattr(pq, "ParquetFile", opened)
    words = ["report", *map(str, given), "--out", str(tmp_path / f"r.{ending}")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    files = [*(folder / "results.parquet" for folder in folders), given[-1] / SCORES]
    assert sorted(read) == sorted(files)


def test_the_threshold_is_the_protocol_s_unless_given(
    make_results: MakeResults, tmp_path: Path
) -> None:
    folder = make_results(tmp_path / "a")
    manifest = dict.fromkeys(IDENTITY, "") | {"protocol": {"noc_threshold": 0.75}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    out = tmp_path / "r.csv"
    for given, expected in ((None, "0.75"), (0.85, "0.85")):
        write_report_file([folder], out, threshold=given)
        assert {row["threshold"] for row in read_csv(out)} == {expected}
    with pytest.raises(RclicksError, match=r"threshold: must be an IoU in \(0, 1\], got 90"):
        write_report_file([folder], out, threshold=90.0)


def test_the_page_shows_tables_and_threshold(folders: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "r.html"
    text = write_report_file(folders, out, threshold=0.8)
    page = out.read_text("utf-8")
    assert "IoU 0.8, counted as reached" in page
    for title in (
        "Clicks to the threshold",
        "Area under the IoU curve",
        "Instances that never reach the threshold",
        "One click",
        "Clicks to the threshold of boundary IoU",
        "Paired differences",
        "NSR of the datasets",
        "Correlation of measures, clicks by cm",
        "Time",
    ):
        assert f"<summary>{title}</summary>" in page, title
    # Part of a dataset, invented numbers: nothing of the paper stands beside them.
    assert "Beside the paper" not in page
    # Missing pictures are reported.
    assert text.splitlines()[0].startswith("images left out of davis (the results do not name")
    assert "give --repo" in page


@pytest.mark.parametrize(
    ("protocol", "message"),
    [
        (None, r"manifest\.json: its protocol is damaged"),
        ({"noc_threshold": "high"}, r"threshold: must be an IoU in \(0, 1\], got high"),
        ({"noc_threshold": 1.0000001}, r"threshold: must be an IoU in \(0, 1\], got 1\.0000001"),
    ],
)
def test_a_damaged_manifest_is_one_line(
    folders: list[Path], tmp_path: Path, protocol: object, message: str
) -> None:
    manifest = dict.fromkeys(IDENTITY, "") | {"protocol": protocol}
    (folders[0] / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RclicksError, match=message):
        write_report_file(folders[:1], tmp_path / "r.csv")


def test_a_backslash_before_a_bar_does_not_end_a_cell_in_markdown(
    make_results: MakeResults, methods: Any, tmp_path: Path
) -> None:
    folder = make_results(tmp_path / "c", methods=[replace(methods[0], segmenter="a\\|b")])
    write_report_file([folder], tmp_path / "r.md")
    assert r"| a\\\|b |" in (tmp_path / "r.md").read_text("utf-8")


@pytest.mark.usefixtures("undrawn")
def test_a_method_without_numbers_has_no_spread(
    make_results: MakeResults, methods: Any, tmp_path: Path
) -> None:
    stems = [("sam", f"test_{k:03}") for k in range(2)]
    folder = make_results(
        tmp_path / "c", methods=[replace(methods[0], segmenter="sam")], instances=2, failed=stems
    )
    write_report_file([folder], tmp_path / "r.html")
    assert "– ±" not in (tmp_path / "r.html").read_text("utf-8")


def test_an_ending_in_capitals_is_an_ending(folders: list[Path], tmp_path: Path) -> None:
    write_report_file(folders, tmp_path / "R.TEX")
    assert "tabular" in (tmp_path / "R.TEX").read_text("utf-8")


def test_an_unfinished_run_is_reported(folders: list[Path], tmp_path: Path) -> None:
    manifest = dict.fromkeys(IDENTITY, "x") | {"protocol": {}, "is_finished": False}
    (folders[0] / "manifest.json").write_text(json.dumps(manifest))
    said = write_report_file(folders[:1], tmp_path / "r.csv")
    assert said.splitlines()[0].startswith("x on x: the last run has not finished")


@pytest.mark.parametrize("name", ["folder", ""])
def test_a_folder_in_the_place_of_the_file_is_one_line(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(RclicksError, match=r"cannot be written there|is a folder"):
        write_report_file(folders, Path(name), format="csv")
    assert not list(tmp_path.glob(".*.tmp"))


def write_click_scores(folder: Path, *models: str, **settings: Any) -> Path:
    """A folder as `rclicks evaluate-clicks` leaves it, of invented scores on GrabCut."""
    rows = []
    for k, stem in enumerate("abcd"):
        about = {
            "dataset": "grabcut", "split": "test", "full_stem": stem, "round": "first",
            "click_type": "first", "device": "all", "is_simulated": False, "clicks": 20,
            **{f"{name}_error": 0.01 for name in SAMPLED_METRICS},
            "ks_undefined": 0, "left_out": "",
        }  # fmt: skip
        for m, model in enumerate((*models, PEOPLE)):
            scores = dict.fromkeys(CLICK_METRICS, 0.1 * (k + m + 1))
            rows.append({**about, "click_model": model, **scores})
    write_table(folder / SCORES, pa.Table.from_pylist(rows, schema=SCORE_SCHEMA))
    manifest = {
        "dataset": ["grabcut"], "split": ["test"], "click_model": list(models),
        **asdict(ScoreSettings()), "dataset_fingerprint": ["f"], "is_finished": True, **settings,
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("ending", ["html", "csv", "md", "tex"])
def test_click_scores_are_shown_alone_and_in_any_mix(
    folders: list[Path], tmp_path: Path, ending: str
) -> None:
    clicks, out = write_click_scores(tmp_path / "c", "ud", "dt"), tmp_path / f"r.{ending}"
    assert write_report_file([clicks], out) == str(out)
    alone = out.read_text("utf-8")
    write_report_file([folders[0], clicks / SCORES, folders[1]], out)
    mixed = out.read_text("utf-8")
    for text in (alone, mixed):
        assert "ud" in text
        assert SPLIT_HALF in text
        if ending != "csv":
            assert "0.350" in text  # mean of dt, over instances
            assert "dt − ud".replace("−", "$-$" if ending == "tex" else "−") in text
            assert "+0.100*" in text.replace("\\*", "*")
            assert "paper: UD" in text
    assert "simpleclick" in mixed
    assert "simpleclick" not in alone
    if ending == "html":
        assert 'id="benchmark"' not in alone
        assert "RClicks click models" in alone
        assert "reference mode" in mixed


def test_click_scores_in_csv_are_unrounded(folders: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "r.csv"
    write_report_file([folders[0]], out)
    benchmark = read_csv(out)
    write_report_file([write_click_scores(tmp_path / "c", "ud"), folders[0]], out)
    rows = read_csv(out)
    clicks = [row for row in rows if row["split"]]
    assert [row | {"split": ""} for row in benchmark] == rows[len(clicks) :]
    assert len(clicks) == 2 * len(CLICK_METRICS)
    first = clicks[0]
    assert (first["click_model"], first["measure"], first["split"]) == ("ud", "ks", "test")
    assert float(first["value"]) == pytest.approx(0.25)
    assert float(first["low"]) < 0.25 < float(first["high"])


def test_click_scores_of_several_folders_are_one_table(tmp_path: Path) -> None:
    folders = [write_click_scores(tmp_path / model, model) for model in ("ud", "dt")]
    scores = read_score_folders(*folders)
    [table] = scores.tables
    assert [means.click_model for means in table.means] == ["ud", "dt", SPLIT_HALF]
    assert [means.instances for means in table.means] == [4, 4, 4]
    assert len(table.differences) == 1


def test_click_scores_that_do_not_belong_together_are_one_line(tmp_path: Path) -> None:
    first, out = write_click_scores(tmp_path / "a", "ud"), tmp_path / "r.md"
    seeded = write_click_scores(tmp_path / "b", "dt", seed=1)
    changed = write_click_scores(tmp_path / "c", "dt", dataset_fingerprint=["g"])
    unfinished = write_click_scores(tmp_path / "d", "dt", is_finished=False)
    text = write_report_file([unfinished], out)
    assert text.startswith("click models on grabcut: the last run has not finished")
    (unfinished / SCORES).unlink()
    for other, message in (
        (first, "ud on grabcut: given twice"),
        (seeded, "seed is 42 in one folder and 1 in another"),
        (changed, "two versions of grabcut, split test"),
        (unfinished, "let `rclicks evaluate-clicks` finish first"),
    ):
        with pytest.raises(RclicksError, match=message):
            write_report_file([first, other], out)
    with pytest.raises(RclicksError, match="needs results of `rclicks benchmark`"):
        write_report_file([first], out, eval_results=tmp_path / "hub", dataset_id="a/b")
