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
            "only the images that come with the package.",
        ),
    ] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            help="Results folder of `rclicks benchmark` or `rclicks import-results` for the "
            "leaderboard. Repeat the option for several.",
        ),
    ] = None,
    click_model: Annotated[
        list[str] | None,
        typer.Option(
            "--click-model",
            metavar="MODEL",
            help="Click model to show beside ud and dt: a clickability network as a folder or Hub "
            "id, or your own class as module:Class. Repeat the option or separate names with "
            "commas.",
        ),
    ] = None,
    segmenter: Annotated[
        list[str] | None,
        typer.Option(
            "--segmenter",
            metavar="SEGMENTER",
            help="Segmenter to try: geocut, a network as a folder or Hub id, an exported network "
            "as onnx:FOLDER, or your own class as module:Class. Repeat the option or separate "
            "names with commas. Default: geocut.",
        ),
    ] = None,
    collect: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder to record the clicks of the tab Collect in; `rclicks export-clicks` "
            "writes them to a click table. Default: the tab is a preview and records nothing.",
        ),
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Your images to collect clicks on: a folder Own with images/ and masks/ (white "
            "object on black, same file names), or its parent folder. Default: that of --collect.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="Address to serve on: 127.0.0.1 for this computer only, 0.0.0.0 for the network.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=1, max=65535, metavar="N", help="TCP port to serve on.")
    ] = (7860),
) -> None:
    """Explore and collect clicks in the browser.

    The app also has a leaderboard. Prints its address and serves it until Ctrl-C. Works offline.
    Needs gradio: pip install "rclicks-hf[space]".
    """
    from rclicks_hf.space.app import make_app
    from rclicks_hf.space.serving import require_free, serve, wait
    from rclicks_hf.space.settings import SpaceSettings

    settings = SpaceSettings(
        dataset=repo,
        results=tuple(map(str, results or ())),
        click_models=tuple(split_names(click_model or ())),
        segmenters=tuple(split_names(segmenter or ("geocut",))),
        collect=collect,
        pictures=pictures,
    )
    require_free(host, port)
    app = make_app(settings)
    typer.echo(f"{serve(app, host=host, port=port, block=False)} (Ctrl-C stops it)")
    wait(app)
