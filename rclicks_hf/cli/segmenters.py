"""``rclicks segmenters``."""

from __future__ import annotations

from typing import Annotated

import typer

from rclicks_hf.cli.options import TableFormat
from rclicks_hf.segmenters.methods import METHOD_FAMILIES

EXAMPLES = """\b
Examples:
  rclicks segmenters
  rclicks segmenters --family ritm
  rclicks segmenters --format json
"""


def segmenters(
    family: Annotated[
        str | None,
        typer.Option(
            "--family",
            metavar="NAME",
            help=f"List one family only: {', '.join(METHOD_FAMILIES)}.",
            autocompletion=lambda incomplete: [
                name for name in METHOD_FAMILIES if name.startswith(incomplete)
            ],
        ),
    ] = None,
    style: Annotated[
        TableFormat, typer.Option("--format", help="Format of the printed table.")
    ] = "text",
) -> None:
    """List the checkpoints of the segmenters in the paper.

    Prints for each one the family (for `rclicks convert`), training data, official file and
    licence.
    """
    from rclicks_hf.segmenters.method_tables import format_methods

    typer.echo(format_methods(family, style))
