"""Training of the clickability network with the paper's loss, on transformers' `Trainer`."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import EvalPrediction, get_last_checkpoint

from rclicks_hf.atomic import (
    atomic_directory,
    atomic_file,
    explain_full_disk,
    require_absent,
)
from rclicks_hf.clickability.click_dataset import ClickMapDataset
from rclicks_hf.clickability.configuration_clickability import ClickabilityConfig
from rclicks_hf.clickability.image_processing_clickability import ClickabilityImageProcessor
from rclicks_hf.clickability.map_similarity import correlation, similarity
from rclicks_hf.clickability.model_card import Provenance, provenance, write_model_card
from rclicks_hf.clickability.modeling_clickability import ClickabilityModel
from rclicks_hf.data.instances import Instance
from rclicks_hf.errors import RclicksError

# Called after each optimisation step with (steps done, steps in all, last training loss).
Progress = Callable[[int, int, float], None]


@dataclass(frozen=True)
class HyperParameters:
    """What a training depends on besides network and data; it stands in the model card.

    Attributes:
        epochs: Passes over the training instances.
        batch_size: Instances a step.
        learning_rate: Peak of the cosine.
        warmup_ratio: Share of the steps with rising rate.
        weight_decay: Decoupled (AdamW); 0 is the paper's Adam.
        max_grad_norm: Gradients are clipped to this norm.
        flip_probability: Of mirroring an instance.
        sigma: Blur of the target click maps, in pixels of a 1920 x 1080 screen.
        seed: Of initialisation, order and flips.
    """

    epochs: float
    batch_size: int
    learning_rate: float
    warmup_ratio: float
    weight_decay: float
    max_grad_norm: float
    flip_probability: float
    sigma: float
    seed: int


@dataclass(frozen=True)
class TrainResult:
    """A finished training.

    Attributes:
        model: Best network by SIM on the evaluation instances, in evaluation mode.
        processor: Its image processor.
        path: Folder with both, the card, and the last network in `last/`.
        metrics: `loss`, `sim` and `cc` of the best network on the evaluation instances.
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


class _EpochCallback(TrainerCallback):
    """Tells the dataset which epoch it is, so that flips differ between epochs."""

    def __init__(self, dataset: ClickMapDataset):
        self.dataset = dataset

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.dataset.epoch = round(state.epoch or 0)


class _ProgressCallback(TrainerCallback):
    """Reports every step to the caller."""

    def __init__(self, progress: Progress):
        self.progress = progress
        self.loss = float("nan")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        self.loss = (logs or {}).get("loss", self.loss)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.progress(state.global_step, state.max_steps, self.loss)


def _map_scores(logits: Any, labels: torch.Tensor) -> torch.Tensor:
    """(B, 2) SIM and CC, in place of the maps, so that evaluation keeps two numbers a map."""
    click_map = logits[0] if isinstance(logits, tuple) else logits
    return torch.stack([similarity(click_map, labels), correlation(click_map, labels)], dim=1)


def _mean_scores(prediction: EvalPrediction) -> dict[str, float]:
    sim, cc = np.nanmean(np.asarray(prediction.predictions, np.float64), axis=0)
    return {"sim": float(sim), "cc": float(cc)}


def train(
    train_instances: Sequence[Instance],
    eval_instances: Sequence[Instance],
    output_dir: str | os.PathLike[str],
    *,
    model: ClickabilityModel | None = None,
    config: ClickabilityConfig | None = None,
    epochs: float = 20.0,
    batch_size: int = 16,
    learning_rate: float = 1e-2,
    warmup_ratio: float = 0.1,
    weight_decay: float = 0.0,
    max_grad_norm: float = 1.0,
    flip_probability: float = 0.5,
    sigma: float = 5.0,
    seed: int = 42,
    progress: Progress | None = None,
    trainer_arguments: Mapping[str, Any] | None = None,
) -> TrainResult:
    """Train a network on clicks and save it as a model folder.

    The paper's recipe (RClicks, NeurIPS 2024): KL divergence between the sum-normalised prediction
    and click map, Adam, cosine rate with warm-up, horizontal flips, best model by SIM. While it
    runs, its state is in `<output_dir>.training`; the same call resumes from there. `output_dir`
    appears once all is done: weights, config, image processor, code for `trust_remote_code`, card.

    Args:
        train_instances: Instances to learn from.
        eval_instances: Instances to choose the best epoch by.
        output_dir: New folder.
        model: Network to fine-tune; it is changed. None starts from `config`.
        config: Shape of a new network; None is the published one. Not beside `model`.
        epochs: Passes over the training instances.
        batch_size: Instances a step.
        learning_rate: Peak of the cosine.
        warmup_ratio: Share of the steps with rising rate.
        weight_decay: Decoupled weight decay; 0, as in the paper, is plain Adam.
        max_grad_norm: Gradients are clipped to this norm.
        flip_probability: Of mirroring image, masks and target in an epoch.
        sigma: Blur of the target click maps; the paper's is 5.
        seed: Of initialisation, order and flips.
        progress: Called after each step; without it `Trainer` shows its own bar.
        trainer_arguments: More of `transformers.TrainingArguments`, for example `{"bf16": True}`.

    Returns:
        The best network and how it came about.

    Raises:
        RclicksError: If there is nothing to train or evaluate on, `output_dir` exists, or an
            unfinished training with other settings stands in the way.
        ValueError: If both `model` and `config` are given.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.data import Clicks
        >>> mask = np.zeros((40, 60), np.int8)
        >>> mask[10:30, 20:50] = 1
        >>> clicks = Clicks(np.array([30, 40]), np.array([15, 20]), np.array(["pc", "mobile"]))
        >>> one = Instance("a", "a", "", "davis", "train", "first", "none",
        ...                np.zeros((40, 60, 3), np.uint8), mask, clicks=clicks)
        >>> config = ClickabilityConfig.from_preset("nano", image_size=64)
        >>> result = train([one, one], [one], tempfile.mkdtemp() + "/model", config=config,
        ...                epochs=1, batch_size=1, progress=lambda *step: None)
        >>> (result.path / "README.md").is_file(), result.history[-1]["step"], list(result.metrics)
        (True, 2, ['loss', 'sim', 'cc', 'epoch'])
    """
    if model is not None and config is not None:
        raise ValueError("give model or config, not both: a model has its config")
    if not len(train_instances) or not len(eval_instances):
        raise RclicksError(
            f"{output_dir}: {len(train_instances)} instances to train and {len(eval_instances)} to "
            "evaluate on; give at least one of each"
        )
    require_absent(Path(output_dir))
    settings = HyperParameters(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        warmup_ratio=warmup_ratio,
        weight_decay=weight_decay,
        max_grad_norm=max_grad_norm,
        flip_probability=flip_probability,
        sigma=sigma,
        seed=seed,
    )
    if model is None:
        set_seed(seed)
        # A copy: saving writes into a model's config, and the caller may use it again.
        model = ClickabilityModel(deepcopy(config) if config else ClickabilityConfig())
    data = (provenance(train_instances), provenance(eval_instances))
    working = _working_folder(Path(output_dir), settings, model.config, data)
    side = model.config.image_size
    processor = ClickabilityImageProcessor(size={"height": side, "width": side})
    trainer = _trainer(
        model,
        ClickMapDataset(
            train_instances, processor, sigma=sigma, flip_probability=flip_probability, seed=seed
        ),
        ClickMapDataset(eval_instances, processor, sigma=sigma),
        _arguments(working, settings, trainer_arguments or {}),
        progress,
    )
    with explain_full_disk(working):
        trainer.train(resume_from_checkpoint=_last_whole_checkpoint(working))
    _ = model.to(memory_format=torch.contiguous_format)  # type: ignore[call-arg]
    result = TrainResult(
        model.eval(), processor, Path(output_dir), _best_metrics(trainer), trainer.state.log_history
    )
    _save(result, working, settings, data)
    shutil.rmtree(working, ignore_errors=True)
    return result


def _working_folder(
    output_dir: Path,
    settings: HyperParameters,
    config: ClickabilityConfig,
    data: tuple[Provenance, Provenance],
) -> Path:
    """Where the running training keeps its state; refuses the state of another training."""
    working = output_dir.with_name(f"{output_dir.name}.training")
    facts = [asdict(settings), config.to_diff_dict(), *map(asdict, data)]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
    marker = working / "settings.sha256"
    if marker.is_file() and marker.read_text() != digest:
        raise RclicksError(
            f"{working}: an unfinished training with other settings; remove it to start anew, or "
            "repeat its settings to resume"
        )
    with atomic_file(marker) as part:
        part.write_text(digest)
    return working


def _last_whole_checkpoint(working: Path) -> str | None:
    """The checkpoint to resume from; those that a stop or a full disk cut short are removed."""
    while (last := get_last_checkpoint(str(working))) is not None:
        try:
            json.loads((Path(last) / TRAINER_STATE_NAME).read_text())  # Trainer writes it last
            return last
        except (OSError, ValueError):
            shutil.rmtree(last)
    return None


def _arguments(
    working: Path, settings: HyperParameters, more: Mapping[str, Any]
) -> TrainingArguments:
    values: dict[str, Any] = {
        "output_dir": str(working),
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch_size,
        "per_device_eval_batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": settings.warmup_ratio,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "eval_strategy": "epoch",
        "save_strategy": "epoch",
        "save_total_limit": 2,  # the best and the last: with 1, Trainer ends by deleting the last
        "load_best_model_at_end": True,
        "metric_for_best_model": "sim",
        "greater_is_better": True,
        "logging_steps": 10,
        "seed": settings.seed,
        # The inputs are tensors already, and the labels are maps.
        "remove_unused_columns": False,
        "label_names": ["labels"],
        "report_to": "none",
        "dataloader_pin_memory": torch.cuda.is_available(),
    }
    return TrainingArguments(**{**values, **more})


def _trainer(
    model: ClickabilityModel,
    train_dataset: ClickMapDataset,
    eval_dataset: ClickMapDataset,
    arguments: TrainingArguments,
    progress: Progress | None,
) -> Trainer:
    arguments.disable_tqdm = arguments.disable_tqdm or progress is not None
    trainer = Trainer(
        # Channels last: convolutions on the CPU run a fifth faster.
        model=model.to(memory_format=torch.channels_last),  # type: ignore[call-arg]
        args=arguments,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        compute_metrics=_mean_scores,
        preprocess_logits_for_metrics=_map_scores,
        callbacks=[_EpochCallback(train_dataset)],
    )
    if progress is not None:
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(_ProgressCallback(progress))
    return trainer


def _best_metrics(trainer: Trainer) -> dict[str, float]:
    """Loss, SIM and CC of the evaluation that the best model had."""
    step = trainer.state.best_global_step
    best = next(
        log for log in trainer.state.log_history if "eval_sim" in log and log["step"] == step
    )
    return {
        **{name: float(best[f"eval_{name}"]) for name in ("loss", "sim", "cc")},
        "epoch": float(best["epoch"]),
    }


def _save(
    result: TrainResult,
    working: Path,
    settings: HyperParameters,
    data: tuple[Provenance, Provenance],
) -> None:
    last = get_last_checkpoint(str(working))
    with atomic_directory(result.path) as part:
        for folder, network in (
            (part, result.model),
            (part / "last", ClickabilityModel.from_pretrained(last)),
        ):
            network.save_pretrained(folder)
            result.processor.save_pretrained(folder)
        write_model_card(
            part / "README.md",
            title=result.path.name,
            model=result.model,
            hyper_parameters=asdict(settings),
            metrics=result.metrics,
            train_data=data[0],
            eval_data=data[1],
        )
