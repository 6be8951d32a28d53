"""The command line: help for every verb, one line and a code for every mistake."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from helpers.commands import run_rclicks

VERBS = [
    "demo",
    "build",
    "verify",
    "install",
    "train",
    "evaluate-clicks",
    "analyse",
    "benchmark",
    "check-segmenter",
    "report",
    "convert",
    "push",
]


def assert_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0]


def test_help_lists_every_verb(tmp_path: Path, repo: Path) -> None:
    done = run_rclicks("--help", cwd=tmp_path, site=repo)
    assert done.returncode == 0
    for verb in VERBS:
        assert verb in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str) -> None:
    from typer.testing import CliRunner

    from rclicks_hf.cli import app

    result = CliRunner().invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_version(tmp_path: Path, repo: Path) -> None:
    import rclicks_hf

    done = run_rclicks("--version", cwd=tmp_path, site=repo)
    assert done.stdout.strip() == f"rclicks-hf {rclicks_hf.__version__}"


def test_an_existing_output_is_one_line(tmp_path: Path, repo: Path) -> None:
    (tmp_path / "rclicks-demo").mkdir()
    done = run_rclicks("demo", cwd=tmp_path, site=repo)
    assert_one_line(done, "rclicks-demo", "already exists", "--out")


def test_a_missing_data_folder_is_one_line_and_leaves_nothing(tmp_path: Path, repo: Path) -> None:
    done = run_rclicks("demo --data nowhere --out x", cwd=tmp_path, site=repo)
    assert_one_line(done, "nowhere", "data_GT")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_click_table_is_one_line(tmp_path: Path, repo: Path) -> None:
    done = run_rclicks("build --clicks nowhere.csv", cwd=tmp_path, site=repo)
    assert_one_line(done, "nowhere.csv")


def test_an_unknown_click_model_is_one_line(tmp_path: Path, repo: Path) -> None:
    line = "benchmark --click-model ud --dataset grabcut --out r --segmenter none"
    done = run_rclicks(line, cwd=tmp_path, site=repo)
    assert_one_line(done, "none")


def test_an_unknown_kind_of_checkpoint_is_one_line(tmp_path: Path, repo: Path) -> None:
    done = run_rclicks("convert yolo a.pth out", cwd=tmp_path, site=repo)
    assert_one_line(done, "yolo", "clickability")
