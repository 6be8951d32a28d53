"""Hyper-parameters of a training, and the `TrainingArguments` they become."""

from __future__ import annotations

import importlib.util
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.processes import process_count
from rclicks_hf.training.training_scores import LABELS

# Logger -> libraries of which it needs one; none is a dependency of this package.
_LOADING, _AHEAD = 8, 4  # at most so many loading processes, each so many batches ahead
REPORTERS = {"none": (), "tensorboard": ("tensorboard", "tensorboardX"), "trackio": ("trackio",)}


@dataclass(frozen=True)
class HyperParameters:
    """What a training depends on besides network and data; defaults: the paper's (NeurIPS 2024).

    Attributes:
        epochs: Passes over the training instances.
        batch_size: Instances per forward pass and process.
        gradient_accumulation: Forward passes per step; batch norm uses each alone.
        learning_rate: Peak of the cosine schedule.
        warmup_ratio: Share of the steps with rising learning rate, below 1.
        weight_decay: Decoupled (AdamW); 0 is the paper's Adam.
        max_grad_norm: Norm to which gradients are clipped.
        flip_probability: Probability of a horizontal flip, per instance and epoch.
        sigma: Blur of the target click maps, in pixels of a 1920 x 1080 screen.
        bf16: True runs the network in bfloat16; weights and loss stay float32.
        seed: Seed of initialisation, order and flips.
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
        checks = {
            "epochs": (0 < self.epochs < math.inf, "above 0"),
            "batch_size": (self.batch_size >= 1, "of at least 1"),
            "gradient_accumulation": (self.gradient_accumulation >= 1, "of at least 1"),
            "learning_rate": (0 <= self.learning_rate < math.inf, "of at least 0"),
            # `Trainer` takes a ratio of 1 for one step.
            "warmup_ratio": (0 <= self.warmup_ratio < 1, "from 0 to below 1"),
            "weight_decay": (0 <= self.weight_decay < math.inf, "of at least 0"),
            "max_grad_norm": (self.max_grad_norm >= 0, "of at least 0"),
            "flip_probability": (0 <= self.flip_probability <= 1, "from 0 to 1"),
            "sigma": (0 < self.sigma < math.inf, "above 0"),
            "seed": (0 <= self.seed < 2**32, "from 0 to below 2**32"),
        }
        for name, (is_good, allowed) in checks.items():
            if not is_good:
                value = getattr(self, name)
                raise RclicksError(f"{name}: {value} is out of range; give a number {allowed}")


def require_reporter(name: str) -> None:
    """Refuse a logger that is unknown or whose library is not installed."""
    if name not in REPORTERS:
        raise RclicksError(f"--report-to {name}: unknown; choose {', '.join(REPORTERS)}")
    libraries = REPORTERS[name]
    if libraries and not any(importlib.util.find_spec(library) for library in libraries):
        raise RclicksError(
            f"--report-to {name}: {libraries[0]} is not installed; pip install {libraries[0]}, or "
            "omit the option"
        )


def loading_processes(num_workers: int | None) -> int:
    """Data-loading processes; None is none on a CPU, and enough to keep a GPU busy on one.

    Example:
        >>> loading_processes(3)
        3
    """
    if num_workers is not None or not torch.accelerator.is_available():
        return num_workers or 0
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # of a launch, on this machine
    return max(1, min(_LOADING, process_count(None) // processes - 1))


def training_arguments(
    working: Path,
    settings: HyperParameters,
    *,
    num_workers: int = 0,
    report_to: str = "none",
    more: Mapping[str, Any] | None = None,
) -> TrainingArguments:
    """Arguments of `Trainer`, with checkpoints and logs in `working`; `more` overrides them."""
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
        # Without this, `Trainer` demands a GPU for bf16.
        "use_cpu": not torch.accelerator.is_available(),
        "eval_strategy": "epoch",
        "save_strategy": "epoch",
        "save_total_limit": 2,  # the best and the last; with 1, `Trainer` deletes the last
        "load_best_model_at_end": True,
        "metric_for_best_model": "sim",
        "greater_is_better": True,
        "logging_steps": 10,
        "seed": settings.seed,
        # The inputs are tensors already, and the labels are click maps.
        "remove_unused_columns": False,
        "label_names": LABELS,
        "batch_eval_metrics": True,  # otherwise all target maps are kept until the end
        "report_to": report_to,
        "dataloader_num_workers": num_workers,
        "dataloader_persistent_workers": num_workers > 0,
        "dataloader_prefetch_factor": _AHEAD if num_workers else None,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "ddp_find_unused_parameters": False,
    }
    return TrainingArguments(**{**values, **(more or {})})
