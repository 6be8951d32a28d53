"""The number format and the ranks of printed values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rclicks_hf.report.numbers.scoring import Score
from rclicks_hf.report.tables.table_cells import (
    ABSENT,
    number,
    ranks,
    scale_of,
    score_cell,
    times_ten,
)


def test_numbers_have_a_minus_sign_and_a_dash_for_none() -> None:
    assert (number(-1.234, 2), number(float("nan"), 2)) == ("−1.23", ABSENT)


def test_a_score_has_its_spread_and_interval() -> None:
    cell = score_cell(Score(6.414, 1.121, 6.0, 7.0, 9), rank=1)
    assert (cell.text, cell.interval, cell.is_best) == ("6.41 ± 1.12", "[6.00, 7.00]", True)
    assert (score_cell(Score()).text, score_cell(Score()).interval) == (ABSENT, "")


def test_scales_are_written_as_powers_of_ten() -> None:
    assert (scale_of([5e-4, 3e-5]), scale_of([0.5, 0.001])) == (-4, 0)
    assert (times_ten(-4), times_ten(0)) == (" ×10⁻⁴", "")


def test_ranks_are_of_the_printed_values() -> None:
    assert ranks([1.004, 1.0, 2.0, 3.0, 4.0], up=False, digits=2) == [1, 1, 3, 0, 0]
    assert ranks([1.0, float("nan"), 2.0], up=True, digits=2) == [2, 0, 1]
    assert ranks([1.0], up=True, digits=2) == [0]


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
