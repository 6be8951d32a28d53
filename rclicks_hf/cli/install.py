"""``rclicks install``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import RepoOption, one_of_both

EXAMPLES = """\b
Examples:
  rclicks install
  rclicks install builds/rclicks
"""


def install(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="REPO",
            help="Dataset repo: a folder made by `rclicks build`. Default: the folder rclicks, if "
            "there is one; otherwise only the metrics are installed.",
        ),
    ] = None,
    repo: RepoOption = None,
) -> None:
    """Make the dataset and the metrics loadable by name.

    After this, load_dataset("rclicks") and evaluate.load("rclicks_noc") work from any folder, also
    offline: the metric modules and the dataset repo are copied into the caches of `evaluate` and
    `datasets`.
    """
    from rclicks_hf.hub.install import install_all

    chosen = None
    if folder is not None or repo is not None:
        chosen = one_of_both(folder, repo, "--repo", "REPO", "rclicks install rclicks")
    typer.echo(install_all(chosen))
