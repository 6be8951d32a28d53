from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rclicks_hf.data.clicks.word_codes import codes_of, compact, encode, map_words, row_codes

WORDS = st.lists(st.text(max_size=2), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(words=WORDS)
def test_encoding_keeps_the_text_and_each_word_once(words: list[str]) -> None:
    for column in (
        pa.array(words, pa.string()),
        pa.chunked_array([words[:3], words[3:]], pa.string()),
    ):
        encoded = encode(column)
        assert encoded.to_pylist() == words
        assert len(set(encoded.dictionary.to_pylist())) == len(encoded.dictionary)


@given(words=WORDS, start=st.integers(0, 30), more=st.sampled_from([0, 30]))
def test_compacting_keeps_the_text_and_drops_the_rest(
    words: list[str], start: int, more: int
) -> None:
    column = encode(pa.array([*words, *map(str, range(1000, 1000 + more))], pa.string()))
    part = column.slice(min(start, len(column)))
    assert compact(part).to_pylist() == part.to_pylist()
    if len(column.dictionary) > 16:
        assert set(compact(part).dictionary.to_pylist()) == set(part.to_pylist())


@given(rows=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.5, 1.0, 2.0]), NUMBERS)))
def test_row_codes_are_equal_where_rows_are(rows: list[tuple]) -> None:
    columns = [pa.array([row[i] for row in rows]) for i in range(3)] if rows else [pa.array([])] * 3
    codes = row_codes(columns)
    assert (codes >= 0).all()
    same = codes[:, None] == codes[None]
    np.testing.assert_array_equal(same, [[a == b for b in rows] for a in rows] or np.zeros((0, 0)))


def test_many_large_columns_do_not_overflow() -> None:
    rng = np.random.default_rng(0)
    columns = [pa.array(rng.integers(0, 2**40, 50)) for _ in range(6)]
    assert len(np.unique(row_codes(columns))) == 50
    assert len(np.unique(row_codes([*columns, *columns]))) == 50


@pytest.mark.parametrize("kind", [np.float64, np.int64])
def test_far_numbers_stay_apart(kind: type) -> None:
    values = pa.array(np.array([-(2**60), 0, 1, 2**62], kind))
    assert len(set(codes_of(values).tolist())) == 4


def test_row_codes_need_a_column() -> None:
    with pytest.raises(ValueError, match="at least one column"):
        row_codes([])


def test_words_that_become_one_share_a_code() -> None:
    mapped = map_words(pa.array(["a", "A", "b"]), str.lower)
    assert codes_of(mapped).tolist() == [0, 0, 1]


def test_unused_words_are_not_asked_for() -> None:
    part = encode(pa.array(["bad", "good"])).slice(1)
    assert map_words(part, {"good": "fine"}.__getitem__).to_pylist() == ["fine"]
