"""Training of the clickability network with the paper's loss, on `transformers.Trainer`."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

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
from transformers.trainer_utils import get_last_checkpoint

from rclicks_hf.data.instances import Instance
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability.configuration_clickability import ClickabilityConfig
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
)
from rclicks_hf.networks.clickability.modeling_clickability import (
    ClickabilityModel,
    weights_digest,
)
from rclicks_hf.support.files.atomic import atomic_file, explain_full_disk, require_absent
from rclicks_hf.training.click_dataset import INDEX, ClickMapDataset
from rclicks_hf.training.hyper_parameters import (
    HyperParameters,
    loading_processes,
    require_reporter,
    training_arguments,
)
from rclicks_hf.training.model_card import Origin, summarize_instances
from rclicks_hf.training.score_file import TrainingData
from rclicks_hf.training.synchronized_norm import synchronize_batch_norms
from rclicks_hf.training.training_result import TrainingFacts, TrainResult, save_training
from rclicks_hf.training.training_scores import SCORE_COLUMNS, TrainingScores

# Called after each optimisation step with (steps done, number of steps, last training loss).
Progress = Callable[[int, int, float], None]

_CACHE = "features"  # in the working folder


class _Trainer(Trainer):
    """Keeps the index, by which the scores find the clicks, from the network."""

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        taken = {name: value for name, value in inputs.items() if name != INDEX}
        return super().compute_loss(model, taken, *args, **kwargs)


class _EpochCallback(TrainerCallback):
    """Passes the epoch to the dataset, so that flips differ between epochs."""

    def __init__(self, dataset: ClickMapDataset):
        self.dataset = dataset

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self.dataset.epoch = round(state.epoch or 0)


class _ScoreCallback(TrainerCallback):
    """Stops a training that cannot have a best epoch at its first evaluation, not at its end."""

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if state.best_metric is None and math.isnan((metrics or {}).get("eval_sim", math.nan)):
            raise RclicksError(
                f"{args.output_dir}: no evaluation instance has a SIM: none has clicks, or the "
                "training diverged; give another evaluation split or a lower learning rate"
            )


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


def train(
    train_instances: Sequence[Instance],
    eval_instances: Sequence[Instance],
    output_dir: str | os.PathLike[str],
    *,
    model: ClickabilityModel | None = None,
    config: ClickabilityConfig | None = None,
    data: TrainingData | None = None,
    num_workers: int | None = None,
    cache_bytes: int = 1 << 30,
    report_to: str = "none",
    progress: Progress | None = None,
    trainer_arguments: Mapping[str, Any] | None = None,
    **hyper_parameters: Any,
) -> TrainResult:
    """Train a clickability network and save it as a model folder.

    The paper's recipe (RClicks, NeurIPS 2024): KL divergence between the sum-normalised prediction
    and click map, Adam, cosine schedule with warm-up, horizontal flips, best epoch by SIM. The
    state of a running training is in `<output_dir>.training`; the same call resumes from there.
    `output_dir` is written at the end: weights, config, image processor, code for
    `trust_remote_code`, card, `training_log.json` and, for `data` with leaderboards on the Hub,
    `.eval_results/`.

    Under ``accelerate launch`` batch norm spans all processes, so P processes equal one process
    with P times the batch size. The seed alone decides order and flips; dropout and drop path
    (presets tiny, small, base) draw per process.

    Args:
        train_instances: Instances to train on.
        eval_instances: Instances to choose the best epoch by.
        output_dir: New folder.
        model: Network to fine-tune; it is changed, so load it again to resume. None trains a new
            network.
        config: Configuration of a new network; None is the published one. Not with `model`.
        data: The dataset repo of the instances, for `.eval_results/`; None writes no such file.
        num_workers: Data-loading processes per training process; 0 loads in the process itself.
            None is 0 on a CPU, and up to 8 on a GPU.
        cache_bytes: Memory, or disk space where several processes load, for prepared inputs.
        report_to: Logger: "none", "tensorboard" (`runs/` of the model folder) or "trackio".
        progress: Called after each step; None shows the bar of `Trainer`.
        trainer_arguments: Further `transformers.TrainingArguments`.
        **hyper_parameters: `epochs`, `batch_size`, `gradient_accumulation`, `learning_rate`,
            `warmup_ratio`, `weight_decay`, `max_grad_norm`, `flip_probability`, `sigma`, `bf16`,
            `seed`; the defaults are the paper's.

    Returns:
        The best network with its scores and the training log.

    Raises:
        RclicksError: If there are no instances, a hyper-parameter is out of range, `output_dir`
            exists, the logger's library is missing, no evaluation instance can be scored, or there
            is an unfinished training with other settings, data or weights.
        ValueError: If both `model` and `config` are given.

    Example:
        >>> import tempfile
        >>> import numpy as np
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
        (True, 2, ['loss', 'sim', 'cc', 'ks', 'pl1', 'wd', 'nss', 'pde', 'epoch'])
    """
    if model is not None and config is not None:
        raise ValueError("give model or config, not both; a model has its own config")
    if not len(train_instances) or not len(eval_instances):
        raise RclicksError(
            f"{output_dir}: {len(train_instances)} instances to train and {len(eval_instances)} to "
            "evaluate on; give at least one each"
        )
    require_absent(Path(output_dir))
    require_reporter(report_to)
    settings = HyperParameters(**hyper_parameters)
    start = None if model is None else weights_digest(model)
    origin = Origin.of(model, data, (train_instances, eval_instances))
    if model is None:
        set_seed(settings.seed)
        # A copy, because saving writes into a model's config and the caller may reuse it.
        model = ClickabilityModel(deepcopy(config) if config else ClickabilityConfig())
    working = Path(output_dir).with_name(f"{Path(output_dir).name}.training")
    num_workers = loading_processes(num_workers)
    arguments = training_arguments(
        working, settings, num_workers=num_workers, report_to=report_to, more=trainer_arguments
    )
    facts = TrainingFacts(
        settings=settings,
        processes=arguments.world_size,
        train_data=summarize_instances(train_instances),
        eval_data=summarize_instances(eval_instances),
        data=data,
        start=start,
    )
    with arguments.main_process_first(local=False):
        _prepare(working, facts.digest(model.config), is_main=arguments.process_index == 0)
        checkpoint = _last_whole_checkpoint(working)
    folder = working / _CACHE if num_workers or arguments.world_size > 1 else None
    train_dataset, eval_dataset = _datasets(
        (train_instances, eval_instances), model.config, settings, cache_bytes, folder
    )
    trainer = _trainer(model, train_dataset, eval_dataset, arguments, progress)
    with explain_full_disk(working):
        trainer.train(resume_from_checkpoint=checkpoint)
    _ = model.to(memory_format=torch.contiguous_format)  # type: ignore[call-arg]
    history = trainer.state.log_history
    result = TrainResult(
        model.eval(), train_dataset.processor, Path(output_dir), _best_metrics(trainer), history
    )
    if arguments.process_index == 0:
        save_training(result, working, facts, origin)
        shutil.rmtree(working, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    return result


def _datasets(
    instances: tuple[Sequence[Instance], Sequence[Instance]],
    config: ClickabilityConfig,
    settings: HyperParameters,
    cache_bytes: int,
    folder: Path | None,
) -> tuple[ClickMapDataset, ClickMapDataset]:
    """The datasets to train on, with flips, and to evaluate on."""
    processor = ClickabilityImageProcessor(
        size={"height": config.image_size, "width": config.image_size}
    )
    options: dict[str, Any] = {"sigma": settings.sigma, "cache_bytes": cache_bytes}
    train_cache, eval_cache = (folder and folder / name for name in ("train", "evaluation"))
    return (
        ClickMapDataset(
            instances[0],
            processor,
            flip_probability=settings.flip_probability,
            seed=settings.seed,
            cache_folder=train_cache,
            **options,
        ),
        ClickMapDataset(
            instances[1], processor, cache_folder=eval_cache, with_index=True, **options
        ),
    )


def _prepare(working: Path, digest: str, *, is_main: bool) -> None:
    """Make the working folder; refuse that of another training."""
    marker = working / "settings.sha256"
    if marker.is_file() and marker.read_text() != digest:
        raise RclicksError(
            f"{working}: holds an unfinished training with other settings, other data or another "
            "initial network; remove the folder to start again, or give the same settings to resume"
        )
    if is_main:
        with atomic_file(marker) as part:
            part.write_text(digest)
        shutil.rmtree(working / _CACHE, ignore_errors=True)  # the data may have changed since


def _last_whole_checkpoint(working: Path) -> str | None:
    """The checkpoint to resume from; incomplete ones are removed."""
    while (last := get_last_checkpoint(str(working))) is not None:
        try:
            json.loads((Path(last) / TRAINER_STATE_NAME).read_text())  # `Trainer` writes it last
            return last
        except (OSError, ValueError, RecursionError):
            shutil.rmtree(last)
    return None


def _trainer(
    model: ClickabilityModel,
    train_dataset: ClickMapDataset,
    eval_dataset: ClickMapDataset,
    arguments: TrainingArguments,
    progress: Progress | None,
) -> Trainer:
    arguments.disable_tqdm = arguments.disable_tqdm or progress is not None
    if arguments.world_size > 1:
        synchronize_batch_norms(model)
    scores = TrainingScores(eval_dataset, map_eps=model.config.map_eps)
    trainer = _Trainer(
        # Channels last makes convolutions on the CPU a fifth faster.
        model=model.to(memory_format=torch.channels_last),  # type: ignore[call-arg]
        args=arguments,
        train_dataset=train_dataset,
        eval_dataset=eval_dataset,
        compute_metrics=scores.mean,  # type: ignore[arg-type]
        preprocess_logits_for_metrics=scores.per_map,  # type: ignore[arg-type]
        callbacks=[_EpochCallback(train_dataset), _ScoreCallback()],
    )
    if progress is not None:
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(_ProgressCallback(progress))
    return trainer


def _best_metrics(trainer: Trainer) -> dict[str, float]:
    """Loss and scores of the best epoch."""
    step = trainer.state.best_global_step
    best = next(
        log for log in trainer.state.log_history if "eval_sim" in log and log["step"] == step
    )
    return {
        **{name: float(best[f"eval_{name}"]) for name in SCORE_COLUMNS},
        "epoch": float(best["epoch"]),
    }
