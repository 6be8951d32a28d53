"""Decoding of stored rows: labels become words by the file's own features, lists become clicks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import datasets
import numpy as np
import pyarrow as pa

from rclicks_hf.data.clicks.word_codes import Column, encode
from rclicks_hf.data.instances import Clicks
from rclicks_hf.data.schema import CLOSED_VALUES
from rclicks_hf.errors import RclicksError

LabelNames: TypeAlias = Mapping[str, Sequence[str]]

_LABELS = ("dataset", "split", "click_type")
_PLAIN = ("full_stem", "image_stem", "object_stem", "model_type", "is_simulated")
_REMEDY = "build the dataset again"


class StoredInstance(NamedTuple):
    """One row of an ``-instances`` config, decoded; ``keys`` are those columns that it has."""

    keys: dict[str, Any]
    size: tuple[int, int]  # (w, h) of the image
    box: tuple[int, int, int, int] | None  # None where the dataset was built without pictures
    clicks: Clicks


def label_names(rows: datasets.Dataset | pa.Table) -> dict[str, Sequence[str]]:
    """Names of the labels of each closed column, by the features that the rows carry.

    Rows without features (a bare Arrow table) do not say; today's `CLOSED_VALUES` serve for them.
    """
    return {**CLOSED_VALUES, **_own_names(rows)}


def require_labels(rows: datasets.Dataset | pa.Table, where: str) -> None:
    """Refuse rows of a file whose labels have lost their words: today's may be others."""
    schema = rows.data.schema if isinstance(rows, datasets.Dataset) else rows.schema
    own = _own_names(rows)
    for name in (name for name in CLOSED_VALUES if name in schema.names and name not in own):
        kind = schema.field(name).type
        if pa.types.is_integer(getattr(kind, "value_type", kind)):
            raise RclicksError(
                f"{where}: column {name!r} holds numbers, and the file does not say which words "
                f"they stand for, as if another tool had written it; {_REMEDY}"
            )


def _own_names(rows: datasets.Dataset | pa.Table) -> dict[str, Sequence[str]]:
    features = rows.features if isinstance(rows, datasets.Dataset) else _table_features(rows)
    own: dict[str, Sequence[str]] = {}
    for name, feature in features.items():
        item = getattr(feature, "feature", feature)  # what a list holds
        if isinstance(item, datasets.ClassLabel):
            own[name] = item.names
    return own


def label_words(column: Column, name: str, names: LabelNames, where: str = "rows") -> np.ndarray:
    """(n,) words of a closed column, which holds labels or words already."""
    if pa.types.is_integer(column.type):
        return np.array(names[name])[_checked_codes(column, name, names, where)]
    encoded = word_column(column, name, names, where)
    return np.array(encoded.dictionary.to_pylist() or [""])[encoded.indices.to_numpy()]


def word_column(
    column: Column, name: str, names: LabelNames, where: str = "rows"
) -> pa.DictionaryArray:
    """A closed column as dictionary-encoded words; one that holds words already stays as it is."""
    if pa.types.is_integer(column.type):
        codes = pa.array(_checked_codes(column, name, names, where), pa.int32())
        return pa.DictionaryArray.from_arrays(codes, pa.array(names[name], pa.string()))
    _refuse_nulls(column, name, where)
    # Without rows a column may have no type.
    return encode(column.cast(pa.string()) if pa.types.is_null(column.type) else column)


def word_columns(table: pa.Table, *, where: str = "rows") -> pa.Table:
    """The table with its closed columns as words, so that it no longer depends on its features."""
    names = label_names(table)
    columns = {
        name: _column_of_words(table[name], name, names, where)
        if name in CLOSED_VALUES
        else table[name]
        for name in table.column_names
    }
    return pa.table(columns)


def decode_instances(
    table: pa.Table, names: LabelNames | None = None, *, where: str = "instances"
) -> list[StoredInstance]:
    """The rows of an ``-instances`` config; ``names`` where the table carries no features."""
    names = names or label_names(table)
    present = set(table.column_names)
    keys = {name: table[name].to_pylist() for name in _PLAIN if name in present} | {
        name: label_words(table[name], name, names, where).tolist()
        for name in _LABELS
        if name in present
    }
    lists = {name: _flat_list(table[name], name, where) for name in ("x", "y", "device")}
    lengths = [length for _, length in lists.values()]
    if not all(np.array_equal(lengths[0], other) for other in lengths[1:]):
        raise RclicksError(f"{where}: x, y and device lists differ in length; {_REMEDY}")
    ends = np.cumsum(lengths[0])
    bounds = list(zip([0, *ends.tolist()], ends.tolist(), strict=False))
    x, y = (np.asarray(lists[axis][0]).astype(np.int32) for axis in ("x", "y"))
    device = label_words(lists["device"][0], "device", names, where)
    boxes = [_checked_box(box, where) for box in table["box"].to_pylist()]
    sizes = zip(table["w"].to_pylist(), table["h"].to_pylist(), strict=True)
    return [
        StoredInstance(
            {name: values[row] for name, values in keys.items()},
            size,
            boxes[row],
            Clicks(x[start:end], y[start:end], device[start:end]),
        )
        for row, (size, (start, end)) in enumerate(zip(sizes, bounds, strict=True))
    ]


def _table_features(table: pa.Table) -> Mapping[str, Any]:
    stored = (table.schema.metadata or {}).get(b"huggingface")
    if stored is None:
        return {}
    try:
        # Not Features.from_arrow_schema, which drops the labels of a column whose type was cast.
        features = json.loads(stored).get("info", {}).get("features")
        return datasets.Features.from_dict(features) if features else {}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RclicksError(
            f"rows: the table's 'huggingface' metadata cannot be read ({error}); {_REMEDY}"
        ) from error


def _checked_codes(column: Column, name: str, names: LabelNames, where: str) -> np.ndarray:
    _refuse_nulls(column, name, where)
    codes, known = column.to_numpy(), names[name]
    if len(codes) and (codes.min() < 0 or codes.max() >= len(known)):
        raise RclicksError(
            f"{where}: {name} codes must be 0 to {len(known) - 1} ({', '.join(known)}), "
            f"got {codes.min()} to {codes.max()}; {_REMEDY}"
        )
    return codes


def _refuse_nulls(column: Column, name: str, where: str) -> None:
    if column.null_count:
        raise RclicksError(f"{where}: column {name!r} holds nulls; {_REMEDY}")


def _column_of_words(column: pa.ChunkedArray, name: str, names: LabelNames, where: str) -> pa.Array:
    if not (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)):
        return word_column(column, name, names, where)
    values, lengths = _flat_list(column, name, where)
    offsets = pa.array(np.append(0, np.cumsum(lengths)), pa.int32())
    return pa.ListArray.from_arrays(offsets, word_column(values, name, names, where))


def _flat_list(column: pa.ChunkedArray, name: str, where: str) -> tuple[pa.Array, np.ndarray]:
    """The values of a column of lists one after another, and the length of each list."""
    lists = column.combine_chunks()
    values = lists.flatten()
    _refuse_nulls(lists, name, where)
    _refuse_nulls(values, name, where)
    return values, lists.value_lengths().to_numpy()


def _checked_box(box: list[int] | None, where: str) -> tuple[int, int, int, int] | None:
    if not box:
        return None
    if len(box) != 4 or None in box:
        raise RclicksError(f"{where}: a box must be x, y, width and height, got {box}; {_REMEDY}")
    return box[0], box[1], box[2], box[3]
