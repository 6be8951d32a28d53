"""One row an instance: the clicks of a full_stem gathered into lists, in pixels of its image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from rclicks_hf.data.clicks.completion import group_by_instance
from rclicks_hf.data.clicks.word_codes import Column, decode_table, encode, row_codes
from rclicks_hf.data.features import encode_labels, instance_features, label_columns
from rclicks_hf.data.images.layouts import LAYOUTS, limited_size
from rclicks_hf.data.schema import CLICK_SCHEMA, DERIVED_SCHEMA, NO_MODEL, SOURCE_DATASETS

_STEMS = ("full_stem", "image_stem", "object_stem")
_LISTS = ("box", "x", "y", "device")
_HEAD_COLUMNS = tuple(name for name in instance_features() if name not in _LISTS)


@dataclass(frozen=True)
class ImageFacts:
    """What the instance rows need of an instance's picture.

    Attributes:
        size: (width, height) of the image in pixels.
        box: (x, y, width, height) of the object's bounding box.
    """

    size: tuple[int, int]
    box: tuple[int, int, int, int]


def object_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Bounding box of an object mask.

    Args:
        mask: (H, W), the object is where it equals 1; not empty.

    Returns:
        (x, y, width, height) in pixels.

    Example:
        >>> object_box(np.array([[0, 0, 0], [0, 1, 1]]))
        (1, 1, 2, 1)
    """
    columns, rows = np.flatnonzero((mask == 1).any(0)), np.flatnonzero((mask == 1).any(1))
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1


@dataclass(frozen=True, eq=False)
class Gathered:
    """A click table by instance.

    Attributes:
        heads: A row for each of m instances: the columns of its first click; ``w`` and ``h`` are 0
            where it has none.
        order: (n,) row numbers of the click table, those of an instance together.
        starts: (m + 1,) where in ``order`` each instance starts; the last is n.
    """

    heads: pa.Table
    order: np.ndarray
    starts: np.ndarray


def gather(clicks: pa.Table, clickless: Sequence[Mapping[str, Any]] = ()) -> Gathered:
    """Group a click table by instance.

    Args:
        clicks: A completed click table.
        clickless: Further instances, that nobody clicked on: ``dataset``, ``full_stem``,
            ``image_stem``, ``object_stem`` and ``split`` of each, of the first round.

    Returns:
        Instances in order of first appearance, those without clicks last.

    Example:
        >>> from rclicks_hf.data.clicks.completion import complete_clicks
        >>> from rclicks_hf.data.schema import CLICK_SCHEMA
        >>> row = ("tetris", "a", "a", "", "first", "none", "pc", 1, 2, 64, 48)
        >>> clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
        >>> other = {"dataset": "tetris", "full_stem": "b", "image_stem": "b", "object_stem": "",
        ...          "split": "train"}
        >>> found = gather(complete_clicks(clicks, {"tetris": {"a": "train"}}), [other])
        >>> found.heads["full_stem"].to_pylist(), found.starts.tolist()
        (['a', 'b'], [0, 1, 1])
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
    """Gather clicks into instances.

    TETRIS images are limited to a longest side of 2,048 pixels; the clicks on them are scaled with
    the image and truncated, as in the paper's code. Where the picture is at hand, ``w`` and ``h``
    are its size; else they follow from the click table and ``box`` is empty.

    Args:
        clicks: A completed click table.
        gathered: `gather` of it.
        facts: (dataset, full_stem) -> facts of the picture, where there is one.

    Returns:
        The rows of `instance_features`, and the number of instances whose clicks were recorded on
        an image of another size than the picture's.

    Example:
        >>> from rclicks_hf.data.clicks.completion import complete_clicks
        >>> row = ("davis", "095", "095", "", "first", "none", "pc", 1, 2, 854, 480)
        >>> clicks = pa.table([[value] * 2 for value in row], names=CLICK_SCHEMA.names)
        >>> clicks = complete_clicks(clicks)
        >>> table, differing = instance_table(clicks, gather(clicks), {})
        >>> table.select(["full_stem", "x", "y", "w"]).to_pylist(), differing
        ([{'full_stem': '095', 'x': [1, 1], 'y': [2, 2], 'w': 854}], 0)
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
    """(m, 2) width and height that clicks were recorded on, and those of the dataset's image."""
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
    """Coordinates clipped to the recorded side, scaled to the frame, within the picture.

    As in the paper's code, the side recorded with an instance's first click counts for all.
    """
    inside = np.clip(raw, 0, recorded - 1)
    scaled = np.where(frame == recorded, inside, inside * frame / recorded)
    return np.clip(scaled.astype(np.int32), 0, limit - 1)
