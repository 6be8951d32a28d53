"""``rclicks push``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import RepoType, one_of_both

EXAMPLES = """\b
Examples:
  rclicks push rclicks your-name/rclicks
  rclicks push model your-name/clickability --private
"""


def push(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="Dataset repo, model folder or metric module to upload."
        ),
    ],
    repo_id: Annotated[
        str | None, typer.Argument(metavar="REPO_ID", help="Hub id, for example your-name/rclicks.")
    ] = None,
    repo: Annotated[
        str | None,
        typer.Option("--repo", metavar="REPO_ID", help="The same as the argument REPO_ID."),
    ] = None,
    kind: Annotated[
        RepoType | None,
        typer.Option(
            "--type",
            help="Type of the Hub repo; metric modules are spaces. Default: found out from the "
            "files.",
        ),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="If the Hub repo is new, make it private.")
    ] = False,
) -> None:
    """Upload a folder to the Hub in one commit.

    Log in first with `hf auth login`.
    """
    from rclicks_hf.hub.push import push_folder

    example = "rclicks push model your-name/clickability"
    target = one_of_both(repo_id, repo, "--repo", "REPO_ID", example)
    typer.echo(push_folder(folder, target, repo_type=kind, private=private))
