"""Writing tables as the Parquet files of a dataset repo."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rclicks_hf.data.clicks.csv_reader import RejectedRow
from rclicks_hf.data.clicks.word_codes import Column, compact, encode, row_codes
from rclicks_hf.data.features import click_features, instance_features, label_columns
from rclicks_hf.data.repo_files import part_path
from rclicks_hf.data.schema import CLOSED_VALUES

REJECTED = "rejected.parquet"
_ROW_GROUP_ROWS = 100_000
_LEVELS = ("dataset", "round", "device", "split")  # a file each


def write_click_parts(clicks: pa.Table, root: Path) -> None:
    """Write one file for each dataset, round, device and split that has clicks.

    Args:
        clicks: A completed click table.
        root: The repo's folder.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.data.clicks.completion import complete_clicks
        >>> from rclicks_hf.data.schema import CLICK_SCHEMA
        >>> row = ("davis", "095", "095", "", "first", "none", "pc", 1, 2, 854, 480)
        >>> clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
        >>> root = Path(tempfile.mkdtemp())
        >>> write_click_parts(complete_clicks(clicks), root)
        >>> [path.relative_to(root).as_posix() for path in root.rglob("*.parquet")]
        ['clicks/dataset=davis/round=first/device=pc/split=test/part-00000.parquet']
    """
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
        path = part_path("clicks", words["split"], *(words[name] for name in _LEVELS[:3]))
        write_part(part, root / path, schema)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(write, parts))  # a list, so that an error is raised


def write_instance_parts(instances: pa.Table, root: Path) -> None:
    """Write one file for each dataset and split that has instances.

    Args:
        instances: Rows of `instance_features`.
        root: The repo's folder.

    Example:
        >>> write_instance_parts(instance_features().arrow_schema.empty_table(), Path("nowhere"))
    """
    schema = instance_features().arrow_schema
    codes = row_codes([instances["dataset"], instances["split"]])
    for code in np.unique(codes):
        part = instances.filter(pa.array(codes == code))
        dataset, split = (
            CLOSED_VALUES[name][part[name][0].as_py()] for name in ("dataset", "split")
        )
        write_part(part, root / part_path("instances", split, dataset), schema)


def write_rejected(rejected: Sequence[RejectedRow], root: Path) -> None:
    """Write the lines of the CSV that were left out to ``rejected.parquet``.

    Args:
        rejected: As `read_clicks` notes them.
        root: The repo's folder.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> write_rejected([RejectedRow(7, "x 'a' is no number", "...,a,20,321,481")], root)
        >>> pq.read_table(root / REJECTED)["line"].to_pylist()
        [7]
    """
    rows = [row._asdict() for row in rejected]
    schema = pa.schema([("line", pa.int64()), ("reason", pa.string()), ("text", pa.string())])
    pq.write_table(pa.Table.from_pylist(rows, schema), root / REJECTED, compression="zstd")


def write_part(table: pa.Table, path: Path, schema: pa.Schema) -> None:
    """Write one Parquet file.

    Args:
        table: The columns of ``schema``, closed ones as labels, text encoded or not.
        path: File to write; its folder is made.
        schema: The Arrow schema of what ``datasets`` reads there.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a" / "b.parquet"
        >>> write_part(pa.table({"name": ["x"]}), path, pa.schema([("name", pa.string())]))
        >>> pq.read_schema(path).field("name").type
        DataType(string)
    """
    columns = [_stored(table[field.name], field.type) for field in schema]
    path.parent.mkdir(parents=True)
    stored = pa.table(columns, names=schema.names)
    # Text is written from dictionary arrays; without their schema it is read as plain text.
    with pq.ParquetWriter(path, stored.schema, compression="zstd", store_schema=False) as writer:
        writer.write_table(stored, row_group_size=_ROW_GROUP_ROWS)
        writer.add_key_value_metadata(schema.metadata or {})


def _stored(column: Column, kind: pa.DataType) -> Column:
    """A column as it is written: encoded text stays encoded, without the words of other parts."""
    if pa.types.is_dictionary(column.type):
        return compact(encode(column))
    return column.cast(kind)
