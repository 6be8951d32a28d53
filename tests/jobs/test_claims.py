"""Claims: a lock per piece of work, which ends with its process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rclicks_hf.jobs.claims import CLAIMS, claim


def test_a_claim_holds_until_its_end(tmp_path: Path) -> None:
    with claim(tmp_path / CLAIMS / "a") as mine, claim(tmp_path / CLAIMS / "a") as again:
        assert (mine, again) == (True, False)
    with claim(tmp_path / CLAIMS / "a") as mine:
        assert mine


def test_without_locks_the_work_may_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with claim(tmp_path / "a") as mine, claim(tmp_path / "a") as again:
        assert (mine, again) == (True, True)


def test_a_claim_ends_with_its_process(tmp_path: Path) -> None:
    file = tmp_path / CLAIMS / "a"
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from rclicks_hf.jobs.claims import claim\n"
        "with claim(Path(sys.argv[1])) as mine: print(mine, flush=True); time.sleep(120)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        with claim(file) as is_mine:
            assert not is_mine
        assert file.read_text().split()[-1] == str(process.pid)
        process.kill()
        with claim(file, wait=True) as is_mine:
            assert is_mine


def test_a_claim_is_made_while_another_process_removes_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file, refusals = Path.open, iter([FileNotFoundError, FileExistsError])

    def refuse_twice(path: Path, *words: object) -> object:
        if refusal := next(refusals, None):
            raise refusal(str(path))
        return open_file(path, *words)

    monkeypatch.setattr(Path, "open", refuse_twice)
    with claim(tmp_path / CLAIMS / "a") as is_mine:
        assert is_mine
