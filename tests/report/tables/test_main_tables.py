"""What the tables say: groups, the best values, how numbers are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rclicks_hf.report import ClickModelRow, IoUCurves, ReportData
from rclicks_hf.report.tables.main_tables import (
    benchmark_table_view,
    click_score_table,
    curve_table,
)
from rclicks_hf.report.tables.number_format import ABSENT, number, scale_of

A = ClickModelRow("A", "d", 10, ks=0.1, pl1=0.4, wd=0.2, nss=3.0, pde=2e-4)
B = ClickModelRow("B", "d", 10, ks=0.3, pl1=0.5, wd=0.1, nss=2.0, pde=1e-4)


def _best(scores: list[ClickModelRow], dataset: str = "d") -> list[list[bool]]:
    rows = click_score_table(scores).groups[dataset]
    return [[cell.is_best for cell in row.cells[2:]] for row in rows]


def test_the_best_follows_each_metrics_direction() -> None:
    assert _best([A, B]) == [[False, True, False, True, True], [True, False, True, False, False]]


def test_models_printed_alike_are_equally_good() -> None:
    close = replace(A, click_model="C", ks=0.10004, nss=3.1)
    assert _best([A, close, B]) == [
        [False, True, False, False, True],
        [False, True, False, True, True],
        [True, False, True, False, False],
    ]


def test_where_all_are_printed_alike_none_is_marked() -> None:
    assert _best([A, replace(A, click_model="C")]) == [[False] * 5] * 2


def test_a_model_alone_and_a_missing_number_are_not_the_best() -> None:
    assert _best([A]) == [[False] * 5]
    holes = replace(B, ks=float("nan"), pde=float("nan"))
    assert _best([A, holes])[1] == [False, False, True, False, False]
    assert [cell.text for cell in click_score_table([A, holes]).groups["d"][1].cells][2] == ABSENT


def test_the_best_is_told_for_each_dataset() -> None:
    other = replace(A, dataset="e"), replace(B, dataset="e", ks=0.0)
    table = click_score_table([A, other[0], B, other[1]])
    assert list(table.groups) == ["d", "e"]
    assert _best([A, other[0], B, other[1]], "e")[0][0]
    assert not _best([A, other[0], B, other[1]], "d")[0][0]


def test_small_probabilities_are_scaled_and_the_head_says_so() -> None:
    table = click_score_table([A, B])
    assert table.heads[-1] == ("PDE ×10⁻⁴\N{NO-BREAK SPACE}↑", True)
    assert [row.cells[-1].text for row in table.groups["d"]] == ["2.000", "1.000"]


def test_benchmark_rows_are_written_with_two_decimals(
    make_report: Callable[..., ReportData],
) -> None:
    table = benchmark_table_view(make_report().benchmark_rows)
    assert list(table.groups) == ["scenes"]
    row = table.groups["scenes"][0]
    texts = dict(
        zip(
            (head.replace("\xa0", " ") for head, _ in table.heads),
            (c.text for c in row.cells),
            strict=True,
        )
    )
    assert row.is_simulated
    assert texts["Segmenter"] == "geocut"
    assert texts["Failures"] == "1"
    assert texts["Sample NoC ↓"] == "6.41 ± 1.12"
    assert texts["Baseline NoC ↓"] == "5.25"
    assert texts["NoF ↓"] == "2.5"
    assert texts["ΔSB % ↓"] == "−18.30"
    assert texts["NSR % ↓"] == "16.42"


def test_curve_numbers_keep_the_order_of_the_legend() -> None:
    table = curve_table(IoUCurves("a", {"base": np.array([0.5]), "g1": np.array([0.25])}))
    assert [[cell.text for cell in row.cells] for row in table.groups[""]] == [
        ["G1, least likely clicks", "0.250"],
        ["Baseline", "0.500"],
    ]


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_written_number_reads_back(value: float, digits: int) -> None:
    assert float(number(value, digits).replace("−", "-")) == pytest.approx(
        value, abs=0.5000001 * 10.0**-digits
    )


@given(st.lists(st.floats(1e-9, 10.0), min_size=1))
def test_scaled_values_have_a_digit_before_the_point(values: list[float]) -> None:
    scale = scale_of(values)
    largest = max(values) / 10.0**scale
    assert scale == 0 if max(values) >= 0.01 else 0.999 < largest < 10.001


def test_infinite_and_absent_values_have_no_scale() -> None:
    assert scale_of([float("nan"), 0.0]) == 0
    assert number(float("inf"), 2) == ABSENT
