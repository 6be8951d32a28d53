"""Running the command as a user does: in a process and a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


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
