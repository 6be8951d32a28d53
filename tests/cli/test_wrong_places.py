"""Folders that do not exist or hold something else, and names that are misspelt."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import run_rclicks_here
from helpers.scene_repo import DATASET, build_scene_repo

from rclicks_hf import load_instances, load_segmenter, run_benchmark
from rclicks_hf.analysis import analyse_repo
from rclicks_hf.click_scoring import ScoreSettings, run_click_scores
from rclicks_hf.errors import RclicksError
from rclicks_hf.hub.install import install_dataset
from rclicks_hf.networks import convert_checkpoint
from rclicks_hf.report import write_report_file


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_scene_repo(tmp_path_factory.mktemp("scenes"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("verify none", "none: does not exist; give the folder that `rclicks build` made"),
        ("verify file", "file: is a file; give the folder that `rclicks build` made"),
        (f"verify {'x' * 300}", ": the system refuses it (File name too long); give another path"),
        ("install none", "none: does not exist; give the folder that `rclicks build` made"),
        ("verify empty", "empty: holds no dataset, since README.md is missing; give the folder"),
        ("report none", "none: does not exist; give a folder that `rclicks benchmark` made"),
        ("report empty", "empty/results.parquet: does not exist; let `rclicks benchmark` finish"),
        ("verify", "REPO is missing; give it, for example `rclicks verify rclicks`"),
        ("analyse", "REPO is missing; give it, for example `rclicks analyse rclicks`"),
        ("bechmark", "No such command 'bechmark'. Did you mean 'benchmark'? See `"),
    ],
)
def test_the_message_names_the_cause(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    done = run_rclicks_here(line, cwd=tmp_path)
    assert done.returncode != 0
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "?;" not in done.stderr


def score(repo: Any, out: Path, datasets: Any = DATASET, models: Any = "ud") -> Path:
    settings = ScoreSettings(halvings=0)
    return run_click_scores(
        repo, datasets, models, out, settings=settings, num_proc=1, progress=False
    )


def measure(repo: Path, out: Path | None = None, **options: Any) -> Any:
    instances = load_instances(repo, DATASET, rounds="first")
    given = {"segmenter": "geocut", "click_model": "ud", "runs": "base", **options}
    return run_benchmark(instances, out=out, num_proc=1, progress=False, **given)


def test_a_single_name_is_not_taken_for_its_letters(scenes: Path, tmp_path: Path) -> None:
    results = measure(scenes, tmp_path / "r", stems="scene_001")
    rows = results.to_pandas()
    assert (set(rows["run"]), set(rows["full_stem"])) == ({"base"}, {"scene_001"})
    score(scenes, tmp_path / "s")
    assert "Split-half" in analyse_repo(scenes, DATASET, progress=False)
    write_report_file(str(tmp_path / "r"), tmp_path / "r.md")
    with pytest.raises(RclicksError, match=r"usr is not a run \(did you mean user\?\); choose"):
        measure(scenes, runs="usr")
    with pytest.raises(RclicksError, match=r"^nothing: no such instance"):
        measure(scenes, stems="nothing")


def test_a_results_folder_of_something_else_is_named(scenes: Path, tmp_path: Path) -> None:
    measure(scenes, tmp_path / "benchmark", stems="scene_001")
    score(scenes, tmp_path / "scores")
    with pytest.raises(RclicksError, match="benchmark: holds a benchmark, not scores of click mod"):
        score(scenes, tmp_path / "benchmark")
    with pytest.raises(RclicksError, match="scores: holds scores of click models, not a benchmark"):
        measure(scenes, tmp_path / "scores")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("x" * 300, "File name too long); give another path"),
        ("/proc/none", "/proc/none: the system refuses it (No such file or directory)"),
        ("file/a", "file/a/manifest.json: cannot be written there (Not a directory)"),
        ("link", "link: leads nowhere; give a folder for the results"),
    ],
)
def test_a_place_that_cannot_be_written_is_one_line(
    scenes: Path, tmp_path: Path, out: str, message: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    line = f"--repo {scenes} --dataset {DATASET} --segmenter geocut --click-model ud --num-proc 1"
    done = run_rclicks_here(f"benchmark {line} --runs base --out {out}", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert len(done.stderr) < 300
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_a_folder_with_brackets_is_read(scenes: Path, tmp_path: Path) -> None:
    repo = Path(shutil.copytree(scenes, tmp_path / "my[1]*?"))
    done = run_rclicks_here("verify my[1]*?", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert DATASET in install_dataset(repo, cache_dir=tmp_path / "cache", progress=False)
    measure(repo, tmp_path / "results [2]", stems="scene_001")
    done = run_rclicks_here("report results* --out r.md", cwd=tmp_path)
    assert "results*: does not exist" in done.stderr
    write_report_file([tmp_path / "results [2]"], tmp_path / "report[3].html", repo=str(repo))
    assert (tmp_path / "report[3].html").stat().st_size > 10_000
    next((repo / "instances").rglob("*.parquet")).write_bytes(b"PAR1")
    with pytest.raises(RclicksError) as damaged:
        load_instances(repo, DATASET)
    assert "patterns" not in str(damaged.value)


def test_a_repo_whose_name_is_not_utf_8_is_one_line(scenes: Path, tmp_path: Path) -> None:
    shutil.copytree(scenes, tmp_path / "r\udcff")
    for line in ("verify r\udcff", "analyse r\udcff --quiet --out o\udcff"):
        done = run_rclicks_here(line, cwd=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith("rclicks: a file or folder has a name that is not UTF-8")
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: load_segmenter("geocot"), "geocut"),
        (lambda: convert_checkpoint("clickabilty", "a.pth", "b"), "clickability"),
        (lambda: load_instances("rclicks", "simulated_scene"), "simulated_scenes"),
        (lambda: load_instances("rclicks", "davis", split="tests"), "test"),
        (lambda: score("rclicks", Path("none"), "grabcat"), "grabcut"),
    ],
)
def test_a_misspelt_name_suggests_the_right_one(call: Callable[[], Any], name: str) -> None:
    with pytest.raises(RclicksError, match=rf"\(did you mean {name}\?\)"):
        call()
