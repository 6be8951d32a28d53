"""The README's snippets run in the folder that it names, and its lists are complete."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from helpers.commands import run_python, run_rclicks


def blocks(repo: Path, language: str) -> list[str]:
    text = (repo / "README.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def folder(demo_run, tmp_path: Path) -> Path:
    shutil.copytree(demo_run[0], tmp_path / "rclicks-demo")
    return tmp_path / "rclicks-demo"


@pytest.fixture
def env(wheel_folder: Path, tmp_path: Path) -> dict[str, str]:
    """The wheel in front, caches of its own."""
    home = {"HF_HOME": str(tmp_path / "home"), "PYTHONPATH": str(wheel_folder)}
    return {**os.environ, **home}


def commands(repo: Path, verb: str) -> list[str]:
    """The lines of the block that shows a verb, as words after ``rclicks``."""
    (block,) = [block for block in blocks(repo, "bash") if f"rclicks {verb}" in block]
    lines = block.splitlines()
    assert all(line.startswith("rclicks ") for line in lines)
    return [line.removeprefix("rclicks ") for line in lines]


ONE_AFTER_THE_OTHER = """
import json, sys
from rclicks_hf.cli import app
app(["install"], standalone_mode=False)
for code in json.load(open(sys.argv[1])):
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    print("=" * 40)
"""


def test_the_python_uses_run_one_after_the_other(
    repo: Path, hub, folder: Path, env: dict[str, str]
) -> None:
    """In one process, each with names of its own, after `rclicks install`."""
    snippets = blocks(repo, "python")
    assert len(snippets) == 5
    (disk,) = [code for code in snippets if "class Disk" in code]
    (folder / "disk.py").write_text(disk)
    online = {**env, **hub.env(), "HF_HUB_OFFLINE": "0"}
    (folder / "snippets.json").write_text(json.dumps(snippets))
    words = ["-c", ONE_AFTER_THE_OTHER, "snippets.json"]
    done = run_python(words, cwd=folder, env=online)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.split("=" * 40)
    files = hub.files("model", "your-name/clickability")
    assert {"config.json", "model.safetensors", "preprocessor_config.json"} <= set(files)
    card = files["README.md"].decode()
    assert "\n# your-name/clickability\n" in card
    assert "Fine-tuned from `clickability-nano-simulated`." in card
    assert "'noc'" in printed[1]
    assert "a likely click: x=" in printed[2]
    assert "disk" in printed[4]
    assert "geocut" in printed[4]


def test_the_benchmark_use_runs(repo: Path, folder: Path, wheel_folder: Path) -> None:
    """It is what the demo did with one instance, so that it only has to take up its results."""
    benchmark, report = commands(repo, "benchmark")
    shutil.copytree(folder / "results" / "simulated_scenes", folder / "runs" / "geocut")
    parts = (folder / "runs" / "geocut").glob("parts/*.parquet")
    before = {part: part.stat().st_mtime_ns for part in parts}
    (folder / "runs" / "geocut" / "results.parquet").unlink()
    done = run_rclicks(benchmark, cwd=folder, site=wheel_folder)
    assert done.returncode == 0, done.stderr
    assert len(before) == 1
    assert {part: part.stat().st_mtime_ns for part in before} == before
    assert "Sample NoC" in done.stdout
    assert "simulated" in done.stdout
    done = run_rclicks(report, cwd=folder, site=wheel_folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "geocut.html").stat().st_size > 10_000


def test_the_two_commands_are_those_of_make_and_ci(repo: Path) -> None:
    install, _, test = blocks(repo, "bash")[:3]
    makefile, ci = (repo / "Makefile").read_text(), (repo / ".ci" / "run").read_text()
    for command in ("pip install torch==2.13.0", "pip install -c constraints.txt ."):
        assert command in install
        assert command in makefile
    assert 'pip install -c constraints.txt -e ".[test]"' in test
    assert 'pip install -c constraints.txt -e ".[test]"' in makefile
    assert test.strip().endswith("pytest -n 2")
    assert "\tpytest -n 2" in makefile
    assert "make install-test" in ci
    assert "make check" in ci


def test_the_map_names_every_room(repo: Path) -> None:
    text = (repo / "README.md").read_text()
    named = re.findall(r"^\| `rclicks_hf/(\w+)/` \| \S.*\|$", text, flags=re.MULTILINE)
    folders = {path.name for path in (repo / "rclicks_hf").iterdir() if path.is_dir()}
    assert sorted(named) == sorted(folders - {"__pycache__"})


def test_the_verbs_are_all_named(repo: Path) -> None:
    from rclicks_hf.cli import VERBS

    (line,) = re.findall(r"lists all commands: ([^.]+)\.", (repo / "README.md").read_text())
    assert re.findall(r"`([\w-]+)`", line) == list(VERBS)


def test_the_picture_is_there_and_small(repo: Path) -> None:
    (picture,) = re.findall(r"!\[[^]]+\]\(([^)]+)\)", (repo / "README.md").read_text())
    assert 10_000 < (repo / picture).stat().st_size < 1_000_000


def test_versions_agree(repo: Path) -> None:
    import rclicks_hf

    citation = yaml.safe_load((repo / "CITATION.cff").read_text())
    assert citation["version"] == rclicks_hf.__version__
    assert rclicks_hf.__version__ in (repo / "CHANGELOG.md").read_text()


def test_nothing_brings_what_the_project_does_without(repo: Path) -> None:
    from importlib.util import find_spec

    pinned = (repo / "constraints.txt").read_text().lower()
    assert "torch==2.13.0\n" in pinned
    for name in ("torchvision", "torchaudio", "timm"):
        assert name not in pinned
        assert find_spec(name) is None


def test_the_stored_oracles_are_small(repo: Path) -> None:
    """They are part of every clone (tests/oracles/README.md)."""
    assert sum(file.stat().st_size for file in (repo / "tests/oracles").rglob("*.*")) <= 8_000_000
