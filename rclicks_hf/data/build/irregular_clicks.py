"""What is odd in a click table and yet stays, as in the paper's code; each kind is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rclicks_hf.data.clicks.completion import group_by_instance
from rclicks_hf.data.clicks.word_codes import codes_of, encode, row_codes
from rclicks_hf.data.schema import DERIVED_SCHEMA, MODEL_TYPES, SOURCE_DATASETS
from rclicks_hf.data.stems import FullStem

_RAW = {"x": "x_raw", "y": "y_raw"}
_SPELLED = ("image_stem", "object_stem", "click_type", "model_type")  # by the full_stem
_SHAPE = ("w", "h")


@dataclass(frozen=True)
class Anomaly:
    """One kind of odd row.

    Attributes:
        name: What is counted.
        note: What became of it.
        count: Completed click table -> how many there are.

    Example:
        >>> [anomaly.name for anomaly in ANOMALIES][:2]
        ['equal clicks', 'clicks outside their image']
    """

    name: str
    note: str
    count: Callable[[pa.Table], int]


def count_duplicates(clicks: pa.Table) -> int:
    """Number of rows that equal an earlier one in every column.

    Args:
        clicks: Any columns; those that follow from others are not compared.

    Returns:
        The number of rows.

    Example:
        >>> count_duplicates(pa.table({"x": [1, 1, 2], "y": [5, 5, 5]}))
        1
    """
    follow = {"round", "split", "is_simulated"}
    follow |= {axis for axis, raw in _RAW.items() if raw in clicks.column_names}
    columns = [clicks[name] for name in clicks.column_names if name not in follow]
    codes = np.sort(row_codes(columns))  # faster than the hashing of numpy.unique
    return int((codes[1:] == codes[:-1]).sum())


def count_outside(clicks: pa.Table) -> int:
    """Number of clicks that lay outside their image before they were clipped.

    Args:
        clicks: Click table; without ``x_raw`` and ``y_raw`` nothing was clipped.

    Returns:
        The number of rows.

    Example:
        >>> count_outside(pa.table({"x_raw": [-3.0, 2.0], "y_raw": [0.0, 9.0],
        ...                         "w": [8, 8], "h": [8, 8]}))
        2
    """
    outside = np.zeros(len(clicks), bool)
    for raw, side in zip(_RAW.values(), _SHAPE, strict=True):
        if raw in clicks.column_names:
            cut = np.trunc(clicks[raw].to_numpy())
            outside |= (cut < 0) | (cut >= clicks[side].to_numpy())
    return int(outside.sum())


def count_fractional(clicks: pa.Table) -> int:
    """Number of clicks whose coordinates were no whole pixels.

    Args:
        clicks: Click table with ``x_raw`` and ``y_raw``.

    Returns:
        The number of rows.

    Example:
        >>> count_fractional(pa.table({"x_raw": [1.0, 2.5], "y_raw": [0.0, 9.0]}))
        1
    """
    raw = [clicks[name].to_numpy() for name in _RAW.values()]
    return int(np.any([value != np.trunc(value) for value in raw], axis=0).sum())


def count_other_sizes(clicks: pa.Table) -> int:
    """Number of rows with another ``w`` or ``h`` than the first row of their instance.

    Args:
        clicks: Click table.

    Returns:
        The number of rows; the paper's code takes the first row's size for all.

    Example:
        >>> rows = {"dataset": ["davis"] * 2, "full_stem": ["a"] * 2, "w": [8, 9], "h": [8, 8]}
        >>> count_other_sizes(pa.table(rows))
        1
    """
    return int(_differ_from_first(clicks, _SHAPE).sum())


def count_contradictions(clicks: pa.Table) -> int:
    """Number of rows that name another image, object, round or model than their instance's first.

    Args:
        clicks: Click table.

    Returns:
        The number of rows; the paper's code takes the first row's words for all.

    Example:
        >>> rows = {name: ["a", "a"] for name in ("dataset", "full_stem", *_SPELLED)}
        >>> count_contradictions(pa.table(rows | {"model_type": ["sam", "ritm"]}))
        1
    """
    return int(_differ_from_first(clicks, _SPELLED).sum())


def count_misspelled(clicks: pa.Table) -> int:
    """Number of instances whose ``full_stem`` spells another image, object, round or model.

    Args:
        clicks: Click table, closed columns as words.

    Returns:
        The number of instances.

    Example:
        >>> row = ("davis", "a_sam_fn", "a", "", "fn", "ritm")
        >>> names = ["dataset", "full_stem", *_SPELLED]
        >>> count_misspelled(pa.table([[value] for value in row], names=names))
        1
    """
    order, starts = group_by_instance(clicks)
    heads = clicks.select(["full_stem", *_SPELLED]).take(pa.array(order[starts[:-1]]))
    return sum(_is_misspelled(row) for row in heads.to_pylist())


def count_unknown_models(clicks: pa.Table) -> int:
    """Number of clicks on a previous mask by a model that the paper does not name.

    Args:
        clicks: Click table.

    Returns:
        The number of rows.

    Example:
        >>> count_unknown_models(pa.table({"model_type": ["sam", "sam9"]}))
        1
    """
    models = encode(clicks["model_type"])
    unknown = np.array([word not in MODEL_TYPES for word in models.dictionary.to_pylist()], bool)
    return int(unknown[models.indices.to_numpy()].sum())


def count_unlisted(clicks: pa.Table) -> int:
    """Number of clicks on images that no split list names.

    Args:
        clicks: Completed click table, closed columns as words.

    Returns:
        The number of rows.

    Example:
        >>> count_unlisted(pa.table({"dataset": ["tetris"] * 2, "split": ["test", "train"]}))
        1
    """
    pairs = clicks.select(["dataset", "split"]).group_by(["dataset", "split"])
    return sum(
        row["count_all"]
        for row in pairs.aggregate([([], "count_all")]).to_pylist()
        if row["split"] not in SOURCE_DATASETS[row["dataset"]].splits
    )


def count_extra_columns(clicks: pa.Table) -> int:
    """Number of columns that the schema does not name.

    Args:
        clicks: Completed click table.

    Returns:
        The number of columns.

    Example:
        >>> count_extra_columns(pa.table({"x": [1], "user": ["7"]}))
        1
    """
    known = {"dataset", "full_stem", *_SPELLED, "device", *_RAW, *_SHAPE, *DERIVED_SCHEMA.names}
    return len(set(clicks.column_names) - known)


ANOMALIES = (
    Anomaly("equal clicks", "kept: two people on one pixel", count_duplicates),
    Anomaly("clicks outside their image", "clipped to it, x_raw and y_raw kept", count_outside),
    Anomaly("fractional coordinates", "cut, x_raw and y_raw kept", count_fractional),
    Anomaly("rows of another w or h than their instance", "kept", count_other_sizes),
    Anomaly("rows that contradict their instance", "kept", count_contradictions),
    Anomaly("instances that their full_stem misspells", "kept", count_misspelled),
    Anomaly("clicks after an unknown model_type", "kept", count_unknown_models),
    Anomaly("clicks on images in no split list", "in test", count_unlisted),
    Anomaly("columns beyond the schema", "kept as text", count_extra_columns),
)


def _differ_from_first(clicks: pa.Table, names: tuple[str, ...]) -> np.ndarray:
    """(n,) True where a row differs from the first of its instance."""
    order, starts = group_by_instance(clicks)
    differs = np.zeros(len(clicks), bool)
    for name in names:
        codes = codes_of(clicks[name])[order]
        differs |= codes != np.repeat(codes[starts[:-1]], np.diff(starts))
    return differs


def _is_misspelled(row: dict[str, str]) -> bool:
    stem = FullStem.parse(row["full_stem"])
    # An image with one object may bear its code in object_stem and not in its name.
    objects = (row["object_stem"], "")
    told = (row["image_stem"], row["click_type"], row["model_type"])
    spelled = (stem.image_stem, stem.click_type, stem.model_type)
    return told != spelled or stem.object_stem not in objects
