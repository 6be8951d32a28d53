"""``rclicks build``, ``verify`` and ``install`` as a user types them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from helpers.commands import (
    run_python,
    run_rclicks_cold,
    run_rclicks_here,
    run_rclicks_lines,
)

from rclicks_hf.simulation import full_size_copy

TABLE = Path(__file__).parents[1] / "data" / "build" / "hand_written.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the hand-written table and its split lists."""
    shutil.copy(TABLE, tmp_path / "clicks.csv")
    (tmp_path / "TETRIS_train.txt").write_text("-4-KfFh2eIU\n_fHMfU0MTmw\n")
    (tmp_path / "TETRIS_val.txt").write_text("1cd6_X_00_Some Where_No Land____img_5_eu.9c6cdd5a\n")
    return tmp_path


#: One process with them serves all forks of the same ``HF_HOME``.
LOADED = ("datasets", "evaluate")

LITERAL_CALLS = """
import os, sys
from types import SimpleNamespace
import evaluate
from datasets import load_dataset
# It asks a network that is not there, with seconds between its tries.
evaluate.utils.file_utils.time = SimpleNamespace(sleep=lambda seconds: None)
for folder in sys.argv[1:]:
    os.chdir(folder)
    rows = load_dataset('rclicks', 'davis', split='test')
    print(sorted(rows['full_stem']), evaluate.load('rclicks_noc').name)
"""


def assert_literal_calls(repo: Path, home: dict[str, str], *folders: Path) -> None:
    """The two calls by their names, offline, in a process of their own."""
    env = {"PYTHONPATH": str(repo), "PATH": "/usr/bin", **home}
    words = ["-c", LITERAL_CALLS, *map(str, folders)]
    done = run_python(words, env=env, loaded=LOADED)
    assert done.returncode == 0, done.stderr
    expected = ["055_focalclick_fp_mobile_0", "055_ritm_fn_pc_17", "095"]
    lines = done.stdout.splitlines()
    assert len(lines) == len(folders)
    for line in lines:
        assert line.startswith(str(expected))
        assert "rclicks_noc" in line


def test_build_verify_install_and_the_literal_calls(folder: Path, repo: Path) -> None:
    home = {"HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "1"}
    done = run_rclicks_cold("build --clicks clicks.csv", cwd=folder, site=repo, **home)
    assert done.returncode == 0, done.stderr
    assert "rclicks: 20 clicks on 17 instances" in done.stdout
    assert_literal_calls(repo, home, folder)
    env = {**os.environ, "PYTHONPATH": str(repo), **home}
    lines = ["verify rclicks", "install"]
    verified, installed = run_rclicks_lines(lines, cwd=folder, env=env, loaded=LOADED)
    assert verified.returncode == 1  # 20 clicks are not 475,544
    assert "✗ GrabCut, first clicks" in verified.stdout
    assert "4, published 2,395, -2,391" in verified.stdout
    assert "✓ digests" in verified.stdout
    assert installed.returncode == 0, installed.stderr
    assert 'load_dataset("rclicks", "all")' in installed.stdout
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    assert_literal_calls(repo, home, folder, elsewhere)


def test_the_full_size_copy_passes_its_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The smallest of its five datasets."""
    monkeypatch.setattr(full_size_copy, "FULL_SIZE_DATASETS", ("simulated_grabcut",))
    built = run_rclicks_here("build --full-size-copy --out copy", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    assert "copy: 5,822 simulated clicks on 149 instances" in built.stdout
    verified = run_rclicks_here("verify copy", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout
    assert "✗" not in verified.stdout
    assert verified.stdout.rstrip().endswith("none failed")


def test_lines_that_cannot_be_read(folder: Path) -> None:
    with (folder / "clicks.csv").open("a") as file:
        file.write("DAVIS,1,1,,first,,pc,?,2,854,480,\n")
    stopped = run_rclicks_here("build --clicks clicks.csv", cwd=folder)
    assert stopped.returncode == 1
    assert stopped.stderr.strip() == "rclicks: clicks.csv, line 22: x '?' is not a number"
    assert not (folder / "rclicks").exists()
    line = "build --clicks clicks.csv --on-error skip"
    skipped = run_rclicks_here(line, cwd=folder)
    assert skipped.returncode == 0, skipped.stderr
    assert "lines left out, see rejected.parquet: 1" in skipped.stdout
    assert (folder / "rclicks" / "rejected.parquet").is_file()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "build",
            "--clicks: missing; give clicks.csv, or --download to fetch it, or --full",
        ),
        ("build --full-size-copy --clicks clicks.csv", "--full-size-copy: reads no files"),
        ("build --clicks clicks.csv --sources .", "no folder GrabCut/"),
        ("install nowhere", "nowhere: does not exist"),
        ("verify nowhere", "nowhere: does not exist"),
    ],
)
def test_mistakes_are_one_line(folder: Path, line: str, words: str) -> None:
    done = run_rclicks_here(line, cwd=folder)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert words in done.stderr
    assert not (folder / "rclicks").exists()


@pytest.fixture
def no_mirror(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RCLICKS_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("RCLICKS_CACHE", str(folder / "cache"))


@pytest.mark.usefixtures("no_mirror")
def test_downloads_that_fail_are_one_line(folder: Path) -> None:
    done = run_rclicks_here("build --download --out new", cwd=folder)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "at most" in done.stdout
    assert "clicks.csv: cannot be fetched" in done.stderr
    assert not (folder / "new").exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("build --download --out mine", "mine: already exists"),
        ("build --download --out mine --replace", "mine: is not a dataset made by `rclicks build`"),
        ("build --download --clicks other.csv", "other.csv: does not exist; --download fetches"),
    ],
)
@pytest.mark.usefixtures("no_mirror")
def test_nothing_is_downloaded_where_the_build_cannot_succeed(
    folder: Path, line: str, words: str
) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "a.txt").write_text("keep")
    done = run_rclicks_here(line, cwd=folder)
    assert done.returncode == 1
    assert words in done.stderr
    assert not (folder / "cache").exists()


def test_a_cache_that_cannot_be_written(folder: Path) -> None:
    (folder / "file").touch()
    env = {**os.environ, "HF_HOME": str(folder / "file"), "HF_HUB_OFFLINE": "1"}
    lines = ["build --clicks clicks.csv", "install"]
    built, installed = run_rclicks_lines(lines, cwd=folder, env=env)
    assert built.returncode == 0  # the dataset is there
    assert built.stdout.startswith("rclicks: 20 clicks")
    assert "the metrics cannot be installed there" in built.stderr
    assert "set HF_HOME or HF_MODULES_CACHE" in built.stderr
    assert "Traceback" not in built.stderr
    assert installed.returncode == 1
    assert installed.stderr.startswith("rclicks: ")
    assert installed.stderr.count("\n") == 1


def test_a_dataset_cache_that_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("HF_MODULES_CACHE", str(folder / "modules"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", folder / "file")
    built, installed = (
        run_rclicks_here(line, cwd=folder) for line in ("build --clicks clicks.csv", "install")
    )
    assert built.returncode == 0
    assert installed.returncode == 1
    message = "the dataset cannot be installed there (Not a directory); set HF_HOME"
    assert message in installed.stderr
