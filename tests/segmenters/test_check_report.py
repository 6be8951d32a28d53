"""`rclicks check-segmenter` as the author of a method runs it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from helpers.commands import run_rclicks_cold, run_rclicks_lines

from rclicks_hf.segmenters.conformance import _CHECKS

FAULTY = """
from disk import Disk

class Raises(Disk):
    def predict(self, state, clicks, previous):
        raise RuntimeError("no such\\nlayer")

class Unmakeable(Disk):
    def __init__(self):
        raise OSError("weights.pt is absent")

class Leaves(Disk):
    def __init__(self):
        raise SystemExit(0)

class Loose(Disk):
    threshold = "0.5"

class Nameless(Disk):
    name = 7

class Forgetful:
    name = "forgetful"
    threshold = 0.5
"""

PAGES = ("disk:Disk", "page:Disk")
FAULTS = (
    ("faulty:Raises", "✗  accepts its memory"),
    ("faulty:Raises", "RuntimeError: no such layer"),
    ("faulty:Unmakeable", "OSError: weights.pt is absent"),
    ("faulty:Forgetful", "it lacks encode(), predict()"),
    ("faulty:Leaves", "creating it raised SystemExit"),
    ("script:Disk", "importing script raised SystemExit: 0"),
    ("faulty:Loose", "threshold must be a number in (0, 1), got '0.5'"),
    ("faulty:Nameless", "name must be a non-empty text, got 7"),
    ("broken:Disk", "ZeroDivisionError: division by zero"),
    ("absent:Disk", "cannot import absent"),
    ("geocuts", "no such segmenter"),
)

#: Spec -> what the command did.
Checked = dict[str, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: the methods of the pages in disk.py and page.py, others in faulty.py."""
    folder = tmp_path_factory.mktemp("user")
    for page, module in (("README.md", "disk"), ("docs/benchmark_your_method.md", "page")):
        snippets = re.findall(r"```python\n(.*?)```", (repo / page).read_text(), re.DOTALL)
        (disk,) = [snippet for snippet in snippets if "class Disk" in snippet]
        (folder / f"{module}.py").write_text(disk)
    (folder / "faulty.py").write_text(FAULTY)
    (folder / "broken.py").write_text("1 / 0\n")
    (folder / "script.py").write_text("raise SystemExit(0)\n")
    return folder


@pytest.fixture(scope="module")
def checked(folder: Path) -> Checked:
    """Of every spec, by one process."""
    specs = list(dict.fromkeys([*PAGES, *(spec for spec, _ in FAULTS)]))
    env = {**os.environ, "PYTHONPATH": str(folder)}
    lines = [f"check-segmenter {spec}" for spec in specs]
    return dict(zip(specs, run_rclicks_lines(lines, cwd=folder, env=env), strict=True))


@pytest.mark.parametrize("spec", PAGES)
def test_the_ten_lines_of_the_pages_pass(checked: Checked, spec: str) -> None:
    done = checked[spec]
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("can be loaded", *_CHECKS):
        assert f"✓  {name}" in done.stdout
    assert f"{spec}: the benchmark can use it" in done.stdout


def test_one_cause_is_said_once(folder: Path, repo: Path) -> None:
    said = run_rclicks_cold("check-segmenter faulty:Raises", cwd=folder, site=repo).stdout
    assert said.count("RuntimeError: no such layer") == 1
    assert said.count('as for "predicts probabilities of the image\'s size"') > 3


@pytest.mark.parametrize(("spec", "finding"), FAULTS)
def test_a_fault_is_reported_in_the_table(checked: Checked, spec: str, finding: str) -> None:
    done = checked[spec]
    assert done.returncode == 1
    assert done.stderr == ""
    assert "Traceback" not in done.stdout
    assert finding in done.stdout
    assert f"{spec}: the benchmark cannot use it yet" in done.stdout
