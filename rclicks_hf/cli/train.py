"""``rclicks train``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import (
    DEFAULT_REPO,
    Preset,
    ReportTo,
    Split,
    complete_dataset,
    split_names,
)
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.names import did_you_mean

DEFAULT_DATASET = "tetris"

EXAMPLES = """\b
Examples:
  rclicks train --dataset tetris --out model
  rclicks train --model model --epochs 5 --out tuned
  accelerate launch --num_processes 2 -m rclicks_hf.cli train --out model
"""


def train(
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Model folder to create; must not exist, except to resume."
        ),
    ],
    repo: Annotated[
        str | None,
        typer.Option(
            "--repo",
            metavar="REPO",
            help="Dataset repo: a folder made by `rclicks build`, or a Hub id. "
            f"[default: {DEFAULT_REPO}]",
        ),
    ] = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            "--dataset",
            metavar="NAME",
            help="Source dataset to train on; it needs a train split, as in tetris and "
            f"simulated_scenes. [default: {DEFAULT_DATASET}]",
            autocompletion=complete_dataset,
        ),
    ] = None,
    eval_split: Annotated[
        Split, typer.Option(help="Split to evaluate on after each epoch; the best epoch is kept.")
    ] = "validation",
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Clickability network to fine-tune: a folder or a Hub id. "
            "Default: train from scratch.",
        ),
    ] = None,
    preset: Annotated[
        Preset,
        typer.Option(help="Network size when training from scratch; base is the paper's."),
    ] = "base",
    epochs: Annotated[
        float,
        typer.Option(
            metavar="X", help="Passes over the training split; above 0, may be fractional."
        ),
    ] = 20.0,
    batch_size: Annotated[
        int, typer.Option(min=1, metavar="N", help="Instances per forward pass on each process.")
    ] = 16,
    gradient_accumulation: Annotated[
        int, typer.Option(min=1, metavar="N", help="Forward passes per optimizer step.")
    ] = 1,
    learning_rate: Annotated[
        float, typer.Option(min=0.0, metavar="X", help="Peak learning rate, with cosine decay.")
    ] = 1e-2,
    warmup_ratio: Annotated[
        float,
        typer.Option(
            metavar="X",
            help="Fraction of the optimizer steps spent on linear warm-up, from 0 to below 1.",
        ),
    ] = 0.1,
    flip_probability: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=1.0,
            metavar="P",
            help="Probability of a horizontal flip per instance.",
        ),
    ] = 0.5,
    bf16: Annotated[
        bool,
        typer.Option("--bf16", help="Train in bfloat16 mixed precision; the weights stay float32."),
    ] = False,
    seed: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Random seed of initial weights, shuffling and flips."
        ),
    ] = 42,
    num_workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Data-loading processes per training process; 0 loads in the training process. "
            "Default: 0 on a CPU, up to 8 on a GPU.",
        ),
    ] = None,
    cache_gib: Annotated[
        float,
        typer.Option(
            min=0.0,
            metavar="GIB",
            help="Memory in GiB for inputs and click maps that are kept between epochs.",
        ),
    ] = 1.0,
    logging_steps: Annotated[
        int, typer.Option(min=1, metavar="N", help="Log the loss every N optimizer steps.")
    ] = 10,
    report_to: Annotated[
        ReportTo, typer.Option(help="Experiment tracker to log to; it must be installed.")
    ] = "none",
    push_to_hub: Annotated[
        str | None,
        typer.Option(
            metavar="HUB_ID",
            help="Push the trained model to this Hub repo, for example your-name/clickability.",
        ),
    ] = None,
) -> None:
    """Train or fine-tune the clickability network.

    Writes a model folder with the weights of the best epoch, the training log, a model card and
    the scores on the evaluation split. The same command resumes a stopped training.
    """
    from accelerate import PartialState

    from rclicks_hf.hub.push import push_folder
    from rclicks_hf.hub.transfer import require_repo_id
    from rclicks_hf.training import train_from_repo

    repo, source = _repo_and_dataset(repo, dataset or ())
    if push_to_hub:
        require_repo_id(push_to_hub)
    train_from_repo(
        repo,
        source,
        out,
        model=model,
        preset=preset,
        eval_split=eval_split,
        epochs=epochs,
        batch_size=batch_size,
        gradient_accumulation=gradient_accumulation,
        learning_rate=learning_rate,
        warmup_ratio=warmup_ratio,
        flip_probability=flip_probability,
        bf16=bf16,
        seed=seed,
        num_workers=num_workers,
        cache_bytes=int(cache_gib * 2**30),
        report_to=report_to,
        trainer_arguments={"logging_steps": logging_steps},
    )
    if not PartialState().is_main_process:
        return
    typer.echo(str(out))
    if push_to_hub:
        typer.echo(push_folder(out, push_to_hub, repo_type="model"))


def _repo_and_dataset(repo: str | None, texts: Sequence[str]) -> tuple[str, str]:
    """Dataset repo and source dataset; ``--dataset REPO``, once the repo's option, still works."""
    from rclicks_hf.data.schema import SOURCE_DATASETS

    names: list[str] = []
    for text in texts:
        if repo is None and _looks_like_a_repo(text):
            repo = text
            typer.echo(f"rclicks: --dataset {text}: taken as the dataset repo, --repo", err=True)
        else:
            names += split_names([text])
    names = list(dict.fromkeys(names))
    unknown = next((name for name in names if name not in SOURCE_DATASETS), None)
    if unknown is not None:
        hint = did_you_mean(unknown, SOURCE_DATASETS)
        raise RclicksError(
            f"--dataset {unknown}: unknown source dataset{hint}; use one of "
            f"{', '.join(SOURCE_DATASETS)} (the dataset repo is --repo)"
        )
    if len(names) > 1:
        raise RclicksError(f"--dataset: training takes one source dataset, got {', '.join(names)}")
    return repo or DEFAULT_REPO, names[0] if names else DEFAULT_DATASET


def _looks_like_a_repo(text: str) -> bool:
    from rclicks_hf.data.schema import SOURCE_DATASETS

    if set(split_names([text])) <= set(SOURCE_DATASETS):
        return False
    return "/" in text or Path(text).is_dir()
