"""Old spellings of options, and arguments that may be given as options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rclicks_hf.cli import app, options
from rclicks_hf.errors import RclicksError

# Function that a verb calls, and what it would return.
CALLED = {
    "demo": "rclicks_hf.demo.run_demo",
    "build": "rclicks_hf.simulation.build_full_size_copy",
    "verify": "rclicks_hf.data.build.verify.verify_dataset",
    "install": "rclicks_hf.hub.install.install_all",
    "train": "rclicks_hf.training.train_from_repo",
    "download": "rclicks_hf.downloads.preparing.download",
    "evaluate-clicks": "rclicks_hf.click_scoring.score_repo",
    "analyse": "rclicks_hf.analysis.analyse_repo",
    "benchmark": "rclicks_hf.cli.benchmark.benchmark_repo",
    "convert": "rclicks_hf.networks.convert_checkpoint",
    "push": "rclicks_hf.hub.push.push_folder",
}

NEED = "--click-model ud --dataset davis --out r"
SPELLINGS = [
    ("demo --instances 3", "demo --limit 3"),
    ("build --twin --seed 3", "build --full-size-copy --seed 3"),
    ("train --output m", "train --out m"),
    ("download clicks --to folder", "download clicks --out folder"),
    (
        "evaluate-clicks --click-model ud,dt --dataset davis",
        "evaluate-clicks --click-model ud --click-model dt --dataset davis",
    ),
    ("train --out m --config davis", "train --out m --dataset davis"),
    ("train --out m --dataset a/b --config davis", "train --out m --repo a/b --dataset davis"),
    ("train --out m --dataset a/b", "train --out m --repo a/b"),
    ("train --out m --dataset folder", "train --out m --repo folder"),
    ("train --out m", "train --out m --repo rclicks --dataset tetris"),
    (
        f"benchmark {NEED} --instances a --limit 1",
        f"benchmark {NEED} --instance a --limit 1",
    ),
    (f"benchmark {NEED} --runs base,g1,base", f"benchmark {NEED} --runs base --runs g1"),
    (f"benchmark {NEED} --dataset grabcut", f"benchmark {NEED.replace('davis', 'davis,grabcut')}"),
    ("verify folder", "verify --repo folder"),
    ("install folder", "install --repo folder"),
    ("analyse a/b --dataset davis,tetris", "analyse --repo a/b --dataset davis --dataset tetris"),
    ("convert saliency a.pth made", "convert saliency a.pth --out made"),
    ("push folder a/b", "push folder --repo a/b"),
]


@pytest.fixture
def arguments(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], tuple[tuple[Any, ...], dict[str, Any]]]:
    """Arguments of the call that a command line makes."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()

    def run(line: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        calls = []

        def record(*args: Any, **options: Any) -> str:
            calls.append((args, options))
            return ""

        with monkeypatch.context() as patch:
            patch.setattr(CALLED[line.split()[0]], record)
            patch.setattr("rclicks_hf.hub.install.install_metrics", list)
            result = CliRunner().invoke(app, line.split())
        assert result.exit_code == 0, (result.output, result.exception)
        (call,) = calls
        return call

    return run


@pytest.mark.parametrize(("old", "new"), SPELLINGS)
def test_both_spellings_mean_the_same(arguments, old: str, new: str) -> None:
    assert arguments(old) == arguments(new)


def test_every_old_spelling_is_tried_and_hidden() -> None:
    for verb, spellings in options.OLD_SPELLINGS.items():
        text = CliRunner().invoke(app, [verb, "--help"]).output.split()
        for old in spellings:
            assert old not in text
            assert any(line.startswith(verb) and old in line for line, _ in SPELLINGS)


def test_a_folder_named_like_a_kind_is_pushed_in_the_short_form(arguments) -> None:
    assert arguments("push model a/b")[0] == ("model", "a/b")


def test_train_says_that_it_takes_the_dataset_as_the_repo(arguments, capfd) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CALLED["train"], lambda *args, **options: None)
        result = CliRunner().invoke(app, ["train", "--out", "m", "--dataset", "folder"])
    assert result.stderr == "rclicks: --dataset folder: taken as the dataset repo, --repo\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("verify", "REPO is missing; give it, for example `rclicks verify rclicks`"),
        ("verify a --repo b", "--repo b: REPO is already given as a"),
        ("push folder", "REPO_ID is missing; give it, for example `rclicks push model"),
        ("push dataset", "--repo is missing; give it, for example `rclicks push dataset rclicks"),
        ("push a b c", "a: unknown kind of repo; choose dataset, model"),
        ("push model m --repo a/b --type model", "--type model: model already says that"),
        (
            "convert saliency a.pth",
            "OUT is missing; give it, for example `rclicks convert saliency a.pth saliency`",
        ),
        ("train --out m --dataset nonsense", "--dataset nonsense: unknown source dataset"),
        ("train --out m --dataset davis,tetris", "training takes one source dataset, got davis, t"),
        ("train --out m --repo a/b --dataset c/d", "--dataset c/d: unknown source dataset"),
        ("evaluate-clicks --click-model ud --dataset ,", "--dataset: none given"),
    ],
)
def test_contradictions_are_reported(line: str, message: str) -> None:
    result = CliRunner().invoke(app, line.split())
    assert isinstance(result.exception, RclicksError)
    assert message in str(result.exception)
