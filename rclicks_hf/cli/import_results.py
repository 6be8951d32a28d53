"""``rclicks import-results``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import NumProc

EXAMPLES = """\b
Examples:
  rclicks import-results evaluation_results.zip --out runs/paper
  rclicks report runs/paper/* runs/mine --out leaderboard.html
"""


def import_results(
    archive: Annotated[
        Path,
        typer.Argument(
            metavar="ARCHIVE",
            help="The paper's evaluation_results.zip, or the folder it was unpacked to. Only "
            "numbers are read from it; none of its code runs.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder in which to create one results folder per method."
        ),
    ],
    num_proc: NumProc = None,
) -> None:
    """Import the per-click results that the paper published.

    Each of the 33 methods becomes a results folder that `rclicks report` shows beside your own
    runs. Missing parts of the archive are reported. The same command resumes a stopped import.
    """
    from rclicks_hf.benchmark.published.importing import import_results as import_all

    typer.echo(import_all(archive, out, num_proc=num_proc))
