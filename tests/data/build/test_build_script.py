from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from rclicks_hf.data.schema import CLICK_SCHEMA


def _run(repo: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["build.py", *arguments])
    with pytest.raises(SystemExit) as done:
        runpy.run_path(str(repo / "dataset_scripts/rclicks/build.py"), run_name="__main__")
    return int(done.value.code or 0)


def test_the_entry_script_builds_and_explains(
    repo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    csv, out = tmp_path / "clicks.csv", tmp_path / "rclicks"
    csv.write_text(f"{','.join(CLICK_SCHEMA.names)}\nDAVIS,1,1,,first,,pc,1,2,3,4\n")
    assert _run(repo, monkeypatch, "--clicks", str(csv), "--out", str(out)) == 0
    assert capsys.readouterr().out.startswith(f"{out}: 1 clicks on 1 instances")
    assert _run(repo, monkeypatch, "--clicks", str(csv), "--out", str(out)) == 1
    assert "already exists" in capsys.readouterr().err
    assert _run(repo, monkeypatch, "--clicks", str(csv), "--out", str(out), "--replace") == 0
    assert _run(repo, monkeypatch, "--twin", "--clicks", str(csv)) == 1
    assert "--twin: takes no files" in capsys.readouterr().err
    assert _run(repo, monkeypatch, "--twin", "--seed", "-1", "--out", str(out / "new")) == 1
    assert "--seed -1: must be at least 0" in capsys.readouterr().err
