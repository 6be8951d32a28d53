"""transformers' own common tests, if RCLICKS_TRANSFORMERS_SDIST names its sdist."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.transformers_sdist import VARIABLE, NotThereError, find_sdist

SCRIPT = Path(__file__).with_name("run_transformers_common_tests.py")


@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} is not set; see {SCRIPT.name}")
def test_both_networks_pass_transformers_own_tests(repo: Path) -> None:
    try:
        find_sdist()
    except NotThereError as reason:
        pytest.skip(str(reason))
    # In a process of its own: these test files change global settings of transformers and torch.
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, "PYTHONPATH": str(repo)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "do not apply" in done.stdout, done.stdout
