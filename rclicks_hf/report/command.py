"""What `rclicks report` does: read results, write them in one format, say what was written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rclicks_hf.errors import RclicksError
from rclicks_hf.report.from_results import Measured, measure_results, report_data
from rclicks_hf.report.hub_results import write_eval_results
from rclicks_hf.report.page import render
from rclicks_hf.report.page_data import ReportData
from rclicks_hf.report.tables.text_formats import (
    csv_scores,
    latex_tables,
    markdown_tables,
    report_tables,
)
from rclicks_hf.support.atomic import atomic_file

#: Name of a format -> ending of its files.
FORMATS: dict[str, str] = {"html": ".html", "csv": ".csv", "markdown": ".md", "latex": ".tex"}

_WRITERS: dict[str, Callable[[Measured, ReportData], str]] = {
    "html": lambda measured, data: render(data),
    "csv": lambda measured, data: csv_scores(measured.results, measured.scores, measured.threshold),
    "markdown": lambda measured, data: markdown_tables(report_tables(data), data.title),
    "latex": lambda measured, data: latex_tables(report_tables(data), data.title),
}


def write_report_file(
    results_paths: Sequence[str | os.PathLike[str]],
    out: Path,
    *,
    format: str | None = None,
    threshold: float | None = None,
    repo: str | None = None,
    eval_results: Path | None = None,
    dataset_id: str = "",
    command: str = "",
) -> str:
    """Write a report of benchmark results.

    Args:
        results_paths: Results folders, or their ``results.parquet``; at least one.
        out: File to write; an older one is replaced whole.
        format: One of `FORMATS`; None takes it from the ending of ``out``, else ``"html"``.
        threshold: IoU that NoC and NoF ask for; None takes the protocol's.
        repo: Dataset repo with the pictures of the examples; None takes the one that the
            manifests name.
        eval_results: Folder for the Hub's result files; None writes none.
        dataset_id: Hub id of the dataset repo, for ``eval_results``.
        command: The command as typed.

    Returns:
        What was written and what was left out, a line each.

    Raises:
        RclicksError: If there are no such results, an option is out of range, or a file cannot be
            written.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.benchmark.result_rows import ResultRow, write_part
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", False,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     _ = write_report_file([folder], Path(folder) / "r.md")
        ...     text = (Path(folder) / "r.md").read_text("utf-8")
        >>> text.splitlines()[0]
        '# RClicks benchmark'
    """
    name = _format(out, format)
    measured = measure_results(results_paths, threshold)
    # Before anything is drawn: a mistake in these options is told at once.
    hub = "" if eval_results is None else write_eval_results(measured, eval_results, dataset_id)
    repos = _repos(measured, repo) if name == "html" else None
    data = report_data(measured, command=command, repos=repos)
    text = _WRITERS[name](measured, data)
    with atomic_file(out) as part:
        part.write_text(text, encoding="utf-8")
    notes = [data.settings.get("Examples", ""), *_unfinished(measured)]
    return "\n".join(line for line in (hub, *notes, str(out)) if line)


def _unfinished(measured: Measured) -> list[str]:
    """Runs that were begun anew in their folder and stopped: what lies there is older."""
    return [
        f"{manifest['segmenter']} on {manifest['dataset']}: its last run has not finished; these "
        "are the results of the one before"
        for manifest in measured.manifests
        if not manifest.get("is_finished", True)
    ]


def _format(out: Path, format: str | None) -> str:
    if format is None:
        return next((name for name, end in FORMATS.items() if end == out.suffix.lower()), "html")
    if format not in FORMATS:
        raise RclicksError(f"{format}: no such format; choose {', '.join(FORMATS)}")
    return format


def _repos(measured: Measured, repo: str | None) -> Mapping[str, str]:
    """Dataset -> its repo, from the option or the manifests."""
    datasets = dict.fromkeys(key.dataset for key in measured.results)
    if repo is not None:
        return dict.fromkeys(datasets, repo)
    return {
        manifest["dataset"]: manifest["repo"]
        for manifest in measured.manifests
        if manifest.get("repo")
    }
