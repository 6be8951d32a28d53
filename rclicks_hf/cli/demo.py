"""``rclicks demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import NumProc

EXAMPLES = """\b
Examples:
  rclicks demo
  rclicks demo --data GrabCut --out my-images --seed 1
"""


def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder with your images and masks in GrabCut's layout (data_GT/*.jpg, "
            "boundary_GT/*.bmp). Default: generated scenes and the package's photographs.",
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Output folder; must not exist, except to resume a stopped demo."
        ),
    ] = Path("rclicks-demo"),
    scenes: Annotated[
        int,
        typer.Option(
            min=3, metavar="N", help="Number of generated scene images; ignored with --data."
        ),
    ] = 36,
    epochs: Annotated[
        int, typer.Option(min=1, metavar="N", help="Training epochs of the clickability network.")
    ] = 15,
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="Benchmark at most N held-out instances.")
    ] = 20,
    full: Annotated[
        bool, typer.Option("--full", help="Benchmark all held-out instances; ignores --limit.")
    ] = False,
    seed: Annotated[
        int,
        typer.Option(
            min=0, metavar="N", help="Seed of the scenes, the simulated clicks and the training."
        ),
    ] = 0,
    num_proc: NumProc = None,
) -> None:
    """Run the whole workflow once on simulated clicks.

    Simulates clicks, builds a dataset repo, trains a small clickability network, scores click
    models, benchmarks the segmenter GeoCut and writes an HTML report. Takes a few minutes on two
    CPU cores; the same command resumes a stopped run.
    """
    from rclicks_hf.demo import DemoSettings, run_demo

    settings = DemoSettings(
        data=data,
        out=out,
        full=full,
        num_proc=num_proc,
        seed=seed,
        scenes=scenes,
        epochs=epochs,
        instances=limit,
    )
    run_demo(settings)
