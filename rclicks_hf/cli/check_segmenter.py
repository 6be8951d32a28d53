"""``rclicks check-segmenter``."""

from __future__ import annotations

from typing import Annotated

import typer

from rclicks_hf.cli.options import BatchSize, Device, Dtype

EXAMPLES = """\b
Examples:
  rclicks check-segmenter disk:Disk
  rclicks check-segmenter facebook/sam-vit-base
"""


def check_segmenter(
    segmenter: Annotated[
        str,
        typer.Argument(
            metavar="SEGMENTER",
            help="Segmenter to check: geocut, a network as a folder or Hub id, an exported network "
            "as onnx:FOLDER, or your own class as module:Class.",
        ),
    ],
    device: Device = "auto",
    dtype: Dtype = "float32",
    batch_size: BatchSize = None,
) -> None:
    """Check whether the benchmark can use a segmenter.

    Runs the segmenter on small images and prints one row per check. The exit code is 1 if a check
    fails.
    """
    from rclicks_hf.segmenters.conformance import check_report

    text, ok = check_report(segmenter, device=device, dtype=dtype, batch_size=batch_size)
    typer.echo(text)
    if not ok:
        raise typer.Exit(1)
