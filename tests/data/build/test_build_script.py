from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from rclicks_hf.data.schema import CLICK_SCHEMA


def _run(repo: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str | int | None:
    """The exit code or, as `sys.exit` takes it, the message of a failure."""
    monkeypatch.setattr(sys, "argv", ["build.py", *arguments])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(str(repo / "dataset_scripts/rclicks/build.py"), run_name="__main__")
    return done.value.code


def test_the_script_takes_the_options_of_rclicks_build(
    repo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    csv, out = tmp_path / "clicks.csv", tmp_path / "rclicks"
    csv.write_text(f"{','.join(CLICK_SCHEMA.names)}\nDAVIS,1,1,,first,,pc,1,2,3,4\n")
    assert _run(repo, monkeypatch, "--clicks", str(csv), "--out", str(out)) == 0
    assert capsys.readouterr().out.startswith(f"{out}: 1 clicks on 1 instances")
    assert "already exists" in str(_run(repo, monkeypatch, "--clicks", str(csv), "--out", str(out)))
    assert _run(repo, monkeypatch, "--clicks", str(csv), "--out", str(out), "--replace") == 0
