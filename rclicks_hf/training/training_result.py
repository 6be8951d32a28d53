"""A finished training, and the model folder that it becomes."""

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
from rclicks_hf.support.atomic import atomic_directory
from rclicks_hf.training.hyper_parameters import HyperParameters
from rclicks_hf.training.model_card import Provenance, write_model_card
from rclicks_hf.training.score_file import TrainingData, write_eval_results

LOG = "training_log.json"
_TENSORBOARD = "runs"  # where `Trainer` puts such logs, and where the Hub looks for them


@dataclass(frozen=True)
class TrainResult:
    """A finished training.

    Attributes:
        model: Best network by SIM on the evaluation instances, in evaluation mode.
        processor: Its image processor.
        path: Folder with both, the card, and the last network in `last/`.
        metrics: `loss`, `SCORES` and `epoch` of the best network on the evaluation instances.
        history: `Trainer`'s log: losses, rates and evaluations by step.

    Example:
        >>> config = ClickabilityConfig.from_preset("nano")
        >>> result = TrainResult(
        ...     ClickabilityModel(config), ClickabilityImageProcessor(), Path("model"),
        ...     metrics={"sim": 0.61}, history=[{"step": 10, "eval_sim": 0.58}, {"step": 20}])
        >>> result.metrics["sim"], [log["eval_sim"] for log in result.history if "eval_sim" in log]
        (0.61, [0.58])
    """

    model: ClickabilityModel
    processor: ClickabilityImageProcessor
    path: Path
    metrics: dict[str, float]
    history: list[dict[str, float]]


@dataclass(frozen=True)
class TrainingFacts:
    """What a training depends on, and what its card tells.

    Attributes:
        settings: Its hyper-parameters.
        processes: Training processes.
        train_data: What it learns from.
        eval_data: What its best epoch is chosen by.
        source: Where the latter comes from; None where that is not known.
        start: Digest of the weights that are fine-tuned; None from scratch.
    """

    settings: HyperParameters
    processes: int
    train_data: Provenance
    eval_data: Provenance
    source: TrainingData | None
    start: str | None = None

    def digest(self, config: ClickabilityConfig) -> str:
        """Differs between trainings of which one cannot go on with the other's state."""
        # Not the source's commit: without a network it cannot be asked for, and its content counts.
        content = None if self.source is None else (self.source.digest, self.source.train_digest)
        facts = [asdict(replace(self, source=None)), content, config.to_diff_dict()]
        text = json.dumps(facts, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def save_training(result: TrainResult, working: Path, facts: TrainingFacts) -> None:
    """Write the model folder, whole or not at all.

    Args:
        result: The finished training; its `path` is the folder to make.
        working: `Trainer`'s folder, with the last checkpoint and TensorBoard's logs.
        facts: What the card tells.

    Raises:
        RclicksError: If the folder exists or the system refuses to write.
    """
    last = get_last_checkpoint(str(working))
    with atomic_directory(result.path) as part:
        for folder, network in (
            (part, result.model),
            (part / "last", ClickabilityModel.from_pretrained(last)),
        ):
            network.save_pretrained(folder)
            result.processor.save_pretrained(folder)
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
            source=facts.source,
        )
        if facts.source is not None:
            simulated = facts.eval_data.is_simulated
            write_eval_results(part, result.metrics, facts.source, is_simulated=simulated)
