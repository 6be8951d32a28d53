"""``rclicks export-clicks``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXAMPLES = """\b
Examples:
  rclicks export-clicks study --out clicks.csv
  rclicks build --clicks clicks.csv --sources study --out own
"""


def export_clicks(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder given to `rclicks space --collect`."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Click table to create (CSV).")] = Path(
        "clicks.csv"
    ),
) -> None:
    """Write collected clicks to a click table.

    `rclicks build` reads the table. Its additional columns are annotator (a pseudonym, which cannot
    be used to resume a session), pointer, display_mode and response_ms. The app may keep running.
    """
    from rclicks_hf.space.collect.clicks import export_clicks as export

    typer.echo(export(folder, out))
