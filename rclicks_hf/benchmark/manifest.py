"""The results folder: what was run, with what, on what; and the refusal to mix two runs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.claims import CLAIMS
from rclicks_hf.jobs.results_folder import (
    MANIFEST,
    PARTS,
    read_manifest,
    refuse_other,
    write_manifest,
)
from rclicks_hf.support.provenance import command_line, library_versions

RESULTS = "results.parquet"
PATIENCE = 600.0  # seconds that a helper of a launch waits for the main process

#: Entries of the manifest that must be equal for a run to go on in a folder.
IDENTITY = (
    "segmenter",
    "segmenter_fingerprint",
    "click_model",
    "click_model_fingerprint",
    "dataset",
    "split",
    "dataset_fingerprint",
)

_LIBRARIES = ("numpy", "scipy", "opencv-python-headless", "pyarrow", "torch", "transformers")


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
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count(), **_accelerator()},
    }


def _accelerator() -> dict[str, str]:
    """Name of the GPU, if the segmenter could have used one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {}
    return {"gpu": torch.cuda.get_device_name()}


def read_run(out: Path) -> dict[str, Any] | None:
    """The manifest of a benchmark, None where the folder is empty or not there.

    Args:
        out: The results folder.

    Returns:
        The manifest.

    Raises:
        RclicksError: If something else stands there.

    Example:
        >>> read_run(Path("never-made")) is None
        True
    """
    found = read_manifest(out, "a benchmark", (*IDENTITY, "protocol"))
    if found is not None and not isinstance(found["protocol"], dict):
        raise RclicksError(f"{out / MANIFEST}: its protocol is damaged; remove the folder")
    return found


def open_results(
    out: Path, manifest: dict[str, Any], protocol: BenchmarkProtocol, *, overwrite: bool
) -> None:
    """Make a results folder, or go on in one that belongs to the same run.

    Args:
        out: The folder.
        manifest: From `describe_run`; fingerprints that it lacks are taken from the folder's.
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
    found = read_run(out)
    if found is not None and overwrite:
        _clear(out)
    else:
        _refuse_other_run(out, found, manifest, protocol)
        # What an earlier run knew of a model that this one does without stays known.
        manifest |= {name: manifest[name] or found[name] for name in IDENTITY} if found else {}
    write_manifest(out, manifest)


def join_results(
    out: Path, manifest: dict[str, Any], protocol: BenchmarkProtocol, patience: float = PATIENCE
) -> None:
    """Wait until the main process of a launch has opened the folder, and check what is there.

    Args:
        out: The folder.
        manifest: From `describe_run`.
        protocol: The rules to be followed.
        patience: Seconds to wait.

    Raises:
        RclicksError: As `open_results`, or if nothing comes.

    Example:
        >>> import tempfile
        >>> protocol = BenchmarkProtocol()
        >>> manifest = describe_run(protocol, dict.fromkeys(IDENTITY, ""), ("base",))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     open_results(Path(folder), manifest, protocol, overwrite=False)
        ...     join_results(Path(folder), manifest, protocol)
    """
    end = time.monotonic() + patience
    while not (out / MANIFEST).is_file():
        if time.monotonic() > end:
            raise RclicksError(
                f"{out}: the main process has not opened it; do all nodes see one folder there?"
            )
        time.sleep(0.05)
    _refuse_other_run(out, read_run(out), manifest, protocol)


def _refuse_other_run(
    out: Path, found: dict[str, Any] | None, wanted: dict[str, Any], protocol: BenchmarkProtocol
) -> None:
    if found is not None:
        refuse_other(out, found, wanted, IDENTITY)
        _refuse_other_protocol(out, found["protocol"], protocol)


def _clear(out: Path) -> None:
    (out / MANIFEST).unlink()
    (out / RESULTS).unlink(missing_ok=True)
    for folder in (PARTS, CLAIMS):
        shutil.rmtree(out / folder, ignore_errors=True)


def _refuse_other_protocol(out: Path, found: dict[str, Any], protocol: BenchmarkProtocol) -> None:
    different = protocol.differences(found)
    if different:
        name = different[0]
        raise RclicksError(
            f"{out}: holds results of another protocol ({name} is {found.get(name)!r}, "
            f"not {getattr(protocol, name)!r}); give another --out or remove it"
        )
