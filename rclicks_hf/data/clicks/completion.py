"""Completing a click table: derived columns, splits, and the checks before anything is written."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rclicks_hf.data.clicks.word_codes import Column, drop_unused, encode, map_words, row_codes
from rclicks_hf.data.schema import (
    CLICK_SCHEMA,
    CLOSED_VALUES,
    DERIVED_SCHEMA,
    SOURCE_DATASETS,
    round_of,
)
from rclicks_hf.data.splits import UNLISTED, random_splits
from rclicks_hf.errors import RclicksError

Splits = Mapping[str, Mapping[str, str]]


def complete_clicks(clicks: pa.Table, splits: Splits | None = None) -> pa.Table:
    """Check a click table and add the columns that follow from it.

    Args:
        clicks: Columns of `CLICK_SCHEMA`, text encoded or not; ``x_raw``, ``y_raw``, ``split`` and
            further text columns may be there.
        splits: dataset -> image_stem -> split; an image that a dataset's lists leave out is in
            ``test``. Where a dataset has none, the table's ``split`` column decides; else the
            dataset's only split; else, for a simulated dataset, a seeded draw by image
            (`random_splits`).

    Returns:
        The columns of `CLICK_SCHEMA` and `DERIVED_SCHEMA`, then the further ones, text as
        dictionary arrays; same rows, same order. All rows of an instance are in the split of its
        first.

    Raises:
        RclicksError: If a column is missing, a value is unknown, real and simulated clicks are
            mixed, or a split is unknown.

    Example:
        >>> row = ("davis", "095", "095", "", "first", "none", "pc", 1, 2, 854, 480)
        >>> clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
        >>> complete_clicks(clicks).select(DERIVED_SCHEMA.names).to_pylist()
        [{'x_raw': 1.0, 'y_raw': 2.0, 'round': 'first', 'split': 'test', 'is_simulated': False}]
    """
    _check_columns(clicks)
    columns: dict[str, Column] = {
        field.name: drop_unused(encode(clicks[field.name]))
        if field.type == pa.string()
        else clicks[field.name].cast(field.type)
        for field in CLICK_SCHEMA
    }
    _check_values(clicks, columns)
    for axis in ("x", "y"):
        raw = f"{axis}_raw"
        source = clicks[raw] if raw in clicks.column_names else clicks[axis]
        columns[raw] = source.cast(pa.float64())
    columns["round"] = map_words(columns["click_type"], round_of)
    columns["split"] = _split_column(clicks, columns, splits or {})
    datasets = columns["dataset"]
    simulated = pa.array([SOURCE_DATASETS[name].is_simulated for name in _words(datasets)])
    columns["is_simulated"] = simulated.take(datasets.indices)
    ordered = [*CLICK_SCHEMA.names, *DERIVED_SCHEMA.names]
    extra = [name for name in clicks.column_names if name not in ordered]
    return pa.table(
        {name: columns[name] for name in ordered}
        | {name: encode(_text(clicks[name])) for name in extra}
    ).combine_chunks()


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
    codes = row_codes([table["dataset"], table["full_stem"]])
    # Most tables hold an instance's rows together: then the runs are fewer than the rows.
    run_starts = np.flatnonzero(np.diff(codes, prepend=-1))
    _, first, inverse = np.unique(codes[run_starts], return_index=True, return_inverse=True)
    lengths = np.diff(np.append(run_starts, len(codes)))
    rank = np.repeat(first[inverse], lengths)  # the run in which the row's instance appears first
    order = np.argsort(rank, kind="stable")
    starts = np.flatnonzero(np.diff(rank[order], prepend=-1))
    return order, np.append(starts, len(table))


def _words(column: Column) -> list[str]:
    return drop_unused(encode(column)).dictionary.to_pylist()


def _plain(column: pa.DictionaryArray) -> list[str]:
    return column.dictionary_decode().to_pylist()


def _text(column: Column) -> Column:
    return column if pa.types.is_dictionary(column.type) else column.cast(pa.string())


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


def _check_values(clicks: pa.Table, columns: Mapping[str, Column]) -> None:
    for name in ("dataset", "click_type", "device", "split"):
        if name in clicks.column_names:
            unknown = set(_words(columns.get(name, clicks[name]))) - set(CLOSED_VALUES[name])
            if unknown:
                raise RclicksError(
                    f"click table: {name} {min(unknown)!r} is unknown; "
                    f"use one of {', '.join(CLOSED_VALUES[name])}"
                )
    _check_simulated(clicks, _words(columns["dataset"]))
    for axis, side in (("x", "w"), ("y", "h")):
        value, limit = np.asarray(columns[axis]), np.asarray(columns[side])
        bad = np.flatnonzero((value < 0) | (value >= limit))
        if len(bad):
            raise RclicksError(
                f"click table, row {bad[0]}: {axis} {value[bad[0]]} lies outside the image "
                f"({side} {limit[bad[0]]}); clip it first, as read_clicks does"
            )


def _check_simulated(clicks: pa.Table, datasets: list[str]) -> None:
    """No simulated click may pass for a real one."""
    known = {SOURCE_DATASETS[name].is_simulated for name in datasets}
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


def _split_column(
    clicks: pa.Table, columns: Mapping[str, Column], splits: Splits
) -> pa.DictionaryArray:
    """Split of every row: that of its instance's first row, looked up once an instance."""
    order, starts = group_by_instance(pa.table({k: columns[k] for k in ("dataset", "full_stem")}))
    heads = pa.array(order[starts[:-1]])
    datasets, stems = (_plain(columns[name].take(heads)) for name in ("dataset", "image_stem"))
    has_splits = "split" in clicks.column_names
    given = _plain(encode(clicks["split"]).take(heads)) if has_splits else []
    images: dict[str, list[str]] = {}
    for name, stem in zip(datasets, stems, strict=True):
        images.setdefault(name, []).append(stem)
    lists = {
        name: splits.get(name) or _default_splits(name, stems)
        for name, stems in images.items()
        if name in splits or not has_splits
    }
    found = [
        _split_of(lists[name], name, stem) if name in lists else given[number]
        for number, (name, stem) in enumerate(zip(datasets, stems, strict=True))
    ]
    encoded = encode(pa.array(found))
    rows = np.empty(len(clicks), np.int32)
    rows[order] = np.repeat(encoded.indices.to_numpy(), np.diff(starts))
    return pa.DictionaryArray.from_arrays(pa.array(rows), encoded.dictionary)


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
    split = splits.get(image_stem, UNLISTED)
    if split not in CLOSED_VALUES["split"]:
        raise RclicksError(
            f"{dataset}: image {image_stem!r} is in no split that there is ({split!r}); use one of "
            f"{', '.join(CLOSED_VALUES['split'])}"
        )
    return split
