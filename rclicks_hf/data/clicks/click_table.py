"""The click table before it is written: checks, derived columns, splits, grouping by instance."""

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
    """Check a click table (text encoded or not) and add the columns that follow from it.

    An image that the ``splits`` of its dataset leave out is in ``test``. For a dataset without
    ``splits``, the table's ``split`` column decides; else its only split; else, if it is simulated,
    `random_splits`. All rows of an instance get the split of its first row.

    Returns:
        The columns of `CLICK_SCHEMA` and `DERIVED_SCHEMA`, then further ones, text as dictionary
        arrays; same rows, same order.

    Raises:
        RclicksError: If a column is missing, a value or a split is unknown, or real and simulated
            clicks are mixed.
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
        given = clicks[raw] if raw in clicks.column_names else clicks[axis]
        columns[raw] = given.cast(pa.float64())
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

    Returns ``order`` (n,), row numbers with each instance's rows together in their old order, and
    ``starts`` (m + 1,), where in ``order`` each instance starts, ending with n.
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
                f"click table, row {bad[0]}: {axis} {value[bad[0]]} is outside the image "
                f"({side} {limit[bad[0]]}); clip it first, as read_clicks does"
            )


def _check_simulated(clicks: pa.Table, datasets: list[str]) -> None:
    """Refuse simulated clicks among real ones, or labelled as real."""
    known = {SOURCE_DATASETS[name].is_simulated for name in datasets}
    if len(known) > 1:
        raise RclicksError(
            "click table: mixes real and simulated clicks; build a separate dataset of each"
        )
    stated = known
    if "is_simulated" in clicks.column_names:
        stated = set(pc.unique(clicks["is_simulated"]).to_pylist())
    if stated != known:
        raise RclicksError(
            "click table: column 'is_simulated' contradicts 'dataset'; simulated clicks belong to "
            "simulated datasets, real clicks to real ones"
        )


def _split_column(
    clicks: pa.Table, columns: Mapping[str, Column], splits: Splits
) -> pa.DictionaryArray:
    """The split of every row: that of its instance's first row, looked up once per instance."""
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
            f"{dataset}: image {image_stem!r} has the unknown split {split!r}; use one of "
            f"{', '.join(CLOSED_VALUES['split'])}"
        )
    return split
