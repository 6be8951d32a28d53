"""A report from benchmark results alone: table, curves and users' first clicks, no gallery."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from rclicks_hf.benchmark.method_results import MethodResults, load_results
from rclicks_hf.benchmark.report.data import CURVE_RUNS, IoUCurves, ReportData, UserScatter
from rclicks_hf.benchmark.report.page import write_report
from rclicks_hf.benchmark.results import read_results
from rclicks_hf.benchmark.tables import benchmark_table
from rclicks_hf.metrics import nsr
from rclicks_hf.metrics.click_counts import THRESHOLD


def report_from_results(
    results_paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    title: str = "RClicks benchmark",
    command: str = "",
) -> Path:
    """Write the page of one or more benchmark runs.

    Args:
        results_paths: Results folders, or their ``results.parquet``; at least one.
        out: HTML file; an older one is replaced whole.
        title: Heading of the page.
        command: The command that made the results, as typed.

    Returns:
        ``out`` as a path.

    Raises:
        RclicksError: If there are no such results, or ``out`` cannot be written.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.benchmark.results import ResultRow, write_part
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", True,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     page = report_from_results([folder], Path(folder) / "report.html", title="GeoCut")
        ...     text = page.read_text("utf-8")
        >>> "<h1>GeoCut</h1>" in text, "0.950" in text, "Simulated clicks" in text
        (True, True, True)
    """
    return write_report(report_data_from_results(results_paths, title=title, command=command), out)


def report_data_from_results(
    results_paths: Sequence[str | os.PathLike[str]],
    *,
    title: str = "RClicks benchmark",
    command: str = "",
    settings: Mapping[str, str] | None = None,
) -> ReportData:
    """What a report can show of benchmark results alone.

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
        >>> from rclicks_hf.benchmark.results import ResultRow, write_part
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", False,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     data = report_data_from_results([folder], settings={"Cores": "2"})
        >>> data.curves[0].label, data.curves[0].curves["base"].tolist()
        ('geocut, ud, grabcut', [0.6, 0.95])
        >>> data.settings, data.benchmark_rows[0].baseline_noc
        ({'Cores': '2', 'Protocol': 'rclicks-1, digest 0'}, 2.0)
    """
    results = load_results(*map(Path, results_paths))
    rows = benchmark_table(results)
    return ReportData(
        title=title,
        is_simulated=bool(rows) and all(row.is_simulated for row in rows),
        command=command,
        settings={**(settings or {}), "Protocol": _protocol(Path(results_paths[0]))},
        benchmark_rows=rows,
        curves=[curves for method in results.values() if (curves := _curves(method))],
        scatter=_scatter(results.values()),
    )


def _protocol(results_path: Path) -> str:
    """The protocol of a run; `load_results` refuses runs of different ones."""
    row = read_results(results_path).select(["protocol_id", "protocol_digest"]).slice(0, 1)
    return ", digest ".join(str(column[0])[:12] for column in row.columns)


def _curves(method: MethodResults) -> IoUCurves | None:
    curves = {
        run: np.mean(np.stack(method.ious[run]), axis=0)
        for run in CURVE_RUNS
        if method.ious.get(run)
    }
    label = ", ".join(part for part in method.key if part)
    return IoUCurves(label, curves, THRESHOLD, method.is_simulated) if curves else None


def _scatter(methods: Iterable[MethodResults]) -> list[UserScatter]:
    """One a segmenter and dataset: users' own clicks do not depend on the click model."""
    charts: dict[tuple[str, str], UserScatter] = {}
    for method in methods:
        users = [ious for ious in method.user_ious if len(ious)]
        place = (method.key.segmenter, method.key.dataset)
        if users and place not in charts:
            charts[place] = UserScatter(
                ", ".join(place),
                np.array([np.mean(ious) for ious in users]),
                np.array([np.std(ious) for ious in users]),
                nsr(users),
                method.is_simulated,
            )
    return list(charts.values())
