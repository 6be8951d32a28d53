"""A page from a results file alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from rclicks_hf.benchmark.result_rows import ResultRow, rows_to_table
from rclicks_hf.benchmark.runs import RUNS
from rclicks_hf.errors import RclicksError
from rclicks_hf.report import ReportData, read_results, report_data, write_report


def _write(folder: Path, *methods: tuple[str, str, bool], failed: bool = False) -> Path:
    rows = []
    for click_model, dataset, simulated in methods:
        for i, stem in enumerate("abc"):
            for run in RUNS:
                bottom = 0.3 + 0.1 * i + 0.02 * RUNS.index(run)
                ious = [bottom, 0.9] if run == "user" else np.linspace(bottom, 0.95, 20).tolist()
                error = "Traceback: broken" if failed and stem == "c" else ""
                key = (dataset, stem, stem, "test", "geocut", click_model, run, simulated)
                rows.append(ResultRow(*key, "rclicks-1", "0123456789abcdef", ious, error=error))
    pq.write_table(rows_to_table(rows), folder / "results.parquet")
    return folder


def _data(folder: Path) -> ReportData:
    return report_data(read_results(folder))


def test_curves_and_points_are_the_means_of_the_instances(tmp_path: Path) -> None:
    data = _data(_write(tmp_path, ("network", "davis", False)))
    (curves,), (points,), (row,) = data.curves, data.scatter, data.benchmark_rows
    assert curves.label == "geocut, network, davis"
    assert list(curves.curves) == ["g1", "g10", "base"]
    assert curves.curves["base"][0] == pytest.approx(np.mean([0.3, 0.4, 0.5]))
    assert curves.curves["g10"][0] == pytest.approx(0.4 + 0.02 * RUNS.index("g10"))
    assert curves.curves["g1"].shape == (20,)
    first = 0.3 + 0.02 * RUNS.index("user")
    assert points.mean[0] == pytest.approx((first + 0.9) / 2)
    assert points.std[0] == pytest.approx((0.9 - first) / 2)
    assert points.nsr == pytest.approx(row.nsr)
    assert points.nsr == pytest.approx(100 * np.mean(points.std / points.mean))
    assert "rclicks-1" in data.settings["Protocol"]


def test_failed_instances_are_left_out(tmp_path: Path) -> None:
    data = _data(_write(tmp_path, ("network", "davis", False), failed=True))
    assert data.curves[0].curves["base"][0] == pytest.approx(0.35)
    assert len(data.scatter[0].mean) == 2
    assert data.benchmark_rows[0].failures == 1


def test_users_clicks_are_shown_once_however_many_click_models(tmp_path: Path) -> None:
    folder = _write(tmp_path, ("network", "davis", False), ("dt", "davis", False))
    data = _data(folder)
    assert len(data.curves) == len(data.benchmark_rows) == 2
    assert [points.label for points in data.scatter] == ["geocut, davis"]


@pytest.mark.usefixtures("undrawn")
def test_the_page_marks_what_is_simulated(tmp_path: Path) -> None:
    folder = _write(tmp_path, ("dt", "davis", False), ("dt", "simulated_scenes", True))
    page = write_report(_data(folder), tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Some of the clicks on this page" in page
    # A row of the main table and of five further ones; and of the second dataset the chart, its
    # numbers and the users' chart.
    assert page.count('<span class="mark">Simulated clicks</span>') == 6 + 3
    folder = _write(tmp_path, ("dt", "simulated_scenes", True))
    page = write_report(_data(folder), tmp_path / "r.html").read_text(encoding="utf-8")
    assert "No person clicked" in page


def test_absent_results_are_named_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="results"):
        write_report(_data(tmp_path / "nowhere"), tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []
