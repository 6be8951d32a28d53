"""Training on a dataset repo, as ``rclicks train`` does it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from rclicks_hf.data import load_instances
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability.configuration_clickability import ClickabilityConfig
from rclicks_hf.networks.loading import load_network
from rclicks_hf.support.files.download_folder import find_network
from rclicks_hf.training.hyper_parameters import HyperParameters
from rclicks_hf.training.score_file import TrainingData
from rclicks_hf.training.trainer import train
from rclicks_hf.training.training_result import TrainResult


def train_from_repo(
    dataset: str | Path,
    config: str,
    output: str | Path,
    *,
    model: str | None = None,
    preset: str = "base",
    eval_split: str = "validation",
    **options: Any,
) -> TrainResult:
    """Train on the ``train`` split of a dataset repo.

    Args:
        dataset: Dataset repo: a folder or a Hub id.
        config: Source dataset in it, for example ``"tetris"``.
        output: New model folder.
        model: Model folder or Hub id to fine-tune; None trains from scratch.
        preset: Preset of `ClickabilityConfig` to train from scratch.
        eval_split: Split to choose the best epoch by.
        **options: Options of :func:`rclicks_hf.training.train`.

    Returns:
        The finished training.

    Raises:
        RclicksError: If the repo, the model or the preset does not exist, or ``output`` does.

    Example:
        >>> train_from_repo("rclicks", "tetris", "model", preset="huge")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: --preset: preset 'huge' is unknown; choose tiny, small...
    """
    given = {field.name for field in fields(HyperParameters)} & options.keys()
    HyperParameters(**{name: options[name] for name in given})  # refused before minutes of loading
    network: dict[str, Any] = (
        {"model": load_network("clickability", find_network(model))[0]}
        if model
        else {"config": _preset(preset)}
    )
    instances = {
        split: load_instances(dataset, config, split=split) for split in ("train", eval_split)
    }
    return train(
        instances["train"],
        instances[eval_split],
        output,
        data=TrainingData.of(dataset, config, eval_split),
        **network,
        **options,
    )


def _preset(name: str) -> ClickabilityConfig:
    try:
        return ClickabilityConfig.from_preset(name)
    except ValueError as error:
        raise RclicksError(f"--preset: {error}") from error
