"""``rclicks convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import complete_network, one_of_both
from rclicks_hf.networks import NETWORKS

EXAMPLES = """\b
Examples:
  rclicks convert clickability clickability.pth model
  rclicks convert saliency TranSalNet_Res.pth --out saliency
"""


def convert(
    family: Annotated[
        str,
        typer.Argument(
            metavar="FAMILY",
            help=f"Network of the checkpoint: {', '.join(NETWORKS)}.",
            autocompletion=complete_network,
        ),
    ],
    checkpoint: Annotated[
        Path,
        typer.Argument(
            metavar="CHECKPOINT",
            help="Official checkpoint file; only tensors are read, none of its code runs.",
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
    """Convert an official checkpoint into a model folder.

    Prints the detected network and size, and which keys of the checkpoint were not used. The model
    folder can be loaded with `from_pretrained`.
    """
    from rclicks_hf.networks import convert_checkpoint

    example = f"rclicks convert {family} {checkpoint} {family}"
    made = Path(one_of_both(folder, out, "--out", "OUT", example))
    typer.echo(str(convert_checkpoint(family, checkpoint, made)))
    typer.echo(str(made))
