"""Running the command as a user does: in a process of its own, or here for messages alone.

A process of its own is cold, as a user's is, or warm: a fork of one that has Torch and SciPy loaded
(`warm_python`). Every verb has a cold one in some test.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest import mock

WARM_PYTHON = Path(__file__).with_name("warm_python.py")


@functools.cache
def _warm_python() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WARM_PYTHON)],
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def stop_warm_python() -> None:
    """End the process that `run_python` started, if it did."""
    if _warm_python.cache_info().currsize:
        _warm_python().communicate()
        _warm_python.cache_clear()


def run_python(
    words: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`subprocess.run` of ``python WORDS`` with its output as text, in a warm process."""
    process = _warm_python()
    assert process.stdin is not None
    assert process.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder, "out"), Path(folder, "err")]
        request = {
            "words": list(map(str, words)),
            "cwd": str(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
            "outputs": list(map(str, outputs)),
        }
        print(json.dumps(request), file=process.stdin, flush=True)
        code = int(process.stdout.readline())
        out, err = (path.read_text() for path in outputs)
    return subprocess.CompletedProcess([sys.executable, *words], code, out, err)


def run_rclicks(
    line: str, *, cwd: Path, site: Path, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run ``rclicks`` with the words of ``line``; the package is taken from the folder ``site``."""
    words = ["-m", "rclicks_hf.cli", *line.split()]
    return run_python(words, cwd=cwd, env={**os.environ, "PYTHONPATH": str(site), **env})


def run_rclicks_cold(
    line: str, *, cwd: Path, site: Path, **env: str
) -> subprocess.CompletedProcess[str]:
    """`run_rclicks` in a process that loads all by itself."""
    return subprocess.run(
        [sys.executable, "-m", "rclicks_hf.cli", *line.split()],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(site), **env},
        capture_output=True,
        text=True,
    )


def run_rclicks_here(line: str, *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """`run_rclicks` in this process: without the seconds that importing the libraries takes."""
    from rclicks_hf.cli import main

    out, err = io.StringIO(), io.StringIO()
    words = ["rclicks", *line.split()]
    with (
        contextlib.chdir(cwd),
        mock.patch.object(sys, "argv", words),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
            code: int | str | None = 0
        except SystemExit as stop:
            code = stop.code
    if isinstance(code, str):  # sys.exit prints it
        err.write(f"{code}\n")
        code = 1
    return subprocess.CompletedProcess(words, code or 0, out.getvalue(), err.getvalue())
