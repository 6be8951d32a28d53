"""One row an instance: the clicks of a full_stem gathered into lists, in pixels of its image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rclicks_hf.data.click_table import group_by_instance
from rclicks_hf.data.features import encode_labels, instance_features
from rclicks_hf.data.layouts import LAYOUTS, limited_size
from rclicks_hf.data.schema import CLOSED_VALUES, SOURCE_DATASETS


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


def instance_table(
    clicks: pa.Table, facts: Mapping[tuple[str, str], ImageFacts]
) -> tuple[pa.Table, int]:
    """Gather clicks into instances.

    TETRIS images are limited to a longest side of 2,048 pixels; the clicks on them are scaled with
    the image and truncated, as in the paper's code. Where the picture is at hand, ``w`` and ``h``
    are its size; else they follow from the click table and ``box`` is empty.

    Args:
        clicks: A completed click table.
        facts: (dataset, full_stem) -> facts of the picture, where there is one.

    Returns:
        The rows of `instance_features`, in order of first appearance, and the number of instances
        whose clicks were recorded on an image of another size than the picture's.

    Example:
        >>> from rclicks_hf.data.click_table import complete_clicks
        >>> from rclicks_hf.data.schema import CLICK_SCHEMA
        >>> row = ("davis", "095", "095", "", "first", "none", "pc", 1, 2, 854, 480)
        >>> clicks = pa.table([[value] * 2 for value in row], names=CLICK_SCHEMA.names)
        >>> table, differing = instance_table(complete_clicks(clicks), {})
        >>> table.select(["full_stem", "x", "y", "w"]).to_pylist(), differing
        ([{'full_stem': '095', 'x': [1, 1], 'y': [2, 2], 'w': 854}], 0)
    """
    order, starts = group_by_instance(clicks)
    first = order[starts[:-1]]
    heads = clicks.take(first)
    keys = list(zip(heads["dataset"].to_pylist(), heads["full_stem"].to_pylist(), strict=True))
    recorded_sizes = zip(heads["w"].to_pylist(), heads["h"].to_pylist(), keys, strict=True)
    frames = [_frame(*row) for row in recorded_sizes]
    sizes = [facts[k].size if k in facts else frame for k, frame in zip(keys, frames, strict=True)]
    columns: dict[str, pa.Array] = {
        name: encode_labels(heads[name], name) if name in CLOSED_VALUES else heads[name]
        for name in instance_features()
        if name in heads.column_names and name not in ("x", "y", "w", "h", "device")
    }
    columns["w"] = pa.array([width for width, _ in sizes], pa.int32())
    columns["h"] = pa.array([height for _, height in sizes], pa.int32())
    columns["box"] = pa.array(
        [list(facts[k].box) if k in facts else [] for k in keys], pa.list_(pa.int32())
    )
    offsets = pa.array(starts, pa.int32())
    repeats = np.diff(starts)
    for axis, side, index in (("x", "w", 0), ("y", "h", 1)):
        recorded = np.repeat(heads[side].to_numpy(), repeats)
        frame = np.repeat([f[index] for f in frames], repeats)
        limit = np.repeat([s[index] for s in sizes], repeats)
        values = _in_image(clicks[f"{axis}_raw"].to_numpy()[order], recorded, frame, limit)
        columns[axis] = pa.ListArray.from_arrays(offsets, pa.array(values, pa.int32()))
    devices = encode_labels(clicks["device"].take(pa.array(order)), "device")
    columns["device"] = pa.ListArray.from_arrays(offsets, devices)
    differing = sum(size != frame for size, frame in zip(sizes, frames, strict=True))
    return pa.table({name: columns[name] for name in instance_features()}), differing


def _frame(width: int, height: int, key: tuple[str, str]) -> tuple[int, int]:
    """Size of the image that the dataset holds, from the size that the clicks were recorded on."""
    layout = LAYOUTS.get(SOURCE_DATASETS[key[0]].layout)
    return limited_size(width, height, layout.longest_side if layout else None)


def _in_image(
    raw: np.ndarray, recorded: np.ndarray, frame: np.ndarray, limit: np.ndarray
) -> np.ndarray:
    """Coordinates clipped to the recorded side, scaled to the frame, within the picture.

    As in the paper's code, the side recorded with an instance's first click counts for all.
    """
    inside = np.clip(raw, 0, recorded - 1)
    scaled = np.where(frame == recorded, inside, inside * frame / recorded)
    return np.clip(scaled.astype(np.int32), 0, limit - 1)
