"""What a training depends on, and how that reads in `Trainer`'s own words."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from rclicks_hf.errors import RclicksError
from rclicks_hf.training.training_scores import LABELS

# Where logs can go -> the libraries that can bring them there; none is a dependency.
REPORTERS = {"none": (), "tensorboard": ("tensorboard", "tensorboardX"), "trackio": ("trackio",)}


@dataclass(frozen=True)
class HyperParameters:
    """What a training depends on besides network and data; it stands in the model card.

    The defaults are the paper's (RClicks, NeurIPS 2024).

    Attributes:
        epochs: Passes over the training instances.
        batch_size: Instances a forward pass and process.
        gradient_accumulation: Forward passes a step; batch norm sees each alone.
        learning_rate: Peak of the cosine.
        warmup_ratio: Share of the steps with rising rate, below 1.
        weight_decay: Decoupled (AdamW); 0 is the paper's Adam.
        max_grad_norm: Gradients are clipped to this norm.
        flip_probability: Of mirroring image, masks and target in an epoch.
        sigma: Blur of the target click maps, in pixels of a 1920 x 1080 screen.
        bf16: True runs the network in bfloat16; weights and loss stay float32.
        seed: Of initialisation, order and flips.

    Raises:
        RclicksError: If a value is out of its range.

    Example:
        >>> HyperParameters(epochs=3).learning_rate
        0.01
    """

    epochs: float = 20.0
    batch_size: int = 16
    gradient_accumulation: int = 1
    learning_rate: float = 1e-2
    warmup_ratio: float = 0.1
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    flip_probability: float = 0.5
    sigma: float = 5.0
    bf16: bool = False
    seed: int = 42

    def __post_init__(self) -> None:
        is_good = {
            "epochs": 0 < self.epochs < math.inf,
            "batch_size": self.batch_size >= 1,
            "gradient_accumulation": self.gradient_accumulation >= 1,
            "learning_rate": 0 <= self.learning_rate < math.inf,
            "warmup_ratio": 0 <= self.warmup_ratio < 1,  # `Trainer` takes 1 for one step
            "weight_decay": 0 <= self.weight_decay < math.inf,
            "max_grad_norm": self.max_grad_norm >= 0,
            "flip_probability": 0 <= self.flip_probability <= 1,
            "sigma": 0 < self.sigma < math.inf,
            "seed": 0 <= self.seed < 2**32,
        }
        for name, good in is_good.items():
            if not good:
                raise RclicksError(f"{name}: {getattr(self, name)} is out of range")


def require_reporter(name: str) -> None:
    """Refuse a place for logs whose library is absent.

    Args:
        name: Key of `REPORTERS`.

    Raises:
        RclicksError: If there is no such place, or its library is not installed.

    Example:
        >>> require_reporter("none")
        >>> require_reporter("paper")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: --report-to paper: unknown; use none, tensorboard or trackio
    """
    if name not in REPORTERS:
        raise RclicksError(f"--report-to {name}: unknown; use none, tensorboard or trackio")
    libraries = REPORTERS[name]
    if libraries and not any(importlib.util.find_spec(library) for library in libraries):
        raise RclicksError(
            f"--report-to {name}: {libraries[0]} is not installed; pip install {libraries[0]}, or "
            "leave the option out"
        )


def training_arguments(
    working: Path,
    settings: HyperParameters,
    *,
    num_workers: int = 0,
    report_to: str = "none",
    more: Mapping[str, Any] | None = None,
) -> TrainingArguments:
    """`Trainer`'s arguments for a training.

    Args:
        working: Folder of its checkpoints and logs.
        settings: What it depends on.
        num_workers: Processes that load data, a training process; 0 loads in this one.
        report_to: Key of `REPORTERS`.
        more: Further arguments; they win.

    Returns:
        The arguments.

    Example:
        >>> arguments = training_arguments(Path("model.training"), HyperParameters(epochs=2))
        >>> arguments.num_train_epochs, arguments.lr_scheduler_type.value
        (2, 'cosine')
    """
    values: dict[str, Any] = {
        "output_dir": str(working),
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch_size,
        "per_device_eval_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.gradient_accumulation,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": settings.warmup_ratio,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        "bf16": settings.bf16,
        # Without this `Trainer` takes bf16 for a wish for a GPU.
        "use_cpu": not torch.accelerator.is_available(),
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
        "label_names": LABELS,
        "batch_eval_metrics": True,  # else all target maps are kept until the end
        "report_to": report_to,
        "dataloader_num_workers": num_workers,
        "dataloader_persistent_workers": num_workers > 0,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "ddp_find_unused_parameters": False,
    }
    return TrainingArguments(**{**values, **(more or {})})
