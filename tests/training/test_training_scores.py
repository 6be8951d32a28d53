"""What a training run reports: its scores, its losses, its logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.clickability_fixtures import two_stages

from rclicks_hf.click_scoring import ScoreSettings, read_click_scores, run_click_scores
from rclicks_hf.data.instances import Clicks, Instance
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import CLICK_METRICS
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.networks.clickability.modeling_clickability import click_map_losses
from rclicks_hf.training import train
from rclicks_hf.training.click_dataset import ClickMapDataset
from rclicks_hf.training.training_result import TrainResult
from rclicks_hf.training.training_scores import SCORE_COLUMNS, SCORE_NAMES, TrainingScores


def test_scores_are_those_of_evaluate_clicks(
    tmp_path: Path, instances: list[Instance], config: ClickabilityConfig
) -> None:
    silent = replace(instances[6], full_stem="silent", clicks=Clicks.empty())
    judged = [*instances[5:], silent]
    result = train(instances[:5], judged, tmp_path / "model", config=config, epochs=2, batch_size=5)
    assert list(result.metrics) == ["loss", *SCORE_NAMES, "epoch"]
    scored = run_click_scores(
        instances[5:],
        None,
        {"cm": str(tmp_path / "model")},
        tmp_path / "scores",
        settings=ScoreSettings(halvings=0),
        num_proc=1,
        progress=False,
    )
    expected = read_click_scores(scored)[list(CLICK_METRICS)].mean()
    for name in CLICK_METRICS:
        # Points are drawn from maps that float rounding makes differ: not to the last digit.
        assert result.metrics[name] == pytest.approx(expected[name], rel=0.02, abs=0.01), name
    assert result.metrics["nss"] == pytest.approx(expected["nss"], rel=1e-4)


def test_a_map_without_clicks_or_without_values_has_no_scores(
    instances: list[Instance], processor: ClickabilityImageProcessor
) -> None:
    silent = replace(instances[1], clicks=Clicks.empty())
    dataset = ClickMapDataset([instances[0], silent], processor, with_index=True)
    scores = TrainingScores(dataset)
    items = [dataset[0], dataset[1]]
    labels = torch.stack([item["labels"] for item in items])
    indices = torch.stack([item["instance"] for item in items])
    good = scores.per_map((labels + 0.01, labels), (labels, indices))
    assert good.shape == (2, len(SCORE_COLUMNS))
    assert not good[0].isnan().any()
    assert good[1, 3:].isnan().all()
    assert not good[1, 1:3].isnan().all() or labels[1].max() == 0
    assert good[:, 0].mean().item() == pytest.approx(
        click_map_losses(labels + 0.01, labels).mean().item()
    )
    flat = scores.per_map(torch.ones_like(labels), (labels, indices))
    assert flat[:, 3:].isnan().all()

    batches: list[Any] = [type("Batch", (), {"predictions": rows}) for rows in (good, flat)]
    assert scores.mean(batches[0], compute_result=False) == {}
    means = scores.mean(batches[1], compute_result=True)
    assert list(means) == list(SCORE_COLUMNS)
    assert means["nss"] == pytest.approx(good[0, SCORE_COLUMNS.index("nss")].item())
    only_flat = scores.mean(batches[1], compute_result=True)
    assert np.isnan(only_flat["ks"]), "rows of the first evaluation must be gone"


def _first_step(folder: Path, instances: list[Instance], **options: Any) -> dict[str, float]:
    torch.manual_seed(0)
    model = ClickabilityModel(two_stages())
    result = train(
        instances,
        instances[:1],
        folder,
        model=model,
        epochs=1,
        flip_probability=0.0,
        trainer_arguments={"logging_steps": 1},
        **options,
    )
    return result.history[0]


def test_accumulated_losses_are_averaged(tmp_path: Path, instances: list[Instance]) -> None:
    """Of one instance over and over, any batch has the same statistics, loss and gradient."""
    copies = [instances[0]] * 4
    whole = _first_step(tmp_path / "whole", copies, batch_size=4)
    parts = _first_step(tmp_path / "parts", copies, batch_size=2, gradient_accumulation=2)
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-4)
    assert parts["grad_norm"] == pytest.approx(whole["grad_norm"], rel=1e-3)


def _train(folder: Path, instances: list[Instance], **options: Any) -> TrainResult:
    return train(instances[:2], instances[2:4], folder, config=two_stages(), epochs=1, **options)


@pytest.mark.parametrize("name", ["tensorboard", "trackio"])
def test_an_absent_logger_is_one_line(
    tmp_path: Path, instances: list[Instance], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda library: None)
    with pytest.raises(RclicksError, match=f"--report-to {name}: {name} is not installed; pip"):
        _train(tmp_path / "model", instances, report_to=name)
    assert list(tmp_path.iterdir()) == []


WRITER = '''
from pathlib import Path

class SummaryWriter:
    """Stands in for TensorBoard's: a line a value."""

    def __init__(self, log_dir):
        Path(log_dir).mkdir(parents=True)
        self.file = (Path(log_dir) / "events").open("w")

    def add_scalar(self, name, value, step):
        print(name, step, file=self.file, flush=True)

    def __getattr__(self, name):
        return lambda *args, **kwargs: None
'''


def test_tensorboard_logs_end_up_in_the_model_folder(
    tmp_path: Path, instances: list[Instance], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries" / "tensorboardX.py").write_text(WRITER)
    monkeypatch.syspath_prepend(tmp_path / "libraries")
    _train(tmp_path / "model", instances, report_to="tensorboard")
    (events,) = (tmp_path / "model" / "runs").glob("*/events")
    names = {line.split()[0] for line in events.read_text().splitlines()}
    assert {"eval/sim", "eval/ks", "train/train_loss"} <= names
