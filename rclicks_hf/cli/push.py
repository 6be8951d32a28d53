"""``rclicks push``."""

from __future__ import annotations

from collections.abc import Sequence
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
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KIND [FOLDER]...",
            help="What to push: dataset (a built dataset repo; default: the folder rclicks), model "
            "(a saved network with card, code and scores; default: the folder model), metrics (the "
            "nine evaluate modules, a Space each), results (folders of benchmark results, together "
            "one dataset repo) or space (the app, with results for its leaderboard). The short "
            "form is FOLDER REPO_ID.",
        ),
    ],
    repo: Annotated[
        str | None,
        typer.Option(
            "--repo",
            metavar="REPO_ID",
            help="Hub id, for example your-name/rclicks; for metrics your-name alone pushes all.",
        ),
    ] = None,
    kind: Annotated[
        RepoType | None,
        typer.Option(
            "--type",
            help="In the short form, the type of the Hub repo; metric modules are spaces. "
            "Default: found out from the files.",
        ),
    ] = None,
    private: Annotated[
        bool,
        typer.Option("--private", help="Make a new Hub repo private; refuse one that is public."),
    ] = False,
    revision: Annotated[
        str,
        typer.Option(
            "--revision", metavar="BRANCH", help="Branch; a new one begins at the main branch."
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

    What the Hub already has is not sent again: after an interruption, run the same command again.
    Data and weights that are no longer in the folder are deleted from the repo; anything else that
    was put there stays. Log in first with `hf auth login`.
    """
    from rclicks_hf.hub.push import push_folder, push_kind

    if words[0] in KINDS and (repo is not None or len(words) != 2):
        if repo is None:
            raise RclicksError(f"--repo is missing; give it, for example `{_example(words[0])}`")
        if kind is not None:
            raise RclicksError(f"--type {kind}: {words[0]} says that already; leave it out")
        for pushed in push_kind(
            words[0], repo, words[1:], private=private, revision=revision, dry_run=dry_run
        ):
            typer.echo(pushed)
        return
    folder, repo_id = _short_form(words)
    target = one_of_both(repo_id, repo, "--repo", "REPO_ID", _example("model"))
    typer.echo(
        push_folder(
            folder, target, repo_type=kind, private=private, revision=revision, dry_run=dry_run
        )
    )


def _short_form(words: Sequence[str]) -> tuple[str, str | None]:
    if len(words) > 2:
        raise RclicksError(f"{words[0]}: unknown kind of repo; choose {', '.join(KINDS)}")
    return words[0], words[1] if len(words) == 2 else None


def _example(kind: str) -> str:
    """The example of a kind, from `EXAMPLES`."""
    return next(line.strip() for line in EXAMPLES.splitlines() if f" push {kind} " in line)
