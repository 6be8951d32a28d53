"""`rclicks benchmark` and its options, on a tiny repo of two datasets."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from helpers.tiny_networks import tiny_model
from typer.testing import CliRunner

from rclicks_hf import data, simulation
from rclicks_hf.benchmark.result_rows import read_result_table
from rclicks_hf.cli import app
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.launch import Launch

TWO = ("simulated_scenes", "simulated_photographs")


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two datasets with two images each: s0, s1, and p0, p1."""
    tables, sources, splits = [], {}, {}
    for name, letter in zip(TWO, "sp", strict=True):
        source = data.MemoryStore()
        for number, colour in enumerate((255, 160)):
            image = np.full((24, 32, 3), 90, np.uint8)
            image[6:18, 6:20] = colour
            source.add(f"{letter}{number}", image, {"": image[..., 0] == colour})
        rounds = simulation.simulate_rounds(source, dataset=name, progress=False)
        tables.append(rounds.clicks)
        sources[name] = data.StoreWithPrevious(source, rounds.previous_masks)
        splits[name] = {stem: "test" for stem, _ in source.objects()}
    folder = tmp_path_factory.mktemp("repo") / "rclicks"
    data.build_dataset(pa.concat_tables(tables), sources, folder, splits=splits, progress=False)
    return folder


def benchmark(repo: Path, out: Path, line: str, code: int = 0) -> str:
    """What the command prints; its mistakes are raised."""
    words = ["benchmark", "--repo", str(repo), "--out", str(out), "--click-model", "ud"]
    words += ["--num-proc", "1", "--segmenter", "helpers.benchmark_fakes:Disks", *line.split()]
    result = CliRunner().invoke(app, words)
    if isinstance(result.exception, RclicksError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


def stems(folder: Path) -> list[str]:
    return list(dict.fromkeys(read_result_table(folder)["full_stem"].to_pylist()))


@pytest.mark.parametrize("datasets", ["--dataset " + ",".join(TWO), "--dataset {} --dataset {}"])
def test_several_datasets_have_a_folder_each_and_one_table(
    repo: Path, tmp_path: Path, datasets: str
) -> None:
    line = f"{datasets.format(*TWO)} --runs base,g10 --runs nuser --limit 1"
    text = benchmark(repo, tmp_path / "out", line)
    assert [stems(tmp_path / "out" / name) for name in TWO] == [["s0"], ["p0"]]
    runs = read_result_table(tmp_path / "out" / TWO[0])["run"].to_pylist()
    assert runs == ["base", "g10", "nuser"]
    rows = [row for row in text.splitlines() if row.startswith("disks")]
    assert [name in row for name, row in zip(TWO, rows, strict=True)] == [True, True]
    assert "Clicks of users: simulated, not made by people." in text


def test_instances_may_belong_to_different_datasets(repo: Path, tmp_path: Path) -> None:
    both = "--dataset " + ",".join(TWO)
    benchmark(repo, tmp_path / "a", f"{both} --instance s1 --instance p0 --runs base")
    assert [stems(tmp_path / "a" / name) for name in TWO] == [["s1"], ["p0"]]
    benchmark(repo, tmp_path / "b", f"{both} --instance p1 --runs base")
    assert [path.name for path in (tmp_path / "b").iterdir()] == [TWO[1]]


def test_the_manifest_records_the_command(repo: Path, tmp_path: Path) -> None:
    line = f"--dataset {TWO[0]} --protocol reference --runs base --instance s0"
    benchmark(repo, tmp_path / "out", line)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    assert manifest["protocol"]["id"] == "rclicks-reference-1"
    assert manifest["segmenter"] == "helpers.benchmark_fakes:Disks"
    assert (manifest["click_model"], manifest["dataset"]) == ("ud", TWO[0])
    assert len(manifest["dataset_fingerprint"]) == 64
    assert manifest["runs"] == ["base"]
    assert manifest["machine"]["cpus"] >= 1


def test_a_network_that_takes_click_maps_is_benchmarked(repo: Path, tmp_path: Path) -> None:
    tiny_model("rclicks_ritm").save_pretrained(tmp_path / "tiny-ritm")
    line = f"--dataset {TWO[0]} --runs base,user --limit 1 --segmenter {tmp_path / 'tiny-ritm'}"
    assert "tiny-ritm" in benchmark(repo, tmp_path / "out", line)
    rows = read_result_table(tmp_path / "out").to_pylist()
    assert [len(row["iou"]) > 0 and not row["error"] for row in rows] == [True, True]
    manifest = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    assert manifest["segmenter_settings"]["size"] == 64
    assert manifest["segmenter_settings"]["paste_in_old_box"] is False


def test_overwriting_takes_another_protocol(repo: Path, tmp_path: Path) -> None:
    line = f"--dataset {TWO[0]} --runs base"
    benchmark(repo, tmp_path / "out", line)
    with pytest.raises(RclicksError, match=r"another protocol \(id is 'rclicks-1', not 'rclicks-"):
        benchmark(repo, tmp_path / "out", f"{line} --protocol reference")
    benchmark(repo, tmp_path / "out", f"{line} --protocol reference --overwrite")
    assert set(read_result_table(tmp_path / "out")["protocol_id"].to_pylist()) == {
        "rclicks-reference-1"
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"--dataset {TWO[0]} --runs base,g12", "runs: g12 is not a run; choose from base, g1,"),
        (f"--dataset {TWO[0]} --runs ,", "runs: none given; choose from base"),
        (f"--dataset {','.join(TWO)} --instance q", "q: no such instance in the dataset"),
        ("--dataset ,", "dataset: none given"),
        ("--dataset kitti", "'kitti': unknown dataset"),
        (f"--dataset {TWO[0]},davis", "has no config 'davis-instances'"),
    ],
)
def test_mistakes_are_named_and_leave_nothing_behind(
    repo: Path, tmp_path: Path, line: str, message: str
) -> None:
    with pytest.raises(RclicksError, match=message):
        benchmark(repo, tmp_path / "out", line)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_one_dataset_is_not_filled_with_several(repo: Path, tmp_path: Path) -> None:
    benchmark(repo, tmp_path / "out", f"--dataset {TWO[0]} --runs base --limit 1")
    with pytest.raises(RclicksError, match="holds results of one dataset; give another --out"):
        benchmark(repo, tmp_path / "out", f"--dataset {','.join(TWO)} --runs base --limit 1")


def test_overwriting_is_refused_in_a_launch(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rclicks_hf.jobs.launch.join_launch", lambda: nullcontext(Launch(0, 2)))
    with pytest.raises(
        RclicksError, match="--overwrite: not possible with several processes; remove"
    ):
        benchmark(repo, tmp_path / "out", f"--dataset {TWO[0]} --overwrite")


def test_the_first_failure_is_reported(repo: Path, tmp_path: Path) -> None:
    line = f"--dataset {TWO[0]} --runs base --segmenter helpers.benchmark_fakes:WrongShape"
    text = benchmark(repo, tmp_path / "out" / "failed", line, code=1)
    assert (
        "all 2 failed, first s0: ValueError: probability must be a floating-point (24, 32" in text
    )
    assert re.search(r"\(\S+conformance\.py, line \d+\)", text)  # no frame in the user's code
    assert "±" not in text  # no number, no spread
    # What another run left in the same folder is not of this one.
    line = f"--dataset {','.join(TWO)} --runs base --limit 1"
    assert "failed, first" not in benchmark(repo, tmp_path / "out", line)
