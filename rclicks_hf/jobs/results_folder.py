"""A folder of results that a stopped run goes on in: a manifest, a Parquet part a task, the whole.

The manifest says what the results are of; a run of something else is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.atomic import atomic_file

MANIFEST, PARTS = "manifest.json", "parts"

#: Characters of a part's name before it is cut: file systems take 255 bytes, temporary ending too.
MAX_NAME = 180

#: A flipped bit in the stored values is noticed when they are read.
PARQUET_OPTIONS = {"write_page_checksum": True}


def part_path(out: Path, name: str) -> Path:
    """File of one task's rows; its name may hold any character.

    Args:
        out: The folder.
        name: Name of the task, for example an image stem.

    Returns:
        A path below the folder.

    Example:
        >>> part_path(Path("runs"), "hot dog/1").name
        'hot%20dog%2F1.parquet'
    """
    file = quote(name, safe="")
    if len(file) > MAX_NAME:
        file = f"{file[:MAX_NAME]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return out / PARTS / f"{file}.parquet"


def write_table(path: Path, table: pa.Table) -> None:
    """Write rows as Parquet; the file is there whole, or not at all.

    Args:
        path: File to write; an older one is replaced.
        table: The rows.

    Raises:
        RclicksError: If the operating system refuses.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = part_path(Path(folder), "a")
        ...     write_table(path, pa.table({"ks": [0.5]}))
        ...     read_table(path, pa.schema([("ks", pa.float64())])).to_pylist()
        [{'ks': 0.5}]
    """
    with atomic_file(path) as part:
        pq.write_table(table, part, **PARQUET_OPTIONS)


def read_table(path: Path, schema: pa.Schema) -> pa.Table | None:
    """Rows of a Parquet file; None where it is absent, damaged or of another schema.

    Args:
        path: File that `write_table` wrote.
        schema: What it should hold.

    Returns:
        The rows, or None.

    Example:
        >>> read_table(Path("never-made"), pa.schema([])) is None
        True
    """
    try:
        table = pq.read_table(path, partitioning=None, page_checksum_verification=True)
    except (OSError, pa.ArrowException):
        return None
    return table if table.schema.equals(schema) else None


def read_manifest(out: Path, kind: str, fields: Iterable[str]) -> dict[str, Any] | None:
    """The manifest of a results folder, None where the folder is empty or not there.

    Args:
        out: The folder.
        kind: What results it should hold, in words for the error.
        fields: Names that the manifest of such results has.

    Returns:
        The manifest.

    Raises:
        RclicksError: If something else stands there.

    Example:
        >>> read_manifest(Path("never-made"), "a benchmark", ("segmenter",)) is None
        True
    """
    if os.path.lexists(out) and not out.is_dir():
        raise RclicksError(f"{out}: is a file; give a folder for the results with --out")
    file = out / MANIFEST
    if not file.is_file():
        if out.is_dir() and any(out.iterdir()):
            raise RclicksError(
                f"{out}: not empty and not a results folder; give another with --out"
            )
        return None
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise RclicksError(f"{file}: not readable as JSON ({error}); remove the folder") from error
    if not isinstance(found, dict) or not set(fields) <= found.keys():
        raise RclicksError(f"{file}: not the manifest of {kind}; give another --out")
    return found


def refuse_other(
    out: Path, found: Mapping[str, Any], wanted: Mapping[str, Any], fields: Iterable[str]
) -> None:
    """Refuse results of another configuration.

    Args:
        out: The folder.
        found: Its manifest.
        wanted: The manifest of this run.
        fields: What must be equal. A ``..._fingerprint`` of ``""`` is one that was not known, for
            example of a model that a run did without; on either side it equals every other.

    Raises:
        RclicksError: Names the first field that differs.

    Example:
        >>> refuse_other(Path("runs"), {"segmenter": "a"}, {"segmenter": "b"}, ["segmenter"])
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: runs: holds results of another segmenter ('a', not 'b');
        give another --out or remove it
    """
    for name in fields:
        is_fingerprint = name.endswith("_fingerprint")
        both = (found.get(name), wanted[name])
        if both[0] == both[1] or (is_fingerprint and "" in both):
            continue
        told = f"holds results of another {name} ({found.get(name)!r}, not {wanted[name]!r})"
        if is_fingerprint:
            what = name.removesuffix("_fingerprint").replace("_", " ")
            told = f"the {what} has changed since the results there were made"
        raise RclicksError(f"{out}: {told}; give another --out or remove it")


def write_manifest(out: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest, whole or not at all.

    Args:
        out: The folder; it is made where it is not there.
        manifest: What JSON can hold.

    Raises:
        RclicksError: If the operating system refuses.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_manifest(Path(folder), {"segmenter": "geocut", "runs": ["base"]})
        ...     read_manifest(Path(folder), "a benchmark", ["runs"])
        {'segmenter': 'geocut', 'runs': ['base']}
    """
    with atomic_file(out / MANIFEST) as part:
        part.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
