"""``rclicks space``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import split_names

EXAMPLES = """\b
Examples:
  rclicks space
  rclicks space --repo rclicks --click-model clickability
  rclicks space --results runs/geocut --results runs/sam
  rclicks space --collect my-clicks --pictures pictures/Own --host 0.0.0.0
"""


def space(
    repo: Annotated[
        str | None,
        typer.Option(
            "--repo",
            metavar="REPO",
            help="Dataset repo to browse: a folder made by `rclicks build`, or a Hub id. Default: "
            "only the pictures that come with the package.",
        ),
    ] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Results folder of `rclicks benchmark` or `rclicks import-results` for the "
            "leaderboard; repeat the option for more.",
        ),
    ] = None,
    click_model: Annotated[
        list[str] | None,
        typer.Option(
            "--click-model",
            metavar="NAME",
            help="Click model beside UD and DT: the folder or Hub id of a network, or "
            "module:Class. Repeat the option or separate names with commas.",
        ),
    ] = None,
    segmenter: Annotated[
        list[str] | None,
        typer.Option(
            "--segmenter",
            metavar="NAME",
            help="Segmenter to click with: geocut, the folder or Hub id of a network, or "
            "module:Class. Repeat the option for more. Default: geocut.",
        ),
    ] = None,
    collect: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the clicks that visitors make on the page Collect; `rclicks "
            "export-clicks` makes a click table of them. Default: the page is a preview that keeps "
            "nothing.",
        ),
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Your pictures to collect clicks on: a folder Own with images/ and masks/ (white "
            "on black, same names), or the folder it is in. Default: the one of --collect.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address to serve on: 127.0.0.1 is this computer only, 0.0.0.0 is the network.",
        ),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="N", help="Port to serve on.")] = (
        7860
    ),
) -> None:
    """Explore and collect clicks in the browser.

    The app also has a leaderboard. Prints its address and serves it until Ctrl-C. It works offline.
    Needs gradio: pip install "rclicks-hf[space]".
    """
    from rclicks_hf.space.app import make_app
    from rclicks_hf.space.serving import require_free, serve, wait
    from rclicks_hf.space.settings import SpaceSettings

    settings = SpaceSettings(
        dataset=repo,
        results=tuple(map(str, results or ())),
        click_models=tuple(split_names(click_model or ())),
        segmenters=tuple(segmenter or ("geocut",)),
        collect=collect,
        pictures=pictures,
    )
    require_free(host, port)
    app = make_app(settings)
    typer.echo(f"{serve(app, host=host, port=port, block=False)} (Ctrl-C stops it)")
    wait(app)
