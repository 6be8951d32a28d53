"""``rclicks evaluate-clicks``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import (
    DEFAULT_REPO,
    BatchSize,
    Compile,
    Datasets,
    Device,
    Dtype,
    NumWorkers,
    Repo,
    ScoreMode,
    Split,
    require_datasets,
    split_names,
)

EXAMPLES = """\b
Examples:
  rclicks evaluate-clicks --click-model ud,model --dataset davis
  rclicks evaluate-clicks --click-model dt --dataset grabcut,berkeley \\
      --mode exact --rounds --out scores
"""


def evaluate_clicks(
    click_model: Annotated[
        list[str],
        typer.Option(
            metavar="MODEL",
            help="Click model to score: ud (uniform), dt (distance transform), a clickability "
            "network as a folder or Hub id, si:MODEL or sm:MODEL with a saliency network, or your "
            "own class as module:Class. Repeat the option or separate names with commas.",
        ),
    ],
    dataset: Datasets,
    repo: Repo = DEFAULT_REPO,
    split: Annotated[
        Split | None,
        typer.Option(
            help="Split to score on. Default, as in the paper: validation for tetris, test for the "
            "others."
        ),
    ] = None,
    mode: Annotated[
        ScoreMode,
        typer.Option(
            help="reference: sampled as in the paper; exact: PL1 in closed form, and the Monte "
            "Carlo error of the other metrics."
        ),
    ] = "reference",
    halvings: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Random splits of the recorded clicks into halves; one half scored against the "
            "other is the human ceiling for a click model. 0: no ceiling.",
        ),
    ] = 20,
    rounds: Annotated[
        bool, typer.Option("--rounds", help="Also print one table per round (first, subsequent).")
    ] = False,
    devices: Annotated[
        bool,
        typer.Option(
            "--devices",
            help="Also score the clicks of each input device (pc, mobile), one table per device.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Results folder; its Parquet file has one row per instance, click model and "
            "device. The same command resumes in it. Default: only print.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="First delete older results in --out.")
    ] = False,
    num_proc: NumWorkers = None,
    device: Device = "auto",
    dtype: Dtype = "float32",
    batch_size: BatchSize = None,
    compile: Compile = False,
) -> None:
    """Score click models against recorded clicks.

    The metrics are KS, PL1, WD, NSS and PDE. Prints each mean with its 95 % bootstrap interval, the
    paired differences between the models and, where the data is the paper's, the published values.
    """
    from rclicks_hf.click_scoring import ScoreSettings, score_repo

    text = score_repo(
        repo,
        require_datasets(dataset),
        split_names(click_model),
        split=split,
        settings=ScoreSettings(mode=mode, halvings=halvings, devices=devices),
        rounds=rounds,
        num_proc=num_proc,
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        compile=compile,
        out=out,
        overwrite=overwrite,
    )
    if text:  # the helpers of a launch have none
        typer.echo(text)
