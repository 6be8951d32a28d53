"""``rclicks verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import RepoOption, one_of_both

EXAMPLES = """\b
Example:
  rclicks verify rclicks
"""


def verify(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="REPO", help="Dataset repo to check: a folder made by `rclicks build`."
        ),
    ] = None,
    repo: RepoOption = None,
) -> None:
    """Check a built dataset repo; exit code 1 if a check fails.

    Compares the numbers of clicks and instances with the published ones, checks file digests and
    references between tables, and counts known irregularities, such as clicks outside their image.
    """
    from rclicks_hf.data.build.verify import format_checks, verify_dataset

    checks = verify_dataset(
        Path(one_of_both(folder, repo, "--repo", "REPO", "rclicks verify rclicks"))
    )
    typer.echo(format_checks(checks))
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)
