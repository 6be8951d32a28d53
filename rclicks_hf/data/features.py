"""The Hugging Face features of the three kinds of config, generated from the schema."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
from datasets import ClassLabel, Features, Image, List, Value

from rclicks_hf.data.clicks.word_codes import Column, drop_unused, encode
from rclicks_hf.data.schema import CLICK_SCHEMA, CLOSED_VALUES, DERIVED_SCHEMA
from rclicks_hf.data.stored_rows import (
    word_columns as word_columns,
)  # MERGE-ALIAS features.word_columns -> stored_rows.word_columns


def _feature(field: pa.Field) -> ClassLabel | Value:
    if field.name in CLOSED_VALUES:
        return ClassLabel(names=list(CLOSED_VALUES[field.name]))
    return Value({pa.float64(): "float64", pa.bool_(): "bool"}.get(field.type, str(field.type)))


def click_features(extra_columns: Iterable[str] = ()) -> Features:
    """Features of a click row.

    Args:
        extra_columns: Further text columns of the CSV, carried along.

    Returns:
        The columns of `CLICK_SCHEMA`, of `DERIVED_SCHEMA`, then the further ones.

    Example:
        >>> click_features(["user"])["device"].names, click_features(["user"])["user"]
        (['pc', 'mobile'], Value('string'))
    """
    known = {field.name: _feature(field) for field in (*CLICK_SCHEMA, *DERIVED_SCHEMA)}
    return Features(known | {name: Value("string") for name in extra_columns})


def _clicks(*names: str) -> dict[str, object]:
    known = click_features()
    return {name: known[name] for name in names}


def image_features() -> Features:
    """Features of an image row: one row a full_stem, pictures as `datasets.Image`.

    Example:
        >>> [name for name, feature in image_features().items() if isinstance(feature, Image)]
        ['image', 'object_mask', 'previous_mask']
    """
    keys = _clicks("dataset", "full_stem", "image_stem", "object_stem", "split", "is_simulated")
    return Features(keys | {name: Image() for name in ("image", "object_mask", "previous_mask")})


def instance_features() -> Features:
    """Features of an instance row: one row a full_stem, its clicks as lists of equal length.

    Example:
        >>> list(instance_features())[-4:]
        ['box', 'x', 'y', 'device']
    """
    keys = _clicks("dataset", "full_stem", "image_stem", "object_stem", "click_type", "model_type")
    more = _clicks("round", "split", "is_simulated", "w", "h")
    lists = {"box": List(Value("int32"))} | {
        name: List(feature) for name, feature in _clicks("x", "y", "device").items()
    }
    return Features(keys | more | lists)


def encode_labels(column: Column, name: str) -> pa.Array:
    """Turn words of a closed column into the integers of its ClassLabel.

    Args:
        column: Text, n values.
        name: Key of `CLOSED_VALUES`.

    Returns:
        (n,) int64 labels.

    Example:
        >>> encode_labels(pa.array(["mobile", "pc"]), "device").to_pylist()
        [1, 0]
    """
    words = drop_unused(encode(column))
    labels = [CLOSED_VALUES[name].index(word) for word in words.dictionary.to_pylist()]
    return pa.array(labels, pa.int64()).take(words.indices)


def label_columns(table: pa.Table) -> pa.Table:
    """The table with its closed columns as the integers that are stored.

    Args:
        table: Any columns, closed ones as words.

    Returns:
        The same rows and columns.

    Example:
        >>> label_columns(pa.table({"device": ["mobile"], "x": [7]})).to_pylist()
        [{'device': 1, 'x': 7}]
    """
    columns = {
        name: encode_labels(table[name], name) if name in CLOSED_VALUES else table[name]
        for name in table.column_names
    }
    return pa.table(columns)
