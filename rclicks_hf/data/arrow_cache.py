"""Rows of Parquet files through memory-mapped Arrow files, which are cached by content.

``datasets`` keys its cache of a local folder by the card's YAML, not by the files, so it would
serve the old rows of an edited file. Here the key is the SHA-256 of the file itself.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.atomic import atomic_file
from rclicks_hf.support.files.file_digest import open_file_digest

_FOLDER = "rclicks-files"  # in the cache of ``datasets``; no dataset can have this name there
_BATCH_ROWS = 1_000
_IMAGE_BATCH_ROWS = 50


def read_parquet(files: Sequence[Path], split: str) -> datasets.Dataset:
    """The rows of Parquet files as one memory-mapped dataset."""
    return map_arrow([_arrow_file(file) for file in files], split)


def map_arrow(files: Sequence[Path], split: str) -> datasets.Dataset:
    """The rows of Arrow files as one memory-mapped dataset."""
    named = datasets.NamedSplit(split)
    parts = [datasets.Dataset.from_file(str(file), split=named) for file in files]
    return parts[0] if len(parts) == 1 else datasets.concatenate_datasets(parts)


def write_arrow(source: pq.ParquetFile, target: Path) -> None:
    """Write the rows of a Parquet file as ``datasets`` stores them, in batches."""
    features = datasets.Features.from_arrow_schema(source.schema_arrow)
    has_images = any(isinstance(feature, datasets.Image) for feature in features.values())
    rows = _IMAGE_BATCH_ROWS if has_images else _BATCH_ROWS
    schema = features.arrow_schema
    with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for batch in source.iter_batches(rows):
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))


def _arrow_file(path: Path) -> Path:
    home = datasets.config.HF_DATASETS_CACHE / _FOLDER
    with path.open("rb") as file:
        digest = open_file_digest(file)
        target = home / f"{digest}.arrow"
        if target.exists():
            return target
        _require_writable(home)
        with atomic_file(target) as part:
            file.seek(0)
            with pq.ParquetFile(file) as source:
                write_arrow(source, part)
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise RclicksError(f"{path}: changed while it was read; run the command again")
    return target


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return
    except OSError:
        pass
    raise RclicksError(
        f"{folder}: the cache cannot be written there; set HF_HOME or HF_DATASETS_CACHE to a "
        "folder that can be written"
    )
