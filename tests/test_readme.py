"""The README's snippets run in the folder that it names, and its lists are complete."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

pytestmark = pytest.mark.xdist_group("demo")


def blocks(repo: Path, language: str) -> list[str]:
    text = (repo / "README.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.fixture
def folder(demo_run, tmp_path: Path) -> Path:
    shutil.copytree(demo_run[0], tmp_path / "rclicks-demo")
    return tmp_path / "rclicks-demo"


@pytest.fixture
def env(wheel_folder: Path, tmp_path: Path) -> dict[str, str]:
    """The wheel in front, the tools of this interpreter on the path, caches of its own."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = {"HF_HOME": str(tmp_path / "home"), "PYTHONPATH": str(wheel_folder)}
    return {**os.environ, **home, "PATH": path}


def run(command: list[str], folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_uses_run_one_after_the_other(
    repo: Path, hub, folder: Path, env: dict[str, str]
) -> None:
    snippets = blocks(repo, "python")
    assert len(snippets) == 8
    (disk,) = [code for code in snippets if "class Disk" in code]
    (folder / "disk.py").write_text(disk)
    run([sys.executable, "-m", "rclicks_hf.cli", "install"], folder, env)
    Image.new("RGB", (64, 48), "green").save(folder / "IMAGE.jpg")
    Image.new("L", (64, 48), 255).save(folder / "MASK.png")
    online = {**env, **hub.env(), "HF_HUB_OFFLINE": "0"}
    printed = [run([sys.executable, "-c", code], folder, online) for code in snippets]
    files = hub.files("model", "your-name/clickability")
    assert {"config.json", "model.safetensors", "preprocessor_config.json"} <= set(files)
    card = files["README.md"].decode()
    assert "\n# your-name/clickability\n" in card
    assert "Fine-tuned from `clickability-nano-simulated`." in card
    assert "'noc'" in printed[1]
    assert "a likely click: x=" in printed[2]
    assert printed[3].startswith("{'x':")
    assert "torch.Size([4, 5, 2])" in printed[4]
    assert "disk" in printed[6]
    assert "geocut" in printed[6]


def test_the_benchmark_use_runs(repo: Path, folder: Path, env: dict[str, str]) -> None:
    (lines,) = [block for block in blocks(repo, "bash") if "rclicks benchmark" in block]
    # -m instead of the script, so that the wheel and not an editable install is tested
    lines = lines.replace("rclicks ", f"{sys.executable} -m rclicks_hf.cli ", 1)
    lines = lines.replace("\nrclicks ", f"\n{sys.executable} -m rclicks_hf.cli ")
    printed = run(["bash", "-ec", lines], folder, env)
    assert "Sample NoC" in printed
    assert (folder / "geocut.html").is_file()


def test_the_scores_of_click_models_run(repo: Path, folder: Path, env: dict[str, str]) -> None:
    (line,) = [block for block in blocks(repo, "bash") if "rclicks evaluate-clicks" in block]
    line = line.replace("rclicks ", f"{sys.executable} -m rclicks_hf.cli ", 1)
    printed = run(["bash", "-ec", line], folder, env)
    assert "split-half of clicks" in printed
    assert (folder / "scores" / "click_scores.parquet").is_file()


def test_the_two_commands_are_those_of_make_and_ci(repo: Path) -> None:
    install, test = blocks(repo, "bash")[:2]
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

    (line,) = re.findall(r"lists all verbs: ([^.]+)\.", (repo / "README.md").read_text())
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
