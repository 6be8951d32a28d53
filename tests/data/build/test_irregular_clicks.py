from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from rclicks_hf.data.build.irregular_clicks import IRREGULAR_KINDS, count_duplicates
from rclicks_hf.data.clicks.click_table import complete_clicks
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.schema import CLICK_SCHEMA

CHANGES = {
    "equal clicks": lambda rows: [*rows, rows[0]],
    "clicks outside their image": lambda rows: [rows[0] | {"x_raw": -1.0}, *rows[1:]],
    "fractional coordinates": lambda rows: [rows[0] | {"y_raw": 3.5}, *rows[1:]],
    "rows of another w or h than their instance": lambda rows: [
        rows[0],
        rows[1] | {"w": 99},
        *rows[2:],
    ],
    "rows that contradict their instance": lambda rows: [
        rows[0],
        rows[1] | {"object_stem": "7"},
        *rows[2:],
    ],
    "instances with a full_stem that contradicts them": lambda rows: [
        row | {"model_type": "ritm"} if row["model_type"] == "sam" else row for row in rows
    ],
    "clicks after an unknown model_type": lambda rows: [rows[0] | {"model_type": "new"}, *rows[1:]],
    "columns beyond the schema": lambda rows: [row | {"user": "7"} for row in rows],
}


def _rows(make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]) -> list:
    rows = make_clicks(make_source(1)).to_pylist()
    for number, row in enumerate(rows):  # no two alike
        row |= {"x": number % 16, "y": number // 16, "device": "pc"}
    return [row | {"x_raw": float(row["x"]), "y_raw": float(row["y"])} for row in rows]


def _counts(rows: list[dict]) -> dict[str, int]:
    table = pa.Table.from_pylist(rows)
    types = {field.name: field.type for field in CLICK_SCHEMA}
    table = table.cast(pa.schema([(n, types.get(n, table[n].type)) for n in table.column_names]))
    completed = complete_clicks(table, {"simulated_scenes": {"000": "train"}})
    return {kind.name: kind.count(completed) for kind in IRREGULAR_KINDS}


def test_a_plain_table_has_none(
    make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> None:
    assert set(_counts(_rows(make_source, make_clicks)).values()) == {0}


@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_is_counted_and_no_other(
    make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table], name: str
) -> None:
    counts = _counts(CHANGES[name](_rows(make_source, make_clicks)))
    # A model that contradicts its instance or its stem is odd in more than one way.
    related = {
        "clicks after an unknown model_type": {
            "rows that contradict their instance",
            "instances with a full_stem that contradicts them",
        }
    }.get(name, set())
    assert counts[name] >= 1
    assert {other for other, count in counts.items() if count} <= {name} | related


def test_an_object_code_that_the_stem_omits_is_not_a_contradiction() -> None:
    row = ("tetris", "a", "a", "7", "first", "none", "pc", 1, 2, 64, 48)
    table = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
    completed = complete_clicks(table, {"tetris": {"a": "train"}})
    counts = {kind.name: kind.count(completed) for kind in IRREGULAR_KINDS}
    assert counts["instances with a full_stem that contradicts them"] == 0


def test_rows_that_differ_in_a_further_column_are_not_equal() -> None:
    assert count_duplicates(pa.table({"x": [1, 1], "user": ["a", "b"]})) == 0
