"""Completing a click table: derived columns, splits, and the checks before anything is written."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rclicks_hf.data.schema import (
    CLICK_SCHEMA,
    CLOSED_VALUES,
    DERIVED_SCHEMA,
    SOURCE_DATASETS,
    round_of,
)
from rclicks_hf.data.splits import random_splits
from rclicks_hf.errors import RclicksError

Splits = Mapping[str, Mapping[str, str]]
_SAME_WITHIN_INSTANCE = ("image_stem", "object_stem", "click_type", "model_type", "split")


def complete_clicks(clicks: pa.Table, splits: Splits | None = None) -> pa.Table:
    """Check a click table and add the columns that follow from it.

    Args:
        clicks: Columns of `CLICK_SCHEMA`; ``x_raw``, ``y_raw``, ``split`` and further text columns
            may be there.
        splits: dataset -> image_stem -> split. Where it has no entry, the table's ``split`` column
            decides; else the dataset's only split; else, for a simulated dataset, a seeded draw by
            image (`random_splits`).

    Returns:
        The columns of `CLICK_SCHEMA` and `DERIVED_SCHEMA`, then the further ones; same rows, same
        order.

    Raises:
        RclicksError: If a column is missing, a value is unknown, real and simulated clicks are
            mixed, a split is unknown, or an instance contradicts itself.

    Example:
        >>> row = ("davis", "095", "095", "", "first", "none", "pc", 1, 2, 854, 480)
        >>> clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
        >>> complete_clicks(clicks).select(DERIVED_SCHEMA.names).to_pylist()
        [{'x_raw': 1.0, 'y_raw': 2.0, 'round': 'first', 'split': 'test', 'is_simulated': False}]
    """
    _check_columns(clicks)
    _check_values(clicks)
    columns = {field.name: clicks[field.name].cast(field.type) for field in CLICK_SCHEMA}
    for axis in ("x", "y"):
        raw = f"{axis}_raw"
        source = clicks[raw] if raw in clicks.column_names else clicks[axis]
        columns[raw] = source.cast(pa.float64())
    columns["round"] = _mapped(
        clicks["click_type"], {name: round_of(name) for name in CLOSED_VALUES["click_type"]}
    )
    columns["split"] = _split_column(clicks, splits or {})
    simulated = [name for name, entry in SOURCE_DATASETS.items() if entry.is_simulated]
    columns["is_simulated"] = pc.is_in(clicks["dataset"], value_set=pa.array(simulated))
    ordered = [*CLICK_SCHEMA.names, *DERIVED_SCHEMA.names]
    extra = [name for name in clicks.column_names if name not in ordered]
    table = pa.table(
        {name: columns[name] for name in ordered}
        | {name: clicks[name].cast(pa.string()) for name in extra}
    ).combine_chunks()
    _check_instances(table)
    return table


def group_by_instance(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """Sort rows by (dataset, full_stem), instances in order of first appearance.

    Args:
        table: Columns ``dataset`` and ``full_stem``, n rows.

    Returns:
        ``order`` (n,), the row numbers with each instance's rows together and in their old order,
        and ``starts`` (m + 1,), where in ``order`` each of the m instances starts; the last is n.

    Example:
        >>> order, starts = group_by_instance(pa.table({"dataset": ["davis"] * 3,
        ...                                             "full_stem": ["b", "a", "b"]}))
        >>> order.tolist(), starts.tolist()
        ([0, 2, 1], [0, 2, 3])
    """
    codes = np.zeros(len(table), np.int64)
    for name in ("dataset", "full_stem"):
        column = table[name].combine_chunks().dictionary_encode()
        codes = codes * max(1, len(column.dictionary)) + column.indices.to_numpy()
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = first[inverse]  # the row where the instance appears first
    order = np.argsort(rank, kind="stable")
    starts = np.flatnonzero(np.diff(rank[order], prepend=-1))
    return order, np.append(starts, len(table))


def _check_columns(clicks: pa.Table) -> None:
    missing = [name for name in CLICK_SCHEMA.names if name not in clicks.column_names]
    if missing:
        raise RclicksError(
            f"click table: no column {missing[0]!r}; it needs {', '.join(CLICK_SCHEMA.names)}"
        )
    if len(clicks) == 0:
        raise RclicksError("click table: holds no clicks; give a CSV with at least one row")
    nulls = [name for name in clicks.column_names if clicks[name].null_count]
    if nulls:
        raise RclicksError(f"click table: column {nulls[0]!r} holds nulls; fill them")


def _check_values(clicks: pa.Table) -> None:
    for name in ("dataset", "click_type", "device", "split"):
        if name in clicks.column_names:
            unknown = set(pc.unique(clicks[name]).to_pylist()) - set(CLOSED_VALUES[name])
            if unknown:
                raise RclicksError(
                    f"click table: {name} {min(unknown)!r} is unknown; "
                    f"use one of {', '.join(CLOSED_VALUES[name])}"
                )
    _check_simulated(clicks)
    for axis, side in (("x", "w"), ("y", "h")):
        value, limit = clicks[axis].to_numpy(), clicks[side].to_numpy()
        bad = np.flatnonzero((value < 0) | (value >= limit))
        if len(bad):
            raise RclicksError(
                f"click table, row {bad[0]}: {axis} {value[bad[0]]} lies outside the image "
                f"({side} {limit[bad[0]]}); clip it first, as read_clicks does"
            )


def _check_simulated(clicks: pa.Table) -> None:
    """No simulated click may pass for a real one."""
    known = {
        SOURCE_DATASETS[name].is_simulated for name in pc.unique(clicks["dataset"]).to_pylist()
    }
    if len(known) > 1:
        raise RclicksError(
            "click table: mixes real and simulated clicks; build a dataset of each, "
            "so that no simulated click passes for a real one"
        )
    if "is_simulated" in clicks.column_names:
        told = set(pc.unique(clicks["is_simulated"]).to_pylist())
        if told != known:
            raise RclicksError(
                "click table: column 'is_simulated' contradicts 'dataset'; simulated clicks belong "
                "to simulated datasets, real clicks to real ones"
            )


def _split_column(clicks: pa.Table, splits: Splits) -> pa.ChunkedArray | pa.Array:
    """Split of every row, looked up once an image."""
    given = "split" in clicks.column_names
    images = pc.binary_join_element_wise(clicks["dataset"], clicks["image_stem"], "/")
    keys = pc.unique(images).to_pylist()
    stems: dict[str, list[str]] = {}
    for key in keys:
        name, stem = key.split("/", 1)
        stems.setdefault(name, []).append(stem)
    table: dict[str, str] = {}
    for name, names in stems.items():
        if name in splits or not given:
            chosen = splits.get(name) or _default_splits(name, names)
            table.update({f"{name}/{stem}": _split_of(chosen, name, stem) for stem in names})
    if not given:
        return _mapped(images, table)
    looked_up = pc.if_else(
        pc.is_in(images, value_set=pa.array(list(table), pa.string())), images, clicks["split"]
    )
    return _mapped(looked_up, table)


def _default_splits(dataset: str, image_stems: list[str]) -> Mapping[str, str]:
    entry = SOURCE_DATASETS[dataset]
    if len(entry.splits) == 1:
        return dict.fromkeys(image_stems, entry.splits[0])
    if entry.is_simulated:
        return random_splits(image_stems)
    raise RclicksError(
        f"{entry.title}: needs its split lists ({', '.join(entry.splits)}); "
        "give the folder with TETRIS_train.txt and TETRIS_val.txt"
    )


def _split_of(splits: Mapping[str, str], dataset: str, image_stem: str) -> str:
    split = splits.get(image_stem)
    if split not in SOURCE_DATASETS[dataset].splits:
        raise RclicksError(
            f"{dataset}: image {image_stem!r} is in no split list ({split!r}); add it to "
            f"{' or '.join(SOURCE_DATASETS[dataset].splits)}"
        )
    return split


def _check_instances(table: pa.Table) -> None:
    """Rows with one full_stem must agree on what the instance is."""
    order, starts = group_by_instance(table)
    for name in _SAME_WITHIN_INSTANCE:
        codes = table[name].combine_chunks().dictionary_encode().indices.to_numpy()[order]
        first = np.repeat(codes[starts[:-1]], np.diff(starts))
        bad = np.flatnonzero(codes != first)
        if len(bad):
            row = table.slice(int(order[bad[0]]), 1).to_pylist()[0]
            raise RclicksError(
                f"click table, row {order[bad[0]]}: {name} {row[name]!r} contradicts an earlier "
                f"row of {row['full_stem']!r}; a full_stem names one instance of one round"
            )


def _mapped(column: pa.ChunkedArray, names: Mapping[str, str]) -> pa.Array:
    encoded = pc.dictionary_encode(column).combine_chunks()
    words = [names.get(word, word) for word in encoded.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(encoded.indices)
