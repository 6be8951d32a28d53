"""A report from benchmark results alone: tables, curves, users' first clicks, examples."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rclicks_hf.benchmark.manifest import read_run
from rclicks_hf.benchmark.result_rows import read_results
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import MANIFEST
from rclicks_hf.metrics import nsr
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.numbers.method_results import MethodResults, Results, load_results
from rclicks_hf.report.numbers.scoring import score_all, users_over_methods
from rclicks_hf.report.page import write_report
from rclicks_hf.report.page_data import CURVE_RUNS, IoUCurves, ReportData, UserScatter
from rclicks_hf.report.pictures.examples import load_examples
from rclicks_hf.report.tables.benchmark_rows import benchmark_table
from rclicks_hf.report.tables.score_cells import ScoresByMethod, by_dataset
from rclicks_hf.report.tables.supplement import supplement
from rclicks_hf.report.tables.timing import timing_tables


@dataclass(frozen=True, eq=False)
class Measured:
    """Results with all their numbers.

    Attributes:
        paths: What was read.
        results: By method and dataset.
        scores: All numbers of every method.
        threshold: IoU that NoC and NoF asked for.
        protocol: Id and digest of the protocol, for people.
        manifests: Of the folders that have one.

    Example:
        >>> Measured((), Results([]), {}, 0.9, "rclicks-1", ()).threshold
        0.9
    """

    paths: tuple[Path, ...]
    results: Results
    scores: ScoresByMethod
    threshold: float
    protocol: str
    manifests: tuple[Mapping[str, Any], ...]


def measure_results(
    results_paths: Sequence[str | os.PathLike[str]], threshold: float | None = None
) -> Measured:
    """Read results and compute all their numbers, with intervals.

    Args:
        results_paths: Results folders, or their ``results.parquet``; at least one.
        threshold: IoU that NoC and NoF ask for, in (0, 1]; None takes the protocol's.

    Returns:
        The results and their numbers.

    Raises:
        RclicksError: If there are no such results, they do not belong together, or the threshold
            is out of range.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.benchmark.result_rows import ResultRow, write_part
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", False,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     measured = measure_results([folder], threshold=0.5)
        >>> [scores["base_noc"].value for scores in measured.scores.values()]
        [1.0]
    """
    paths = tuple(map(Path, results_paths))
    results = load_results(*paths)
    manifests = tuple(found for path in paths if (found := _manifest(path)) is not None)
    if threshold is None:
        protocols = (manifest["protocol"].get("noc_threshold") for manifest in manifests)
        threshold = next(protocols, None) or THRESHOLD
    if not isinstance(threshold, int | float | np.floating) or not 0 < threshold <= 1:
        raise RclicksError(f"threshold: an IoU in (0, 1], got {threshold}")
    threshold = float(threshold)
    scores = {key: score_all(method, threshold) for key, method in results.items()}
    return Measured(paths, results, scores, threshold, _protocol(paths[0]), manifests)


def _manifest(path: Path) -> dict[str, Any] | None:
    folder = path if path.is_dir() else path.parent
    if not (folder / MANIFEST).is_file():
        return None
    return read_run(folder)


def report_from_results(
    results_paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    title: str = "RClicks benchmark",
    command: str = "",
    threshold: float | None = None,
) -> Path:
    """Write the page of one or more benchmark runs.

    Args:
        results_paths: Results folders, or their ``results.parquet``; at least one.
        out: HTML file; an older one is replaced whole.
        title: Heading of the page.
        command: The command that made the results, as typed.
        threshold: IoU that NoC and NoF ask for; None takes the protocol's.

    Returns:
        ``out`` as a path.

    Raises:
        RclicksError: If there are no such results, or ``out`` cannot be written.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.benchmark.result_rows import ResultRow, write_part
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", True,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     page = report_from_results([folder], Path(folder) / "report.html", title="GeoCut")
        ...     text = page.read_text("utf-8")
        >>> "<h1>GeoCut</h1>" in text, "0.950" in text, "Simulated clicks" in text
        (True, True, True)
    """
    measured = measure_results(results_paths, threshold)
    return write_report(report_data(measured, title=title, command=command), out)


def report_data_from_results(
    results_paths: Sequence[str | os.PathLike[str]],
    *,
    title: str = "RClicks benchmark",
    command: str = "",
    settings: Mapping[str, str] | None = None,
) -> ReportData:
    """What a report can show of benchmark results alone, at the protocol's threshold.

    Args:
        results_paths: Results folders, or their ``results.parquet``; at least one.
        title: Heading of the page.
        command: The command that made the results, as typed.
        settings: Name -> value, shown beside the protocol's id and digest.

    Returns:
        The data; `dataclasses.replace` adds click scores and a gallery.

    Raises:
        RclicksError: If there are no such results.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.benchmark.result_rows import ResultRow, write_part
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", False,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     data = report_data_from_results([folder], settings={"Cores": "2"})
        >>> data.curves[0].label, data.curves[0].curves["base"].tolist()
        ('geocut, ud, grabcut', [0.6, 0.95])
        >>> data.settings["Protocol"], data.benchmark_rows[0].baseline_noc
        ('rclicks-1, digest 0', 2.0)
    """
    measured = measure_results(results_paths)
    return report_data(measured, title=title, command=command, settings=settings)


def report_data(
    measured: Measured,
    *,
    title: str = "RClicks benchmark",
    command: str = "",
    settings: Mapping[str, str] | None = None,
    repos: Mapping[str, str] | None = None,
) -> ReportData:
    """What a report shows of measured results.

    Args:
        measured: From `measure_results`.
        title: Heading of the page.
        command: The command that made the results, as typed.
        settings: Name -> value, shown beside the protocol and the threshold.
        repos: Dataset -> dataset repo with the pictures of the examples; None shows none.

    Returns:
        The data of the page.

    Raises:
        RclicksError: If the results cannot be read again.

    Example:
        >>> report_data(Measured((), Results([]), {}, 0.9, "rclicks-1", ())).settings["Threshold"]
        'IoU 0.9'
    """
    results, threshold = measured.results, measured.threshold
    rows = benchmark_table(results, threshold)
    fingerprints = {
        (manifest["dataset"], manifest["split"]): manifest["dataset_fingerprint"]
        for manifest in measured.manifests
    }
    examples, note = (
        ([], "")
        if repos is None
        else load_examples(results, measured.paths, threshold, repos, fingerprints)
    )
    shown = {"Protocol": measured.protocol, "Threshold": f"IoU {threshold:g}"}
    return ReportData(
        title=title,
        is_simulated=bool(rows) and all(row.is_simulated for row in rows),
        command=command,
        settings={**(settings or {}), **shown, **({"Examples": note} if note else {})},
        benchmark_rows=rows,
        supplement=[
            *supplement(results, measured.scores, threshold),
            *timing_tables(measured.paths),
        ],
        curves=[made for method in results.values() if (made := _curves(method, threshold))],
        scatter=_scatter(results),
        examples=examples,
    )


def _protocol(results_path: Path) -> str:
    """The protocol of a run; `load_results` refuses runs of different ones."""
    row = read_results(results_path).select(["protocol_id", "protocol_digest"]).slice(0, 1)
    return ", digest ".join(str(column[0])[:12] for column in row.columns)


def _curves(method: MethodResults, threshold: float) -> IoUCurves | None:
    curves = {
        run: np.mean(np.stack(method.ious[run]), axis=0)
        for run in CURVE_RUNS
        if method.ious.get(run)
    }
    label = ", ".join(part for part in method.key if part)
    return IoUCurves(label, curves, threshold, method.is_simulated) if curves else None


def _scatter(results: Results) -> list[UserScatter]:
    """One a dataset, over its segmenters: users' own clicks do not depend on the click model."""
    charts = []
    for dataset, methods in by_dataset(results).items():
        with_users = [method for method in methods if any(map(len, method.user_ious))]
        once = list({method.key.segmenter: method for method in with_users}.values())
        users = list(users_over_methods(once).values()) if once else []
        if users:
            several = f"{dataset}, mean of {len(once)} segmenters"
            charts.append(
                UserScatter(
                    several if len(once) > 1 else f"{once[0].key.segmenter}, {dataset}",
                    np.array([np.mean(ious) for ious in users]),
                    np.array([np.mean(np.std(ious, axis=1)) for ious in users]),
                    nsr(users),
                    any(method.is_simulated for method in once),
                )
            )
    return charts
