"""`rclicks report`: reads results, writes them in one format, and says what was written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rclicks_hf.benchmark.failures import all_failed, failure_line
from rclicks_hf.errors import RclicksError
from rclicks_hf.report.from_results import report_data
from rclicks_hf.report.hub_results import write_hub_results
from rclicks_hf.report.numbers.click_model_results import (
    ClickModelResults,
    is_click_scores,
    read_score_folders,
)
from rclicks_hf.report.page import render
from rclicks_hf.report.page_data import ReportData
from rclicks_hf.report.results import Results, read_results
from rclicks_hf.report.tables.published_tables import check_paper_tables, plain_check
from rclicks_hf.report.tables.text_formats import (
    csv_scores,
    latex_tables,
    markdown_tables,
    report_tables,
)
from rclicks_hf.support.files.atomic import atomic_file
from rclicks_hf.support.text.names import names_of

#: Format -> file ending.
FORMATS: dict[str, str] = {"html": ".html", "csv": ".csv", "markdown": ".md", "latex": ".tex"}

_WRITERS: dict[str, Callable[[Results, ReportData], str]] = {
    "html": lambda results, data: render(data),
    "csv": lambda results, data: csv_scores(results, data.click_scores),
    "markdown": lambda results, data: markdown_tables(
        report_tables(data), data.title, data.warnings
    ),
    "latex": lambda results, data: latex_tables(report_tables(data), data.title, data.warnings),
}


@dataclass(frozen=True, eq=False)
class Measured:
    """What a report is made of: benchmark results and click-model scores, either may be empty."""

    results: Results
    click_scores: ClickModelResults

    @property
    def all_failed(self) -> bool:
        """True if there are benchmark results and none of their instances has numbers."""
        return all_failed(self.results.summary)


def read_measured(
    results: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    threshold: float | None = None,
) -> Measured:
    """Read folders of `rclicks benchmark` and `rclicks evaluate-clicks`; each file once."""
    paths: Sequence[str | os.PathLike[str]] = names_of(results)
    of_click_models = [path for path in paths if is_click_scores(path)]
    of_benchmarks = [path for path in paths if path not in of_click_models]
    scores = read_score_folders(*of_click_models)
    if of_click_models and not of_benchmarks:
        return Measured(Results([]), scores)
    return Measured(read_results(*of_benchmarks, threshold=threshold), scores)


def write_report_file(
    results: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | Measured,
    out: Path,
    *,
    format: str | None = None,
    threshold: float | None = None,
    repo: str | None = None,
    eval_results: Path | None = None,
    dataset_id: str = "",
    dataset_revision: str = "",
    source: str = "",
    command: str = "",
) -> str:
    """Write a report of benchmark results and click-model scores.

    Args:
        results: Folders of `rclicks benchmark` and `rclicks evaluate-clicks` in any order, or
            their Parquet files; one or several. Or what `read_measured` has read of them.
        out: File to write; an existing one is replaced.
        format: ``"html"``, ``"csv"``, ``"markdown"`` or ``"latex"``; None takes it from the ending
            of ``out``. An ending that no format has is accepted only with a format.
        threshold: IoU threshold of NoC and NoF; None takes the protocol's.
        repo: Dataset repo with the pictures of the examples; None takes the manifests'.
        eval_results: Folder for the Hub's result files; None writes none.
        dataset_id: Hub id of the dataset repo, for ``eval_results``.
        dataset_revision: Its commit, for results that do not know it; by default the newest.
        source: Address where the results can be seen; by default the page of the dataset repo.
        command: The command as typed.

    Returns:
        What was written and what was left out, one per line.

    Raises:
        RclicksError: If results are missing or do not belong together, an option is invalid, or a
            file cannot be written.

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
    name = report_format(out, format)
    given = results if isinstance(results, Measured) else read_measured(results, threshold)
    measured, scores = given.results, given.click_scores
    # Before the pictures are drawn, so that a mistake in these options is reported at once.
    hub = ""
    if eval_results is not None:
        hub = _write_hub(
            measured, eval_results, dataset_id, revision=dataset_revision, source=source
        )
    repos = _repos(measured, repo) if name == "html" else None
    data = report_data(measured, scores, command=command, repos=repos)
    text = _WRITERS[name](measured, data)
    with atomic_file(out) as part:
        part.write_text(text, encoding="utf-8")
    failed = failure_line(measured.summary) if given.all_failed else ""
    notes = [f"warning: {text}" for text in data.warnings]
    notes += [data.settings.get("Examples", ""), *_unfinished(measured, scores), failed]
    return "\n".join(line for line in (hub, *notes, str(out)) if line)


def paper_tables_text(results: Sequence[str | os.PathLike[str]], format: str | None = None) -> str:
    """The paper's tables from imported results, compared with the published values.

    Args:
        results: Folders of `rclicks import-results`; other results are left out.
        format: ``"markdown"`` or ``"latex"``; None gives plain text.

    Returns:
        The tables, then the number of cells that were compared and that differ.

    Raises:
        RclicksError: If none of the results are the paper's, or the format is another one.

    Example:
        >>> paper_tables_text(["nowhere"])
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: nowhere: does not exist; give a folder that `rclicks
        benchmark` made
    """
    written = {"markdown": markdown_tables, "latex": latex_tables}
    if format is not None and format not in written:
        raise RclicksError(f"--paper-tables: has no {format}; choose {', '.join(written)}")
    paths = [path for path in results if not is_click_scores(path)]
    check = check_paper_tables(read_results(*paths))
    if format is None:
        return plain_check(check)
    text = written[format](check.tables, "The paper's tables")
    comment = "% " if format == "latex" else "- "
    return f"{text}\n" + "\n".join(comment + line for line in check.summary.splitlines())


def _write_hub(results: Results, folder: Path, dataset_id: str, **of: str) -> str:
    if not results:
        raise RclicksError("--eval-results: needs results of `rclicks benchmark`; none are given")
    return write_hub_results(results, folder, dataset_id, **of)


def _unfinished(results: Results, scores: ClickModelResults) -> list[str]:
    """Notes on folders whose last run was stopped, so that the results are of the run before."""
    named = [
        (f"{manifest['segmenter']} on {manifest['dataset']}", manifest)
        for manifest in results.manifests
    ]
    named += [
        (f"click models on {', '.join(manifest['dataset'])}", manifest)
        for manifest in scores.manifests
    ]
    return [
        f"{name}: the last run has not finished; these results are from the run before it"
        for name, manifest in named
        if not manifest.get("is_finished", True)
    ]


def report_format(out: Path, format: str | None) -> str:
    """The format asked for, or that of the file's ending; never one under another's ending."""
    if format is not None and format not in FORMATS:
        raise RclicksError(f"{format}: unknown format; choose {', '.join(FORMATS)}")
    of_ending = next((name for name, end in FORMATS.items() if end == out.suffix.lower()), None)
    if format is None and of_ending is None:
        ending = f"ending {out.suffix} is unknown" if out.suffix else "it has no ending"
        raise RclicksError(f"{out}: {ending}; use {', '.join(FORMATS.values())}, or give --format")
    if None not in (format, of_ending) and format != of_ending:
        raise RclicksError(
            f"{out}: the ending is that of {of_ending}, the format is {format}; "
            f"end the name in {FORMATS[str(format)]}"
        )
    return str(format or of_ending)


def _repos(results: Results, repo: str | None) -> Mapping[str, str]:
    """Dataset -> its repo, from the option or the manifests."""
    if repo is not None:
        return {key.dataset: repo for key in results}
    return {
        manifest["dataset"]: manifest["repo"]
        for manifest in results.manifests
        if manifest.get("repo")
    }
