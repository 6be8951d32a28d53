"""Instance rows: one row per instance with its clicks as lists, in pixels of its image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from rclicks_hf.data.clicks.click_table import group_by_instance
from rclicks_hf.data.clicks.word_codes import Column, decode_table, encode, row_codes
from rclicks_hf.data.features import encode_labels, instance_features, label_columns
from rclicks_hf.data.images.layouts import LAYOUTS, limited_size
from rclicks_hf.data.schema import CLICK_SCHEMA, DERIVED_SCHEMA, NO_MODEL, SOURCE_DATASETS

_STEMS = ("full_stem", "image_stem", "object_stem")
_LISTS = ("box", "x", "y", "device")
_HEAD_COLUMNS = tuple(name for name in instance_features() if name not in _LISTS)


@dataclass(frozen=True)
class ImageFacts:
    """Size (width, height) of an instance's image and bounding box (x, y, w, h) of its object."""

    size: tuple[int, int]
    box: tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Gathered:
    """A click table grouped by instance."""

    # One row per instance: the columns of its first click; w and h are 0 where it has no clicks.
    heads: pa.Table
    order: np.ndarray  # (n,) row numbers of the click table, grouped by instance
    starts: np.ndarray  # (m + 1,) start of each instance in ``order``; the last is n


def gather(clicks: pa.Table, clickless: Sequence[Mapping[str, Any]] = ()) -> Gathered:
    """Group a completed click table by instance, in order of first appearance.

    ``clickless`` are further first-round instances without clicks (``dataset``, ``split`` and the
    stems of each), which come last.
    """
    order, starts = group_by_instance(clicks)
    names = [name for name in (*CLICK_SCHEMA.names, *DERIVED_SCHEMA.names) if name in _HEAD_COLUMNS]
    heads = decode_table(clicks.select(names).take(pa.array(order[starts[:-1]])))
    if clickless:
        constant = {"click_type": "first", "model_type": NO_MODEL, "round": "first", "w": 0, "h": 0}
        rows = [
            constant
            | {"is_simulated": SOURCE_DATASETS[row["dataset"]].is_simulated}
            | {name: row[name] for name in ("dataset", "split", *_STEMS)}
            for row in clickless
        ]
        heads = pa.concat_tables([heads, pa.Table.from_pylist(rows, heads.schema)])
        starts = np.append(starts, np.full(len(rows), len(order)))
    return Gathered(heads.combine_chunks(), order, starts)


def instance_table(
    clicks: pa.Table, gathered: Gathered, facts: Mapping[tuple[str, str], ImageFacts]
) -> tuple[pa.Table, int]:
    """The rows of `instance_features`, and how many have clicks recorded at another image size.

    TETRIS images are limited to a longest side of 2,048 pixels; clicks on them are scaled with the
    image and truncated, as in the paper's code. ``w`` and ``h`` are the size in ``facts`` where
    there is an entry for (dataset, full_stem); else they follow from the click table and ``box`` is
    empty.
    """
    heads, order, repeats = gathered.heads, gathered.order, np.diff(gathered.starts)
    recorded, frames = _sizes(heads)
    sizes = frames.copy()
    boxes: list[list[int]] = [[]] * len(heads)
    if facts:
        keys = zip(heads["dataset"].to_pylist(), heads["full_stem"].to_pylist(), strict=True)
        for number, key in enumerate(keys):
            if key in facts:
                sizes[number], boxes[number] = facts[key].size, list(facts[key].box)
    labelled = label_columns(heads)
    columns: dict[str, Column] = {name: labelled[name] for name in _HEAD_COLUMNS}
    columns["box"] = pa.array(boxes, pa.list_(pa.int32()))
    offsets = pa.array(gathered.starts, pa.int32())
    for index, (axis, side) in enumerate((("x", "w"), ("y", "h"))):
        raw = clicks[f"{axis}_raw"].to_numpy()[order]
        of_click = (np.repeat(part[:, index], repeats) for part in (recorded, frames, sizes))
        values = pa.array(_in_image(raw, *of_click), pa.int32())
        columns[axis] = pa.ListArray.from_arrays(offsets, values)
        columns[side] = pa.array(sizes[:, index], pa.int32())
    devices = encode_labels(encode(clicks["device"]).take(pa.array(order)), "device")
    columns["device"] = pa.ListArray.from_arrays(offsets, devices)
    differing = int(((sizes != frames).any(axis=1) & (repeats > 0)).sum())
    return pa.table({name: columns[name] for name in instance_features()}), differing


def _sizes(heads: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """(m, 2) sizes that clicks were recorded at, and (m, 2) sizes of the dataset's images."""
    recorded = np.column_stack([heads["w"].to_numpy(), heads["h"].to_numpy()])
    codes = row_codes([heads["dataset"], heads["w"], heads["h"]])
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    frames = []
    for row in heads.select(["dataset", "w", "h"]).take(pa.array(first)).to_pylist():
        layout = LAYOUTS.get(SOURCE_DATASETS[row["dataset"]].layout)
        frames.append(limited_size(row["w"], row["h"], layout.longest_side if layout else None))
    return recorded, np.array(frames)[inverse]


def _in_image(
    raw: np.ndarray, recorded: np.ndarray, frame: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Coordinates clipped to the recorded side, scaled to the frame, and within the image.

    As in the paper's code, the size recorded with an instance's first click applies to all.
    """
    inside = np.clip(raw, 0, recorded - 1)
    scaled = np.where(frame == recorded, inside, inside * frame / recorded)
    return np.clip(scaled.astype(np.int32), 0, limit - 1)
