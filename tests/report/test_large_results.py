"""Clicks of large results are read when they are asked for, and are those that were read before."""

from __future__ import annotations

from pathlib import Path

import pytest

from rclicks_hf.benchmark.result_rows import ResultRow, write_part
from rclicks_hf.errors import RclicksError
from rclicks_hf.report import read_results, results


def _write(file: Path, iou: float) -> None:
    fields = ("grabcut", "a", "a", "test", "geocut", "ud", "base", False, "rclicks-1", "0")
    row = ResultRow(*fields, iou=[iou], boundary_iou=[0.5], x=[3], y=[4], is_positive=[True])
    write_part(file, [row])


def test_clicks_are_read_when_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _write(tmp_path / "results.parquet", 0.6)
    small = read_results(tmp_path)
    monkeypatch.setattr(results, "_LARGE", 0)
    large, changed = read_results(tmp_path), read_results(tmp_path)
    assert "x" not in large.summary.column_names
    assert large.table.equals(small.table)
    key = next(iter(large))
    assert large.rows_of(key, ["a"]) == small.rows_of(key, ["a"])
    _write(tmp_path / "results.parquet", 0.7)
    assert small.to_pandas()["iou"][0].tolist() == [0.6]
    with pytest.raises(RclicksError, match="has changed since it was read"):
        changed.to_pandas()
