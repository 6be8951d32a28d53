"""``rclicks build``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import OnError
from rclicks_hf.errors import RclicksError

DOWNLOADS = Path("rclicks-files")

EXAMPLES = """\b
Examples:
  rclicks build --download --sources datasets
  rclicks build --clicks clicks.csv --sources datasets --out rclicks
  rclicks build --full-size-copy --out full-size-copy
"""


def build(
    clicks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Click table, clicks.csv. The split lists of TETRIS are read from its folder.",
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
            help="First download the published click table and split lists, into the folder of "
            f"--clicks (default: {DOWNLOADS}). Images must be downloaded manually.",
        ),
    ] = False,
    full_size_copy: Annotated[
        bool,
        typer.Option(
            "--full-size-copy",
            help="Build a full-size synthetic copy instead: simulated clicks, no images, exactly "
            "the published numbers of clicks and instances.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Seed of --full-size-copy.")] = 0,
    on_error: Annotated[
        OnError,
        typer.Option(
            help="At a line of the click table that cannot be read: stop, or skip it and list it "
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
        download=download,
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
    download: bool = False,
    copy_seed: int | None = None,
    skip_errors: bool = False,
) -> str:
    """Build a dataset repo, or with ``copy_seed`` the full-size synthetic copy; return a report."""
    from rclicks_hf.data.build.builder import build_from_files, check_out
    from rclicks_hf.data.download import FILES, download_files, manual_steps
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
    clicks = clicks or DOWNLOADS / FILES[0].name
    check_out(out, replace=replace)  # before minutes of download
    if download:
        if clicks.name != FILES[0].name and not clicks.exists():
            raise RclicksError(
                f"{clicks}: does not exist; --download fetches {FILES[0].name}, so name that file "
                "or omit --clicks"
            )
        download_files(clicks.parent)
    report = build_from_files(
        clicks, sources, out, on_error="skip" if skip_errors else "raise", replace=replace
    )
    return f"{report}\n{manual_steps()}" if download and sources is None else str(report)
