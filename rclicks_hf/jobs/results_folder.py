"""A results folder: its manifest, and Parquet files that are written whole.

The manifest says what the results are of; a run of something else is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.atomic import atomic_file
from rclicks_hf.support.network_options import DTYPES
from rclicks_hf.support.text.visible_text import shorten, visible

MANIFEST, PARTS = "manifest.json", "parts"

DTYPE = "dtype"  # manifest entry: the precision of the networks

#: Characters of a part's name before it is cut: file systems take 255 bytes, temporary ending too.
MAX_NAME = 180

#: A flipped bit in the stored values is noticed when they are read.
PARQUET_OPTIONS = {"write_page_checksum": True}


def part_path(out: Path, name: str) -> Path:
    """File of one task's rows; the task's name may hold any character."""
    file = quote(name, safe="")
    if len(file) > MAX_NAME:
        file = f"{file[:MAX_NAME]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return out / PARTS / f"{file}.parquet"


def write_table(path: Path, table: pa.Table) -> None:
    """Write rows as Parquet, whole or not at all; an older file is replaced."""
    with atomic_file(path) as part:
        pq.write_table(table, part, **PARQUET_OPTIONS)


def read_table(
    path: Path, schema: pa.Schema, columns: Sequence[str] | None = None
) -> pa.Table | None:
    """Rows of a Parquet file; None where it is absent, damaged or of another schema.

    Of ``columns`` alone where they are given; the schema is that of the whole file.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(schema):
                return None
            return file.read(columns=None if columns is None else list(columns))
    except (OSError, pa.ArrowException):
        return None


def read_manifest(out: Path, kind: str, fields: Iterable[str]) -> dict[str, Any] | None:
    """The manifest of a results folder; None where the folder is empty or absent.

    ``kind`` says in an error message what should be there, a manifest with ``fields``.
    """
    if os.path.lexists(out) and not out.is_dir():
        what = "leads nowhere" if out.is_symlink() and not out.exists() else "is a file"
        raise RclicksError(f"{out}: {what}; give a folder for the results with --out")
    file = out / MANIFEST
    if not file.is_file():
        if out.is_dir() and any(out.iterdir()):
            raise RclicksError(
                f"{out}: not empty and not a results folder; choose another output folder"
            )
        return None
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RclicksError(f"{file}: not readable as JSON ({error}); remove the folder") from error
    if not isinstance(found, dict) or not set(fields) <= found.keys():
        other = found.get("kind") if isinstance(found, dict) else None
        problem = f"{file}: not the manifest of {kind}"
        if isinstance(other, str) and other != kind:
            problem = f"{out}: holds {shorten(visible(other), 60)}, not {kind}"
        raise RclicksError(f"{problem}; give another folder")
    return found


def write_manifest(out: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest, whole or not at all; the folder is created where it is absent."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    with atomic_file(out / MANIFEST) as part:
        # Bytes of a path that are not UTF-8 become the escapes that JSON has for them.
        part.write_bytes(text.encode("utf-8", "backslashreplace"))


def refuse_other(
    out: Path, found: Mapping[str, Any], wanted: Mapping[str, Any], fields: Iterable[str]
) -> None:
    """Refuse results of another configuration, naming the first of ``fields`` that differs.

    An unknown fingerprint (``""``, for example of a model that a run did without) equals any other.
    """
    for name in fields:
        is_fingerprint = name.endswith("_fingerprint")
        if found.get(name) == wanted[name]:
            continue
        if is_fingerprint and _may_be_equal(found.get(name), wanted[name]):
            continue
        reason = f"holds results of another {name} ({found.get(name)!r}, not {wanted[name]!r})"
        if is_fingerprint:
            what = name.removesuffix("_fingerprint").replace("_", " ")
            reason = f"the {what} has changed since the results there were made"
        raise RclicksError(f"{out}: {reason}; give another --out or remove it")


def refuse_other_dtype(out: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse results of another precision; manifests without one are of 32-bit floats."""
    old, new = found.get(DTYPE, DTYPES[0]), wanted[DTYPE]
    if old != new:
        raise RclicksError(
            f"{out}: holds results of another {DTYPE} ({old!r}, not {new!r}); give another --out "
            "or remove it"
        )


def keep_known(
    found: Mapping[str, Any], wanted: Mapping[str, Any], fields: Iterable[str]
) -> dict[str, Any]:
    """``wanted``, with the fingerprints that it lacks taken from an earlier manifest."""
    filled = dict(wanted)
    for name in fields:
        if isinstance(wanted[name], list):
            filled[name] = [
                mine or old for mine, old in zip(wanted[name], found[name], strict=True)
            ]
        elif wanted[name] == "":
            filled[name] = found[name]
    return filled


def _may_be_equal(found: Any, wanted: Any) -> bool:
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return all(a == b or "" in (a, b) for a, b in zip(found, wanted, strict=True))
    return "" in (found, wanted)
