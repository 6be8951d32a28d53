"""`rclicks train` as a user types it: on a built repo, in one process and in two, killed and on."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.clickability_fixtures import two_stages
from helpers.commands import PythonProcess, run_launched
from safetensors.torch import load_file
from typer.testing import CliRunner

from rclicks_hf import data, simulation
from rclicks_hf.cli import app
from rclicks_hf.data.fingerprint import dataset_fingerprint
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import (
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.networks.loading import load_network
from rclicks_hf.training.click_dataset import ClickMapDataset

DATASET = "simulated_scenes"


@pytest.fixture(scope="session")
def repo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset repo: twelve instances of four scenes to train on, nine of two to validate."""
    scenes = simulation.generate_scenes(6, seed=3, size=(64, 64))
    rounds = simulation.simulate_rounds(scenes, dataset=DATASET, progress=False)
    images = sorted({image for image, _ in scenes.objects()})
    splits = {stem: "validation" if i > 3 else "train" for i, stem in enumerate(images)}
    return data.build_dataset(
        rounds.clicks,
        {DATASET: data.StoreWithPrevious(scenes, rounds.previous_masks)},
        tmp_path_factory.mktemp("train") / "rclicks",
        splits={DATASET: splits},
        progress=False,
    ).path


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A network to start from, small enough for tests."""
    torch.manual_seed(0)
    ClickabilityModel(two_stages()).save_pretrained(tmp_path / "start")
    processor = ClickabilityImageProcessor(size={"height": 64, "width": 64})
    processor.save_pretrained(tmp_path / "start")
    return tmp_path / "start"


def _words(repo_folder: Path, start: Path, output: Path, line: str) -> list[str]:
    base = f"--repo {repo_folder} --dataset {DATASET} --model {start} --out {output}"
    return [
        "train",
        *base.split(),
        *f"--logging-steps 1 {line}".split(),
    ]


def _log(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "training_log.json").read_text())


def _mean_loss(repo_folder: Path, folder: Path) -> float:
    """Of a saved network, over the nine instances that the training was evaluated on."""
    table = data.load_instances(str(repo_folder), DATASET, split="validation")
    model, processor = load_network("clickability", folder)
    dataset = ClickMapDataset([table[index] for index in range(len(table))], processor)
    items = [dataset[index] for index in range(len(dataset))]
    batch = {name: torch.stack([item[name] for item in items]) for name in items[0]}
    with torch.no_grad():
        return float(model(**batch).loss)


def test_two_processes_train_as_one_with_the_double_batch(
    repo_folder: Path, start: Path, tmp_path: Path
) -> None:
    """Same order, same flips, batch norm over both: the loss curves and scores are one."""
    alone, both = tmp_path / "alone", tmp_path / "both"
    line = "--epochs 2 --learning-rate 1e-3 --batch-size"
    _invoke(_words(repo_folder, start, alone, f"{line} 6"))
    done = run_launched(
        2,
        ["rclicks_hf.cli", *_words(repo_folder, start, both, f"{line} 3")],
        loaded=["rclicks_hf.training.from_repo"],
        ACCELERATE_USE_CPU="true",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    logs = [[log for log in _log(folder) if "loss" in log] for folder in (alone, both)]
    assert len(logs[0]) == len(logs[1]) > 3
    for one, two in zip(*logs, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], abs=1e-4)
        assert two["learning_rate"] == one["learning_rate"]
    assert logs[0][-1]["loss"] < logs[0][0]["loss"] - 0.01
    evaluations = [[log for log in _log(f) if "eval_sim" in log] for f in (alone, both)]
    for one, two in zip(*evaluations, strict=True):
        for name in ("eval_sim", "eval_cc", "eval_nss"):
            assert two[name] == pytest.approx(one[name], abs=1e-3), name
    for folder in (alone, both):
        last = [log["eval_loss"] for log in _log(folder) if "eval_loss" in log][-1]
        assert last == pytest.approx(_mean_loss(repo_folder, folder / "last"), rel=1e-4)
    tensors = [load_file(folder / "model.safetensors") for folder in (alone, both)]
    for name, tensor in tensors[0].items():
        if "running" in name:
            assert tensors[1][name].allclose(tensor, rtol=1e-2, atol=1e-3), name
    assert "| processes | 2 |" in (both / "README.md").read_text()
    assert not both.with_name("both.training").exists()


def _invoke(words: list[str]) -> None:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, (done.output, done.exception)
    assert done.output.strip().endswith(words[words.index("--out") + 1])


def test_a_killed_training_resumes(repo_folder: Path, start: Path, tmp_path: Path) -> None:
    output, working = tmp_path / "model", tmp_path / "model.training"
    words = _words(repo_folder, start, output, "--epochs 4 --batch-size 12")
    with PythonProcess(["-m", "rclicks_hf.cli", *words]) as process:
        state_of = working / "checkpoint-1" / "trainer_state.json"
        while not (state_of.exists() and state_of.read_text().endswith("}\n")):
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        process.kill()
    assert not output.exists()
    state = json.loads(state_of.read_text())
    before = [log["eval_runtime"] for log in state["log_history"] if "eval_runtime" in log]
    _invoke(words)
    evaluations = [log for log in _log(output) if "eval_runtime" in log]
    assert [log["epoch"] for log in evaluations] == list(range(1, 5))
    # Times differ from run to run: these epochs were not run again.
    assert [log["eval_runtime"] for log in evaluations][: len(before)] == before
    assert not working.exists()


def test_options_of_training_and_what_it_leaves(
    repo_folder: Path, start: Path, tmp_path: Path
) -> None:
    output = tmp_path / "model"
    line = "--epochs 1 --batch-size 3 --gradient-accumulation 2 --bf16 --num-workers 1"
    _invoke(_words(repo_folder, start, output, line))
    assert [log["step"] for log in _log(output) if "loss" in log] == [1, 2]
    assert {tensor.dtype for tensor in load_file(output / "model.safetensors").values()} <= {
        torch.float32,
        torch.int64,
    }

    assert not (output / ".eval_results").exists()  # simulated clicks have no leaderboard
    digest = dataset_fingerprint(str(repo_folder), DATASET, "validation", ("first", "subsequent"))

    card = (output / "README.md").read_text()
    assert "| bf16 | True |" in card
    assert "| gradient_accumulation | 2 |" in card
    assert "| training | 12 | simulated_scenes | simulated |" in card
    assert f"config `{DATASET}`, split `validation`" in card
    assert f"sha256:{digest}" in card
    assert "## Evaluation (simulated clicks)" in card
    assert "- `wd`: Wasserstein distance, lower is better." in card


def test_mistakes_are_one_line_and_leave_nothing(
    repo_folder: Path, start: Path, tmp_path: Path
) -> None:
    for line, text in (
        ("--eval-split test", "has no split 'test'"),
        ("--warmup-ratio 1 --repo nowhere", "warmup_ratio: 1.0 is out of range"),
        ("--push-to-hub clicks", "clicks: not a Hub id"),
    ):
        done = CliRunner().invoke(app, _words(repo_folder, start, tmp_path / "model", line))
        assert isinstance(done.exception, RclicksError)
        assert text in str(done.exception)
        assert "\n" not in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["start"]
