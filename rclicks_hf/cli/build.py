"""``rclicks build``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import OnError, complete_names, split_names
from rclicks_hf.errors import RclicksError

EXAMPLES = """\b
Examples:
  rclicks build --download
  rclicks build --download --with tetris,previous-masks
  rclicks build --clicks clicks.csv --sources datasets --out rclicks
  rclicks build --full-size-copy --out full-size-copy
"""

_MORE = ("tetris", "previous-masks")  # what --with is for


def build(
    clicks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Click table (clicks.csv). The train and validation lists of TETRIS are read from "
            "the same folder.",
        ),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder with one subfolder per source dataset (GrabCut/, Berkeley/, ...). "
            "Default: build without images.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Dataset repo to create.")] = Path(
        "rclicks"
    ),
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Replace an earlier build in --out; other folders are refused."
        ),
    ] = False,
    download: Annotated[
        bool,
        typer.Option(
            "--download",
            help="First download what is missing: the click table and, without --sources, the "
            "images of grabcut, berkeley, davis and coco_mval (see `rclicks download --list`).",
        ),
    ] = False,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="ITEM",
            autocompletion=lambda incomplete: complete_names(incomplete, _MORE),
            help="With --download, also download tetris (6.3 GB) or previous-masks. Repeat the "
            "option or separate names with commas.",
        ),
    ] = None,
    mirror: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="PLACE",
            help="With --download, a mirror: a folder or URL that holds the files under their "
            "published names.",
        ),
    ] = "",
    full_size_copy: Annotated[
        bool,
        typer.Option(
            "--full-size-copy",
            help="Instead build a full-size synthetic copy: simulated clicks without images, in "
            "exactly the published numbers of clicks and instances.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of --full-size-copy.")] = 0,
    on_error: Annotated[
        OnError,
        typer.Option(
            help="What to do with an invalid row of the click table: stop, or skip it and list it "
            "in rejected.parquet."
        ),
    ] = "stop",
) -> None:
    """Build the dataset repo from clicks and images.

    The repo holds Parquet files and a dataset card. Afterwards load_dataset("rclicks", ...) and
    evaluate.load("rclicks_noc") work in the folder that holds the repo; `rclicks install` makes
    them work everywhere.
    """
    from rclicks_hf.hub.install import install_metrics

    report = build_repo(
        clicks,
        sources,
        out,
        replace=replace,
        download=["clicks", *split_names(more or [])] if download else [],
        mirror=mirror,
        copy_seed=seed if full_size_copy else None,
        skip_errors=on_error == "skip",
    )
    typer.echo(report)
    # Beside a build, load_dataset("rclicks") works by name; the metrics should work there too.
    try:
        install_metrics()
    except RclicksError as error:  # the dataset itself is complete
        typer.echo(f"rclicks: {' '.join(str(error).split())}", err=True)


def build_repo(
    clicks: Path | None,
    sources: Path | None,
    out: Path,
    *,
    replace: bool = False,
    download: Sequence[str] = (),
    mirror: str = "",
    copy_seed: int | None = None,
    skip_errors: bool = False,
) -> str:
    """Build a dataset repo, or with ``copy_seed`` the full-size synthetic copy; return a report.

    ``download`` names the items to fetch first, the click table among them.
    """
    from rclicks_hf.data.build.builder import build_from_files, check_out
    from rclicks_hf.simulation import build_full_size_copy

    if copy_seed is not None:
        if clicks or sources or download:
            raise RclicksError(
                "--full-size-copy: reads no files; omit --clicks, --sources and --download"
            )
        return str(build_full_size_copy(out, seed=copy_seed, replace=replace))
    if clicks is None and not download:
        raise RclicksError(
            "--clicks: missing; give clicks.csv, or --download to fetch it, or --full-size-copy "
            "for simulated clicks"
        )
    check_out(out, replace=replace)  # before minutes of download
    if download:
        clicks, sources = _fetch(clicks, sources, download, mirror)
    assert clicks is not None
    report = build_from_files(
        clicks, sources, out, on_error="skip" if skip_errors else "raise", replace=replace
    )
    return str(report)


def _fetch(
    clicks: Path | None, sources: Path | None, items: Sequence[str], mirror: str
) -> tuple[Path, Path]:
    """Download what was not given; the click table and the folder of the sources."""
    from rclicks_hf.data.public_files import FILES
    from rclicks_hf.downloads.preparing import download, total_size
    from rclicks_hf.downloads.public_items import SMALL_SOURCES
    from rclicks_hf.support.files.download_folder import download_folder

    folder = clicks.parent if clicks else download_folder()
    if clicks and clicks.name != FILES[0].name and not clicks.exists():
        raise RclicksError(
            f"{clicks}: does not exist; --download fetches {FILES[0].name}, so name that file or "
            "omit --clicks"
        )
    if sources is None:
        items = [*items, *SMALL_SOURCES]
    elif len(items) > 1:
        raise RclicksError("--with: fetches images; omit --sources, or download them there first")
    typer.echo(f"fetching {', '.join(items)}: at most {total_size(items)}, to {folder}")
    download(items, to=folder, mirror=mirror, report=typer.echo)
    return clicks or folder / FILES[0].name, sources or folder
