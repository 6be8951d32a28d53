"""What is said of failed instances: how many, the error, and where in the user's code it is."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rclicks_hf.benchmark import ResultRow
from rclicks_hf.benchmark.failures import all_failed, error_line, failure_line
from rclicks_hf.benchmark.result_rows import read_result_table, write_part

ROW = ResultRow("davis", "a", "a", "test", "sam", "ud", "base", False, "rclicks-1", "0", iou=[0.5])


def table(folder: Path, *rows: ResultRow) -> pa.Table:
    write_part(folder / "results.parquet", rows)
    return read_result_table(folder)


def recorded(code: str, file: str) -> str:
    try:
        exec(compile(code, file, "exec"), {"np": np})
    except Exception:
        return traceback.format_exc()
    raise AssertionError


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1\nraise RuntimeError('no such\\n  layer')", "RuntimeError: no such layer"),
        ("\nnp.concatenate([np.linalg.inv(np.zeros((2, 3)))])", "numpy.linalg.LinAlgError: Last 2"),
        ("\nraise KeyError", "KeyError"),
        ("\nraise ValueError('x' * 900)", "ValueError: xxx"),
    ],
)
def test_the_place_is_in_the_users_code(code: str, said: str) -> None:
    line = error_line(recorded(code, "/home/me/disk.py"))
    assert line.startswith(said)
    assert line.endswith("(/home/me/disk.py, line 2)")
    assert "\n" not in line
    assert len(line) < 200


def test_counts(tmp_path: Path) -> None:
    error = recorded("raise ValueError('small')", "disk.py")
    broken = replace(ROW, iou=[], error=error)
    none = table(tmp_path / "0", ROW)
    some = table(tmp_path / "1", ROW, replace(broken, full_stem="b"))
    every = table(tmp_path / "2", broken, replace(broken, full_stem="b"), replace(broken, run="g1"))
    assert [all_failed(one) for one in (none, some, every)] == [False, False, True]
    assert failure_line(none) == ""
    assert failure_line(some) == "1 of 2 failed, first b: ValueError: small (disk.py, line 1)"
    assert failure_line(every) == "all 2 failed, first a: ValueError: small (disk.py, line 1)"
    other = table(tmp_path / "3", broken, replace(ROW, segmenter="disk"))
    assert not all_failed(other)
