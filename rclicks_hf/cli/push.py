"""``rclicks push``."""

from __future__ import annotations

from typing import Annotated

import typer

from rclicks_hf.cli.options import RepoType, one_of_both
from rclicks_hf.errors import RclicksError

EXAMPLES = """\b
Examples:
  rclicks push dataset rclicks --repo your-name/rclicks --dry-run
  rclicks push model model --repo your-name/clickability --private
  rclicks push metrics --repo your-name
  rclicks push results runs/a runs/b --repo your-name/results
  rclicks push space runs/a runs/b --repo your-name/rclicks-app
"""
# Keys of `rclicks_hf.hub.push.KINDS`, which takes seconds to import.
KINDS = ("dataset", "model", "metrics", "results", "space")


def push(
    what: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            autocompletion=lambda incomplete: [k for k in KINDS if k.startswith(incomplete)],
            help="dataset (a built dataset repo), model (a model folder with its card, code and "
            "scores), metrics (the nine evaluate modules, one Space each), results (results "
            "folders, as one dataset repo) or space (the app, with results for its leaderboard). "
            "Short form: `rclicks push FOLDER REPO_ID`.",
        ),
    ],
    folders: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FOLDER",
            help="Folders to push. Default: the folder rclicks for dataset, the folder model for "
            "model, all modules for metrics.",
        ),
    ] = None,
    repo: Annotated[
        str | None,
        typer.Option(
            "--repo",
            metavar="REPO_ID",
            help="Hub repo to push to, for example your-name/rclicks; for metrics just your-name.",
        ),
    ] = None,
    kind: Annotated[
        RepoType | None,
        typer.Option(
            "--type",
            help="Type of the Hub repo, in the short form only; a metric module is a space. "
            "Default: detected from the files.",
        ),
    ] = None,
    private: Annotated[
        bool,
        typer.Option(
            "--private", help="Create a private Hub repo; refuse to push to an existing public one."
        ),
    ] = False,
    revision: Annotated[
        str,
        typer.Option(
            "--revision", metavar="BRANCH", help="Branch to push to; a new branch starts from main."
        ),
    ] = "main",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only list what would be added (+), changed (~) and deleted (-)."
        ),
    ] = False,
) -> None:
    """Upload to the Hub, one commit per repo.

    Log in first with `hf auth login`. Files that the Hub already has are not uploaded again, so run
    the same command after an interruption. Data and weights that are no longer in the folder are
    deleted from the repo; all other files in the repo are kept.
    """
    from rclicks_hf.hub.push import push_folder, push_kind

    rest = folders or []
    if what in KINDS and (repo is not None or len(rest) != 1):
        if repo is None:
            raise RclicksError(f"--repo is missing; give it, for example `{_example(what)}`")
        if kind is not None:
            raise RclicksError(f"--type {kind}: {what} already says that; omit it")
        for pushed in push_kind(
            what, repo, rest, private=private, revision=revision, dry_run=dry_run
        ):
            typer.echo(pushed)
        return
    if len(rest) > 1:
        raise RclicksError(f"{what}: unknown kind of repo; choose {', '.join(KINDS)}")
    target = one_of_both(
        rest[0] if rest else None, repo, "--repo", "REPO_ID", "rclicks push model your-name/model"
    )
    typer.echo(
        push_folder(
            what, target, repo_type=kind, private=private, revision=revision, dry_run=dry_run
        )
    )


def _example(kind: str) -> str:
    """The example of a kind, from `EXAMPLES`."""
    return next(line.strip() for line in EXAMPLES.splitlines() if f" push {kind} " in line)
