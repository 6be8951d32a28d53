"""Benchmark results as a dataset repo: they load by their id and name nothing of the computer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from helpers.benchmark_fakes import Disks, FakeSource, Raises, Slope, make_instance
from helpers.hub_client import run_client

from rclicks_hf.benchmark.protocol import PROTOCOLS
from rclicks_hf.benchmark.runner import run_benchmark
from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.results_repo import clean_results, results_upload
from rclicks_hf.hub.spaces import app_upload
from rclicks_hf.report.results import read_results

SECRET = "hf_" + "Secret" * 6
LOAD = """
rclicks("push results runs --repo org/results")
rclicks("push results runs --repo org/results")
from datasets import load_dataset
for config in ("all", "disks", "raises"):
    rows = load_dataset("org/results", config, split="test")
    found.append([len(rows), sorted(set(rows["segmenter"])), len(rows[0]["iou"])])
found.append(len(load_dataset("org/results")["test"]))
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of two segmenters, one of which fails on an image, with a telltale manifest."""
    out = tmp_path_factory.mktemp("results") / "runs"
    for segmenter in (Disks(), Raises()):
        name = type(segmenter).__name__.lower()
        segmenter.name = name
        run_benchmark(
            FakeSource(),
            segmenter=segmenter,
            click_model=Slope(),
            out=out / name,
            runs=["base", "g1", "g10"],
            num_proc=1,
            progress=False,
        )
        file = out / name / "manifest.json"
        facts = json.loads(file.read_text()) | {
            "command": f"rclicks benchmark --out {out} --token {SECRET}",
            "repo": str(out),
            "segmenter": f"onnx:{out}/model.onnx",
        }
        facts["segmenter_settings"] = {"weights": f"{Path.home()}/w.pt?token={SECRET}"}
        file.write_text(json.dumps(facts))
    return out


def test_results_load_by_their_hub_id(runs: Path, hub: Any) -> None:
    first, again, everything, disks, raises, count = run_client(hub, runs.parent, LOAD)
    assert first[0] == again[0] == 0
    assert again[1] == "org/results: nothing to push\n"
    assert everything == [30, ["disks", "raises"], 20]
    assert disks == [15, ["disks"], 20]
    assert raises[:2] == [15, ["raises"]]
    assert count == 30
    files = hub.files("dataset", "org/results")
    assert sorted(files) == [
        "README.md",
        *(
            f"{name}/{file}"
            for name in ("disks", "raises")
            for file in ("manifest.json", "results.parquet")
        ),
    ]


def test_nothing_of_the_computer_is_published(runs: Path, tmp_path: Path) -> None:
    upload = results_upload("org/results", [runs], tmp_path)
    places = [runs, Path.home(), Path(__file__).parent, Path.cwd()]
    telltale = [SECRET, "Secret", *map(str, places), "--out"]
    stored = [pq.read_table(tmp_path / name / "results.parquet") for name in ("disks", "raises")]
    for content in [
        *(file if isinstance(file, bytes) else file.read_bytes() for file in upload.files.values()),
        *(repr(table.to_pylist()).encode() for table in stored),
    ]:
        assert not [text for text in telltale if text.encode() in content]
    manifest = json.loads((tmp_path / "disks" / "manifest.json").read_text())
    assert manifest["segmenter"] == "onnx:model.onnx"
    assert manifest["protocol"]["id"] == "rclicks-1"
    assert not {"command", "machine", "repo"} & manifest.keys()
    [error] = set(stored[1]["error"].to_pylist()) - {""}
    assert error.startswith("RuntimeError: the accelerator is out of memory (benchmark_fakes.py, ")


def test_the_numbers_are_those_of_the_original(runs: Path, tmp_path: Path) -> None:
    names = ("disks", "raises")
    clean_results([runs], tmp_path)
    before = read_results(*(runs / name for name in names))
    after = read_results(*(tmp_path / name for name in names))
    assert str(after) == str(before)
    columns = [name for name in before.table.column_names if name != "error"]
    assert after.table.select(columns).equals(before.table.select(columns))


def test_the_card_says_what_was_run_and_that_it_is_simulated(runs: Path, tmp_path: Path) -> None:
    card = bytes(results_upload("org/results", [runs], tmp_path).files["README.md"]).decode()
    front = yaml.safe_load(card.split("---")[1])
    assert [entry["config_name"] for entry in front["configs"]] == ["all", "disks", "raises"]
    assert "simulated" in front["tags"]
    assert "simulated" in front["pretty_name"]
    assert "> **Simulated clicks.** The clicks of users in all of them" in card
    for text in (
        "rclicks-1, digest",
        "| slope |",
        "↓",
        "rclicks-hf 0.",
        'load_dataset("org/results"',
    ):
        assert text in card


def test_the_space_takes_the_same_results(runs: Path, tmp_path: Path) -> None:
    files = app_upload("me/app", [runs / "disks"], tmp_path).files
    assert {"results/disks/results.parquet", "results/disks/manifest.json"} < set(files)


def test_what_does_not_belong_together_is_refused(runs: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "disks"
    run_benchmark(
        [make_instance("a", "a")],
        segmenter=Disks(),
        click_model=Slope(),
        out=other,
        runs=["base"],
        protocol=PROTOCOLS["reference"],
        num_proc=1,
        progress=False,
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(RclicksError, match="another folder is also called 'disks'"):
        results_upload("org/results", [runs, other], scratch)
    other.rename(tmp_path / "new")
    (tmp_path / "second").mkdir()
    with pytest.raises(RclicksError, match="follows a different protocol"):
        results_upload("org/results", [runs, tmp_path / "new"], tmp_path / "second")
    manifest = json.loads((tmp_path / "new" / "manifest.json").read_text())
    manifest["is_finished"] = False
    (tmp_path / "new" / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "third").mkdir()
    with pytest.raises(RclicksError, match="no finished benchmark there"):
        results_upload("org/results", [tmp_path / "new"], tmp_path / "third")
