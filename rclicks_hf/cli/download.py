"""``rclicks download``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.errors import RclicksError

EXAMPLES = """\b
Examples:
  rclicks download --list
  rclicks download clicks grabcut berkeley
  rclicks download clickability
  rclicks download results --out runs --dry-run
  rclicks download tetris --from ~/Downloads
"""


def complete_item(incomplete: str) -> list[str]:
    """Shell completion of the items."""
    from rclicks_hf.downloads.public_items import ITEMS

    return [name for name in (*ITEMS, "all") if name.startswith(incomplete)]


def download(
    items: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ITEM",
            help="What to download, one or more of clicks, grabcut, berkeley, davis, coco_mval, "
            "tetris, previous-masks, previews, clickability, saliency, results and segmenters, or "
            "all (everything but segmenters). See --list.",
            autocompletion=complete_item,
        ),
    ] = None,
    show: Annotated[
        bool,
        typer.Option(
            "--list", help="List the items with their size, licence and purpose, and exit."
        ),
    ] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder to download to. Default: the environment variable RCLICKS_CACHE, or the "
            "folder rclicks beside the Hub's cache.",
        ),
    ] = None,
    mirror: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="PLACE",
            help="Mirror: a folder or URL that holds the files under their published names. "
            "Default: the environment variable RCLICKS_MIRROR, or the published URLs.",
        ),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be downloaded, and exit.")
    ] = False,
) -> None:
    """Download public data, networks and results.

    Checks and unpacks archives, converts networks and imports results. The same command resumes an
    interrupted download. Files on Google Drive need: pip install "rclicks-hf[download]".
    """
    from rclicks_hf.downloads.preparing import download as download_all
    from rclicks_hf.downloads.preparing import list_items, plan

    if show:
        typer.echo(list_items())
    elif not items:
        raise RclicksError("ITEM: missing; name what to download, or see rclicks download --list")
    elif dry_run:
        typer.echo(plan(items, to=to, mirror=mirror))
    else:
        download_all(items, to=to, mirror=mirror, report=typer.echo)
