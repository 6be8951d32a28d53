"""The result of a training, and the model folder it is saved to."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from transformers.trainer_utils import get_last_checkpoint

from rclicks_hf.networks.clickability.configuration_clickability import ClickabilityConfig
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
)
from rclicks_hf.networks.clickability.modeling_clickability import ClickabilityModel
from rclicks_hf.support.files.atomic import atomic_directory
from rclicks_hf.support.files.file_modes import share_mode
from rclicks_hf.training.hyper_parameters import HyperParameters
from rclicks_hf.training.model_card import InstancesSummary, Origin, write_model_card
from rclicks_hf.training.score_file import TrainingData, write_score_file

LOG = "training_log.json"
_TENSORBOARD = "runs"  # where `Trainer` writes such logs, and where the Hub looks for them


@dataclass(frozen=True)
class TrainResult:
    """A finished training.

    Attributes:
        model: Best network by SIM on the evaluation instances, in evaluation mode.
        processor: Its image processor.
        path: Model folder: both of them, the card, and the network of the last epoch in `last/`.
        metrics: `loss`, `sim`, `cc`, the click metrics and `epoch` of the best network.
        history: Log of `Trainer`: losses, learning rates and evaluations by step.
    """

    model: ClickabilityModel
    processor: ClickabilityImageProcessor
    path: Path
    metrics: dict[str, float]
    history: list[dict[str, float]]

    def __repr__(self) -> str:
        scores = ", ".join(f"{name} {value:.4g}" for name, value in self.metrics.items())
        return f"TrainResult({str(self.path)!r}: {scores})"


@dataclass(frozen=True)
class TrainingFacts:
    """What a training depends on; `start` is the digest of the weights it fine-tunes, if any."""

    settings: HyperParameters
    processes: int
    train_data: InstancesSummary
    eval_data: InstancesSummary
    data: TrainingData | None
    start: str | None = None

    def digest(self, config: ClickabilityConfig) -> str:
        """A digest that is equal for trainings that can resume from each other's state."""
        # The content counts, not the commit, which cannot be looked up offline.
        content = None if self.data is None else (self.data.digest, self.data.train_digest)
        facts = asdict(replace(self, data=None))
        facts["source"] = facts.pop("data")  # the key in the digests of unfinished trainings
        text = json.dumps([facts, content, config.to_diff_dict()], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def save_training(result: TrainResult, working: Path, facts: TrainingFacts, origin: Origin) -> None:
    """Write the model folder atomically; `working` has the last checkpoint and TensorBoard logs."""
    last = get_last_checkpoint(str(working))
    with atomic_directory(result.path) as part:
        for folder, network in (
            (part, result.model),
            (part / "last", ClickabilityModel.from_pretrained(last)),
        ):
            network.save_pretrained(folder)
            result.processor.save_pretrained(folder)
            share_mode(folder, like="config.json")
        (part / LOG).write_text(json.dumps(result.history, indent=1), encoding="utf-8")
        if (working / _TENSORBOARD).is_dir():
            shutil.copytree(working / _TENSORBOARD, part / _TENSORBOARD)
        write_model_card(
            part / "README.md",
            title=result.path.name,
            model=result.model,
            hyper_parameters={**asdict(facts.settings), "processes": facts.processes},
            metrics=result.metrics,
            train_data=facts.train_data,
            eval_data=facts.eval_data,
            data=facts.data,
            origin=origin,
        )
        if facts.data is not None:
            simulated = facts.eval_data.is_simulated
            write_score_file(part, result.metrics, facts.data, is_simulated=simulated)
    result.model.name_or_path = str(result.path.absolute())  # where a push finds its card
