"""``rclicks convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import Network, one_of_both

EXAMPLES = """\b
Examples:
  rclicks convert clickability clickability.pth model
  rclicks convert saliency TranSalNet_Res.pth --out saliency
"""


def convert(
    kind: Annotated[Network, typer.Argument(metavar="KIND", help="Network of the checkpoint.")],
    checkpoint: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT", help="Published .pth file; only tensors are read, no code runs."
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", help="Model folder to create; must not exist."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="The same as the argument OUT.")
    ] = None,
) -> None:
    """Convert a published checkpoint into a model folder.

    The folder can be loaded with `from_pretrained`.
    """
    from rclicks_hf.networks import convert_checkpoint

    example = f"rclicks convert {kind} {checkpoint} {kind}"
    made = Path(one_of_both(folder, out, "--out", "OUT", example))
    convert_checkpoint(kind, checkpoint, made)
    typer.echo(str(made))
