"""Writing tables as the Parquet files of a dataset repo."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets.config import DEFAULT_CDC_OPTIONS

from rclicks_hf.data.clicks.csv_reader import RejectedRow
from rclicks_hf.data.clicks.word_codes import Column, compact, encode, row_codes
from rclicks_hf.data.features import click_features, instance_features, label_columns
from rclicks_hf.data.repo_files import parquet_path
from rclicks_hf.data.schema import CLOSED_VALUES

REJECTED = "rejected.parquet"
# As ``datasets`` writes Parquet: chunks that stay the same where rows do, so that a Hub stores an
# edited file's unchanged parts once, and an index with which readers skip pages.
WRITER_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "use_content_defined_chunking": DEFAULT_CDC_OPTIONS,
    "write_page_index": True,
}
WRITER_METADATA = {"content_defined_chunking": json.dumps(DEFAULT_CDC_OPTIONS)}
_ROW_GROUP_ROWS = 100_000
_LEVELS = ("dataset", "round", "device", "split")  # one file per combination


def write_click_files(clicks: pa.Table, root: Path) -> None:
    """Write one file per dataset, round, device and split of a completed click table."""
    known = click_features()
    features = click_features([name for name in clicks.column_names if name not in known])
    schema = features.arrow_schema
    codes = row_codes([clicks[name] for name in _LEVELS])
    order = np.argsort(codes, kind="stable")
    clicks = label_columns(clicks.take(pa.array(order)))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    parts = [
        clicks.slice(start, end - start)
        for start, end in zip(starts, np.append(starts[1:], len(clicks)), strict=True)
    ]

    def write(part: pa.Table) -> None:
        words = {name: CLOSED_VALUES[name][part[name][0].as_py()] for name in _LEVELS}
        path = parquet_path("clicks", words["split"], *(words[name] for name in _LEVELS[:3]))
        _write_file(part, root / path, schema)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(write, parts))  # the list raises the errors


def write_instance_files(instances: pa.Table, root: Path) -> None:
    """Write one file per dataset and split of the rows of `instance_features`."""
    schema = instance_features().arrow_schema
    codes = row_codes([instances["dataset"], instances["split"]])
    for code in np.unique(codes):
        part = instances.filter(pa.array(codes == code))
        dataset, split = (
            CLOSED_VALUES[name][part[name][0].as_py()] for name in ("dataset", "split")
        )
        _write_file(part, root / parquet_path("instances", split, dataset), schema)


def write_rejected(rejected: Sequence[RejectedRow], root: Path) -> None:
    """Write the lines of the CSV that were left out to ``rejected.parquet``."""
    rows = [row._asdict() for row in rejected]
    schema = pa.schema([("line", pa.int64()), ("reason", pa.string()), ("text", pa.string())])
    pq.write_table(pa.Table.from_pylist(rows, schema), root / REJECTED, compression="zstd")


def _write_file(table: pa.Table, path: Path, schema: pa.Schema) -> None:
    """Write one Parquet file; closed columns are labels, text may be dictionary-encoded."""
    columns = [_stored(table[field.name], field.type) for field in schema]
    path.parent.mkdir(parents=True)
    stored = pa.table(columns, names=schema.names)
    # Text is written from dictionary arrays; without their stored schema it is read as plain text.
    with pq.ParquetWriter(path, stored.schema, store_schema=False, **WRITER_OPTIONS) as writer:
        writer.write_table(stored, row_group_size=_ROW_GROUP_ROWS)
        writer.add_key_value_metadata({**(schema.metadata or {}), **WRITER_METADATA})


def _stored(column: Column, kind: pa.DataType) -> Column:
    """A column as it is written: encoded text without the words of other files, or a cast."""
    if pa.types.is_dictionary(column.type):
        return compact(encode(column))
    return column.cast(kind)
