"""The Hugging Face features of the three kinds of config, generated from the schema."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from datasets import ClassLabel, Features, Image, List, Value

from rclicks_hf.data.clicks.word_codes import Column, drop_unused, encode
from rclicks_hf.data.schema import CLICK_SCHEMA, CLOSED_VALUES, DERIVED_SCHEMA


def _feature(field: pa.Field) -> ClassLabel | Value:
    if field.name in CLOSED_VALUES:
        return ClassLabel(names=list(CLOSED_VALUES[field.name]))
    return Value({pa.float64(): "float64", pa.bool_(): "bool"}.get(field.type, str(field.type)))


def click_features(extra_columns: Iterable[str] = ()) -> Features:
    """Features of a click row; ``extra_columns`` are further text columns of the CSV."""
    known = {field.name: _feature(field) for field in (*CLICK_SCHEMA, *DERIVED_SCHEMA)}
    return Features(known | {name: Value("string") for name in extra_columns})


def _clicks(*names: str) -> dict[str, object]:
    known = click_features()
    return {name: known[name] for name in names}


def image_features() -> Features:
    """Features of an image row: one row per full_stem, pictures as `datasets.Image`."""
    keys = _clicks("dataset", "full_stem", "image_stem", "object_stem", "split", "is_simulated")
    return Features(keys | {name: Image() for name in ("image", "object_mask", "previous_mask")})


def instance_features() -> Features:
    """Features of an instance row: one per full_stem, its clicks as equally long lists."""
    keys = _clicks("dataset", "full_stem", "image_stem", "object_stem", "click_type", "model_type")
    more = _clicks("round", "split", "is_simulated", "w", "h")
    lists = {"box": List(Value("int32"))} | {
        name: List(feature) for name, feature in _clicks("x", "y", "device").items()
    }
    return Features(keys | more | lists)


def encode_labels(column: Column, name: str) -> pa.Array:
    """(n,) int64 labels of a column of words; ``name`` is a key of `CLOSED_VALUES`."""
    words = drop_unused(encode(column))
    labels = [CLOSED_VALUES[name].index(word) for word in words.dictionary.to_pylist()]
    return pa.array(labels, pa.int64()).take(words.indices)


def label_columns(table: pa.Table) -> pa.Table:
    """The table with its closed columns as the integers that are stored."""
    columns = {
        name: encode_labels(table[name], name) if name in CLOSED_VALUES else table[name]
        for name in table.column_names
    }
    return pa.table(columns)
