"""``rclicks report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rclicks_hf.cli.options import ReportFormat

EXAMPLES = """\b
Examples:
  rclicks report runs/geocut runs/sam --out report.html
  rclicks report runs/paper/* runs/mine --out leaderboard.html
  rclicks report runs/paper/* --paper-tables
  rclicks report runs/* --format latex --threshold 0.85 --out tables.tex
"""


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS",
            help="Results folders of `rclicks benchmark` and `rclicks evaluate-clicks`, one or "
            "more.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to write; an existing file is replaced. Default: report.html, or report "
            "with the extension of --format.",
        ),
    ] = None,
    format: Annotated[
        ReportFormat | None,
        typer.Option(
            help="Output format. Default: by the extension of --out (.html, .csv, .md, .tex), or "
            "html."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            metavar="IOU",
            help="IoU threshold of NoC and NoF, 0 to 1. Default: the protocol's, 0.9.",
        ),
    ] = None,
    repo: Annotated[
        str | None,
        typer.Option(
            metavar="REPO",
            help="Dataset repo that holds the images of the examples (html only): a folder made by "
            "`rclicks build`, or a Hub id. Default: the repo named in the results.",
        ),
    ] = None,
    eval_results: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also write the Hub's result files to this folder: .eval_results/*.yaml, "
            "eval.yaml.",
        ),
    ] = None,
    dataset_id: Annotated[
        str,
        typer.Option(metavar="HUB_ID", help="Hub id of the dataset repo, for --eval-results."),
    ] = "",
    dataset_revision: Annotated[
        str,
        typer.Option(
            metavar="COMMIT",
            help="Commit of the dataset repo, for --eval-results. Default: the commit named in the "
            "results, or the latest.",
        ),
    ] = "",
    source: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Web page that shows the results, for --eval-results. Default: the page of the "
            "dataset repo.",
        ),
    ] = "",
    paper_tables: Annotated[
        bool,
        typer.Option(
            "--paper-tables",
            help="Instead print the paper's Tables 4 and 9 to 12 from results of `rclicks "
            "import-results`, and mark values that differ from the published ones. The format is "
            "text, markdown or latex, by --format or the extension of --out.",
        ),
    ] = False,
) -> None:
    """Write results as an HTML page or as tables.

    Needs only the Parquet files of the results folders, not the models. If the dataset repo is
    available, the HTML page also shows the clicks on example instances. The exit code is 1 if all
    instances failed.
    """
    from rclicks_hf.report import write_report_file
    from rclicks_hf.report.write import (
        FORMATS,
        paper_tables_text,
        read_measured,
        report_format,
    )
    from rclicks_hf.support.files.atomic import atomic_file
    from rclicks_hf.support.provenance import command_line

    if paper_tables:
        text = paper_tables_text(results, format if out is None else report_format(out, format))
        if out is None:
            typer.echo(text)
        else:
            with atomic_file(out) as part:
                part.write_text(f"{text}\n", encoding="utf-8")
            typer.echo(out)
        return
    if out is None:
        out = Path("report").with_suffix(FORMATS[format or "html"])
    report_format(out, format)  # a wrong name is reported before the results are read
    measured = read_measured(results, threshold)
    typer.echo(
        write_report_file(
            measured,
            out,
            format=format,
            repo=repo,
            eval_results=eval_results,
            dataset_id=dataset_id,
            dataset_revision=dataset_revision,
            source=source,
            command=command_line(),
        )
    )
    if measured.all_failed:
        raise typer.Exit(1)
