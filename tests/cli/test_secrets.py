"""Tokens and credentials never appear in output, errors, manifests or what is pushed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from helpers.commands import run_python, run_rclicks_here, run_rclicks_lines

TOKEN = "hf_SecretSecretSecretSecretSecret1234"
PASSWORD = "PassPassPass5678"
URL = f"http://user:{PASSWORD}@127.0.0.1:9"


def run(cwd: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; sys.argv[0] = 'rclicks'; from rclicks_hf.cli import main; main()"
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    return run_python(["-c", code, *arguments], cwd=cwd, env=known | env)


def _secrets(tmp_path: Path) -> dict[str, dict[str, str]]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text(TOKEN)
    common = {"HOME": str(tmp_path), "HF_HOME": str(home)}
    return {
        "in the environment": common | {"HF_TOKEN": TOKEN, "HF_ENDPOINT": "http://127.0.0.1:9"},
        "in the cached file": common | {"HF_ENDPOINT": "http://127.0.0.1:9"},
        "in the address": common | {"HF_TOKEN": TOKEN, "HF_ENDPOINT": URL},
    }


def _require_clean(folder: Path, *texts: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "token"]
    for content in [*(path.read_bytes() for path in files), *(text.encode() for text in texts)]:
        assert TOKEN.encode() not in content
        assert PASSWORD.encode() not in content


@pytest.mark.parametrize("place", ["in the cached file", "in the address"])
@pytest.mark.parametrize("switch", [("--verbose", "--traceback")])
def test_no_secret_is_shown_or_written_when_a_push_fails(
    tmp_path: Path, place: str, switch: tuple[str, ...]
) -> None:
    folder = tmp_path / "card"
    folder.mkdir()
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# Card\n")
    env = _secrets(tmp_path)[place]
    done = run(tmp_path, "push", str(folder), "tester/card", *switch, **env)
    assert done.returncode == 1
    assert "the Hub refused or could not be reached" in done.stderr
    _require_clean(tmp_path, done.stdout, done.stderr)


def test_no_secret_is_shown_when_a_model_or_dataset_is_not_there(tmp_path: Path) -> None:
    env = _secrets(tmp_path)["in the address"]  # the token is in the environment too
    lines = (
        "benchmark --click-model owner/none --repo owner/none --dataset davis --out out",
        "train --repo owner/none --out model --push-to-hub bad,id",
        f"report {URL}/results --out r.html",
    )
    env = {**env, "PATH": os.environ["PATH"], "HF_HUB_OFFLINE": "1"}
    for done in run_rclicks_lines(lines, cwd=tmp_path, env=env):
        assert done.returncode == 1, done.stderr
        _require_clean(tmp_path, done.stdout, done.stderr)


def test_a_token_in_an_address_that_a_user_types_is_masked(tmp_path: Path) -> None:
    for text in (URL, f"https://{TOKEN}@huggingface.co/a", f"a/b?token={TOKEN}"):
        done = run_rclicks_here(f"push {tmp_path} {text}", cwd=tmp_path)
        (tmp_path / "README.md").write_text("# Card\n")
        again = run_rclicks_here(f"push {tmp_path} {text}", cwd=tmp_path)
        assert done.returncode == again.returncode == 1
        _require_clean(tmp_path, done.stderr, again.stderr)


def test_manifests_and_reports_hold_no_secret(tmp_path: Path) -> None:
    code = (
        "from helpers.benchmark_fakes import Disks, Slope, make_instance\n"
        "from rclicks_hf import run_benchmark\n"
        "run_benchmark([make_instance('a', 'a')], segmenter=Disks(), click_model=Slope(), "
        "out='out', runs=['base'])\n"
        "import sys; from rclicks_hf.cli import main\n"
        "sys.argv = ['rclicks', 'report', 'out', '--out', 'r.html']; main()"
    )
    env = os.environ | _secrets(tmp_path)["in the address"]
    env["PYTHONPATH"] = os.pathsep.join([env.get("PYTHONPATH", ""), str(Path(__file__).parents[1])])
    made = run_python(["-c", code], cwd=tmp_path, env=env)
    assert made.returncode == 0, made.stderr
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["segmenter"]
    assert (tmp_path / "r.html").is_file()
    _require_clean(tmp_path, made.stdout, made.stderr)
