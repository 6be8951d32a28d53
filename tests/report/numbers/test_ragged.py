"""Rows of different lengths in one array, against plain loops."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rclicks_hf.report.numbers.ragged import ListColumn, Ragged

ROWS = [[0.5, 0.25, 1.0], [], [0.75], [0.0, 0.0], [], [0.1] * 7]


def test_moments_are_those_of_each_row() -> None:
    rows = Ragged.of([np.array(row) for row in ROWS])
    mean, std = rows.moments()
    for place, row in enumerate(ROWS):
        if row:
            np.testing.assert_allclose((mean[place], std[place]), (np.mean(row), np.std(row)))
        else:
            assert np.isnan([mean[place], std[place]]).all()
    assert np.isnan(Ragged.of([np.zeros(0)] * 2).moments()).all()
    assert Ragged.of([]).moments()[0].shape == (0,)


def test_rows_are_taken_in_any_order_and_from_several_chunks() -> None:
    column = pa.chunked_array([pa.array(ROWS[:2]), pa.array(ROWS[2:4]), pa.array(ROWS).slice(4)])
    views = ListColumn(column)
    for places in ([0, 1], [5, 2, 0, 4, 1, 3], [3, 2], []):
        rows = views.take(np.array(places, int))
        assert [row.tolist() for row in rows] == [ROWS[place] for place in places]
        assert rows.flat.tolist() == [value for place in places for value in ROWS[place]]
    assert [row.tolist() for row in views.take(np.arange(6))[1:3]] == ROWS[1:3]


def test_equal_rows_make_a_matrix() -> None:
    rows = Ragged.of([np.arange(3.0), np.arange(3.0, 6.0)]).take(np.array([1, 0]))
    assert rows.matrix.tolist() == [[3, 4, 5], [0, 1, 2]]
