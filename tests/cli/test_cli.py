"""The command line: one line and an exit code for every mistake."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.commands import run_rclicks_here

from rclicks_hf.cli import main
from rclicks_hf.errors import RclicksError


def assert_one_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0]


def test_version(tmp_path: Path) -> None:
    import rclicks_hf

    done = run_rclicks_here("--version", cwd=tmp_path)
    assert done.stdout.strip() == f"rclicks-hf {rclicks_hf.__version__}"


def test_an_existing_output_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "rclicks-demo").mkdir()
    done = run_rclicks_here("demo", cwd=tmp_path)
    assert_one_line(done, "rclicks-demo", "already exists", "--out")


def test_a_missing_data_folder_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    done = run_rclicks_here("demo --data nowhere --out x", cwd=tmp_path)
    assert_one_line(done, "nowhere", "data_GT")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_click_table_is_one_line(tmp_path: Path) -> None:
    done = run_rclicks_here("build --clicks nowhere.csv", cwd=tmp_path)
    assert_one_line(done, "nowhere.csv")


def test_a_missing_dataset_is_one_line(tmp_path: Path) -> None:
    line = "benchmark --click-model ud --dataset grabcut --out r --repo nowhere"
    done = run_rclicks_here(line, cwd=tmp_path)
    assert_one_line(done, "nowhere: no dataset there")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("train --out x --preset huge", ("'--preset'", "'nano', 'tiny', 'small', 'base'")),
        ("train", ("Missing option '--out'; see `", " train -h`")),
        ("benchmark --limits 1", ("No such option: --limits", "--limit")),
        ("demo --limit 0", ("'--limit'", " 1")),
        ("nonsense", ("No such command 'nonsense'; see `", " -h`")),
    ],
)
def test_usage_errors_are_one_line(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    words: tuple[str, ...],
) -> None:
    monkeypatch.setattr(sys, "argv", ["rclicks", *line.split()])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    errors = capfd.readouterr().err
    assert errors.startswith("rclicks: ")
    assert errors.count("\n") == 1
    for word in words:
        assert word in errors


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), 130, "\nrclicks: stopped; the same command resumes from what"),
        (OSError(errno.ENOSPC, "no space"), 1, "rclicks: the disk is full; free some space"),
        (RclicksError("a: is\n  wrong"), 1, "rclicks: a: is wrong"),
    ],
)
def test_how_a_command_ends(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    message: str,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("rclicks_hf.hub.install.install_all", fail)
    monkeypatch.setattr(sys, "argv", ["rclicks", "install"])
    with pytest.raises(SystemExit) as stop:
        main()
    said = stop.value.code if isinstance(stop.value.code, str) else capfd.readouterr().err
    assert stop.value.code in (code, said)
    assert said.startswith(message)


def test_other_errors_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EACCES, "not allowed")

    monkeypatch.setattr("rclicks_hf.hub.install.install_all", fail)
    monkeypatch.setattr(sys, "argv", ["rclicks", "install"])
    with pytest.raises(OSError, match="not allowed"):
        main()


def test_without_a_verb_the_help_is_printed(tmp_path: Path) -> None:
    done = run_rclicks_here("", cwd=tmp_path)
    assert done.returncode == 2
    assert "evaluate-clicks" in done.stderr
