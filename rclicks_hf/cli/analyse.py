"""``rclicks analyse``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import (
    DATASET_NAMES,
    RepoOption,
    Split,
    complete_dataset,
    one_of_both,
    split_names,
)

EXAMPLES = """\b
Examples:
  rclicks analyse rclicks
  rclicks analyse rclicks --dataset davis,tetris --out analysis
"""


def analyse(
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="REPO", help="Dataset repo: a folder made by `rclicks build`, or a Hub id."
        ),
    ] = None,
    repo: RepoOption = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help=f"Source dataset: {DATASET_NAMES} Default: all in the repo.",
            autocompletion=complete_dataset,
        ),
    ] = None,
    split: Annotated[
        Split | None,
        typer.Option(help="Split to analyse. Default: validation for tetris, test for the others."),
    ] = None,
    previews: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The paper's previews.csv; with it, display modes are compared too.",
        ),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder that holds PREVIEW/, the images and masks of --previews."
        ),
    ] = None,
    slip: Annotated[
        bool,
        typer.Option(
            "--slip",
            help="Also compute WD and PL1 as published: the paper's script uses x for both "
            "coordinates of PC clicks.",
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Random seed of the halvings and the bootstrap.")
    ] = 42,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder to create, with one Parquet file per analysis (one row per instance). "
            "Default: only print.",
        ),
    ] = None,
) -> None:
    """Analyse recorded clicks: devices, agreement, spread.

    Compares PC with mobile clicks, and measures how well users agree, how widely their clicks
    spread and how much the mean click position depends on any single click.
    """
    from rclicks_hf.analysis import analyse_repo

    typer.echo(
        analyse_repo(
            one_of_both(folder, repo, "--repo", "REPO", "rclicks analyse rclicks"),
            split_names(dataset or ()),
            split=split,
            previews=previews,
            sources=sources,
            slip=slip,
            out=out,
            seed=seed,
        )
    )
