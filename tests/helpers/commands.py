"""Running the command as a user does: in a process of its own, or here for messages alone."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock


def run_rclicks(
    line: str, *, cwd: Path, site: Path, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run ``rclicks`` with the words of ``line``; the package is taken from the folder ``site``."""
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
