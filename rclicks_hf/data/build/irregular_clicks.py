"""Irregular rows of a click table, which are kept as in the paper's code; each kind is counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rclicks_hf.data.clicks.click_table import group_by_instance
from rclicks_hf.data.clicks.word_codes import codes_of, encode, row_codes
from rclicks_hf.data.schema import DERIVED_SCHEMA, MODEL_TYPES, SOURCE_DATASETS
from rclicks_hf.data.stems import FullStem

_RAW = {"x": "x_raw", "y": "y_raw"}
_SPELLED = ("image_stem", "object_stem", "click_type", "model_type")  # what full_stem spells too
_SIZE = ("w", "h")


class IrregularKind(NamedTuple):
    """One kind of irregular row: its name, how the build treats it, and how to count it."""

    name: str
    treatment: str
    count: Callable[[pa.Table], int]


def count_duplicates(clicks: pa.Table) -> int:
    """Rows that equal an earlier one in every column that does not follow from others."""
    follow = {"round", "split", "is_simulated"}
    follow |= {axis for axis, raw in _RAW.items() if raw in clicks.column_names}
    columns = [clicks[name] for name in clicks.column_names if name not in follow]
    codes = np.sort(row_codes(columns))  # faster than the hashing of numpy.unique
    return int((codes[1:] == codes[:-1]).sum())


def count_outside(clicks: pa.Table) -> int:
    """Clicks that lay outside their image before they were clipped; 0 without raw coordinates."""
    outside = np.zeros(len(clicks), bool)
    for raw, side in zip(_RAW.values(), _SIZE, strict=True):
        if raw in clicks.column_names:
            cut = np.trunc(clicks[raw].to_numpy())
            outside |= (cut < 0) | (cut >= clicks[side].to_numpy())
    return int(outside.sum())


def _count_fractional(clicks: pa.Table) -> int:
    """Clicks whose recorded coordinates are not whole pixels."""
    raw = [clicks[name].to_numpy() for name in _RAW.values()]
    return int(np.any([value != np.trunc(value) for value in raw], axis=0).sum())


def _count_other_sizes(clicks: pa.Table) -> int:
    """Rows with another ``w`` or ``h`` than the first of their instance, whose size applies."""
    return int(_differ_from_first(clicks, _SIZE).sum())


def _count_contradictions(clicks: pa.Table) -> int:
    """Rows with another image, object, round or model than the first of their instance."""
    return int(_differ_from_first(clicks, _SPELLED).sum())


def _count_misspelled(clicks: pa.Table) -> int:
    """Instances whose ``full_stem`` spells another image, object, round or model."""
    order, starts = group_by_instance(clicks)
    heads = clicks.select(["full_stem", *_SPELLED]).take(pa.array(order[starts[:-1]]))
    return sum(_is_misspelled(row) for row in heads.to_pylist())


def _count_unknown_models(clicks: pa.Table) -> int:
    """Clicks on a previous mask by a model that the paper does not name."""
    models = encode(clicks["model_type"])
    unknown = np.array([word not in MODEL_TYPES for word in models.dictionary.to_pylist()], bool)
    return int(unknown[models.indices.to_numpy()].sum())


def _count_unlisted(clicks: pa.Table) -> int:
    """Clicks on images that are in no split list."""
    pairs = clicks.select(["dataset", "split"]).group_by(["dataset", "split"])
    return sum(
        row["count_all"]
        for row in pairs.aggregate([([], "count_all")]).to_pylist()
        if row["split"] not in SOURCE_DATASETS[row["dataset"]].splits
    )


def _count_extra_columns(clicks: pa.Table) -> int:
    """Columns that are not in the schema."""
    known = {"dataset", "full_stem", *_SPELLED, "device", *_RAW, *_SIZE, *DERIVED_SCHEMA.names}
    return len(set(clicks.column_names) - known)


IRREGULAR_KINDS = (
    IrregularKind("equal clicks", "kept: several users may click the same pixel", count_duplicates),
    IrregularKind(
        "clicks outside their image", "clipped to it; x_raw and y_raw are kept", count_outside
    ),
    IrregularKind(
        "fractional coordinates", "truncated; x_raw and y_raw are kept", _count_fractional
    ),
    IrregularKind("rows of another w or h than their instance", "kept", _count_other_sizes),
    IrregularKind("rows that contradict their instance", "kept", _count_contradictions),
    IrregularKind("instances with a full_stem that contradicts them", "kept", _count_misspelled),
    IrregularKind("clicks after an unknown model_type", "kept", _count_unknown_models),
    IrregularKind("clicks on images in no split list", "put into test", _count_unlisted),
    IrregularKind("columns beyond the schema", "kept as text", _count_extra_columns),
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
    # An image with one object may have its code in object_stem and not in full_stem.
    objects = (row["object_stem"], "")
    in_columns = (row["image_stem"], row["click_type"], row["model_type"])
    spelled = (stem.image_stem, stem.click_type, stem.model_type)
    return in_columns != spelled or stem.object_stem not in objects
