"""The results folder: what was run, with what, on what; and the refusal to mix two runs."""

from __future__ import annotations

import json
import os
import platform
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rclicks_hf.atomic import atomic_file
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.errors import RclicksError
from rclicks_hf.provenance import command_line, library_versions

MANIFEST, RESULTS, PARTS = "manifest.json", "results.parquet", "parts"

#: Entries of the manifest that must be equal for a run to go on in a folder.
IDENTITY = (
    "segmenter",
    "click_model",
    "click_model_fingerprint",
    "dataset",
    "split",
    "dataset_fingerprint",
)

_LIBRARIES = ("numpy", "scipy", "opencv-python-headless", "pyarrow", "torch", "transformers")


def part_path(out: Path, image_stem: str) -> Path:
    """File of one image's rows; a stem may hold any character.

    Example:
        >>> part_path(Path("runs"), "hot dog/1").name
        'hot%20dog%2F1.parquet'
    """
    return out / PARTS / f"{quote(image_stem, safe='')}.parquet"


def describe_run(
    protocol: BenchmarkProtocol, identity: dict[str, str], runs: tuple[str, ...]
) -> dict[str, Any]:
    """The manifest of a run that has not finished yet.

    Args:
        protocol: The rules followed.
        identity: One text for every name in `IDENTITY`.
        runs: Names of the runs.

    Example:
        >>> identity = dict.fromkeys(IDENTITY, "") | {"segmenter": "geocut"}
        >>> manifest = describe_run(BenchmarkProtocol(max_clicks=5), identity, ("base",))
        >>> manifest["segmenter"], manifest["protocol"]["max_clicks"], manifest["is_finished"]
        ('geocut', 5, False)
    """
    return {
        **{name: identity[name] for name in IDENTITY},
        "protocol": asdict(protocol),
        "protocol_digest": protocol.digest,
        "runs": list(runs),
        "is_finished": False,
        "command": command_line(),
        "versions": {"python": platform.python_version(), **library_versions(_LIBRARIES)},
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count()},
    }


def open_results(
    out: Path, manifest: dict[str, Any], protocol: BenchmarkProtocol, *, overwrite: bool
) -> None:
    """Make a results folder, or go on in one that belongs to the same run.

    Args:
        out: The folder.
        manifest: From `describe_run`.
        protocol: The rules to be followed.
        overwrite: Remove older results first, of whatever run.

    Raises:
        RclicksError: If the folder holds something else, or results of another protocol, model or
            dataset; the field that differs is named.

    Example:
        >>> import tempfile
        >>> protocol = BenchmarkProtocol()
        >>> mine, other = (
        ...     describe_run(protocol, dict.fromkeys(IDENTITY, "") | {"segmenter": name}, ("base",))
        ...     for name in ("geocut", "sam"))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     open_results(Path(folder), mine, protocol, overwrite=False)
        ...     open_results(Path(folder), mine, protocol, overwrite=False)  # goes on
        ...     open_results(Path(folder), other, protocol, overwrite=False)
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: ...: holds results of another segmenter
        ('geocut', not 'sam'); give another --out or remove it
    """
    if os.path.lexists(out) and not out.is_dir():
        raise RclicksError(f"{out}: is a file; give a folder for the results with --out")
    found = _read_manifest(out)
    if found is None and out.is_dir() and any(out.iterdir()):
        raise RclicksError(f"{out}: not empty and not a results folder; give another with --out")
    if found is not None and overwrite:
        _clear(out)
    elif found is not None:
        _refuse_other(out, found, manifest, protocol)
    write_manifest(out, manifest)


def write_manifest(out: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest, whole or not at all.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_manifest(Path(folder), {"segmenter": "geocut", "runs": ["base"]})
        ...     json.loads((Path(folder) / "manifest.json").read_text("utf-8"))
        {'segmenter': 'geocut', 'runs': ['base']}
    """
    with atomic_file(out / MANIFEST) as part:
        part.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _clear(out: Path) -> None:
    (out / MANIFEST).unlink()
    (out / RESULTS).unlink(missing_ok=True)
    shutil.rmtree(out / PARTS, ignore_errors=True)


def _read_manifest(out: Path) -> dict[str, Any] | None:
    file = out / MANIFEST
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise RclicksError(f"{file}: not readable as JSON ({error}); remove the folder") from error
    if not isinstance(found, dict) or not isinstance(found.get("protocol"), dict):
        raise RclicksError(f"{file}: not the manifest of a benchmark; give another --out")
    return found


def _refuse_other(
    out: Path, found: dict[str, Any], manifest: dict[str, Any], protocol: BenchmarkProtocol
) -> None:
    for name in IDENTITY:
        if found.get(name) != manifest[name]:
            raise RclicksError(
                f"{out}: holds results of another {name} ({found.get(name)!r}, not "
                f"{manifest[name]!r}); give another --out or remove it"
            )
    different = protocol.differences(found["protocol"])
    if different:
        name = different[0]
        raise RclicksError(
            f"{out}: holds results of another protocol ({name} is {found['protocol'].get(name)!r}, "
            f"not {getattr(protocol, name)!r}); give another --out or remove it"
        )
