"""``rclicks check-segmenter``."""

from __future__ import annotations

from typing import Annotated

import typer

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
            help="geocut, a network as a folder or Hub id, or your own class as module:Class.",
        ),
    ],
) -> None:
    """Check whether the benchmark can use a segmenter.

    Runs the segmenter on small images and prints one row per check. The exit code is 1 if a check
    fails.
    """
    from rclicks_hf.segmenters.conformance import check_report

    text, ok = check_report(segmenter)
    typer.echo(text)
    if not ok:
        raise typer.Exit(1)
