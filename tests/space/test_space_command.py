"""``rclicks space``: what it says when something is missing, and that it serves until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from helpers.commands import PythonProcess, run_rclicks_here


def test_a_user_s_mistakes_are_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for line, message in (
            ("--repo nothing", "nothing: no dataset there; give the folder"),
            ("--click-model nothing", "nothing: no such click model or folder; give ud, dt"),
            ("--segmenter geocat", "geocat: no such segmenter (did you mean geocut?); give"),
            (f"--port {port}", f"port {port}: is taken; give another with --port"),
            (
                "--host 192.0.2.1",
                "host 192.0.2.1: is not an address of this computer; give 127.0.0.1",
            ),
        ):
            done = run_rclicks_here(f"space {line}", cwd=tmp_path)
            assert done.returncode == 1, line
            assert message in done.stderr, done.stderr
            assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_gradio_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("rclicks_hf.space")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "gradio", None)
    done = run_rclicks_here("space", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        'rclicks: gradio: is not installed; run `pip install "rclicks-hf[space]"`\n'
    )


def test_it_serves_until_ctrl_c(tmp_path: Path, repo: Path, port: int) -> None:
    words = ["-m", "rclicks_hf.cli", "space", "--port", str(port)]
    env = {**os.environ, "PYTHONPATH": str(repo)}
    with PythonProcess(words, cwd=tmp_path, env=env) as process:
        while not process.stdout:
            assert process.poll() is None, process.stderr
            time.sleep(0.05)
        page = urllib.request.urlopen(f"http://127.0.0.1:{port}/").read().decode()
        assert '"title":"RClicks"' in page
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stdout == f"http://127.0.0.1:{port}/ (Ctrl-C stops it)\n"
        assert process.stderr == ""
    assert list(tmp_path.iterdir()) == []
