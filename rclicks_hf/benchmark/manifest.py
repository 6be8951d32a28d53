"""What a benchmark's manifest says, and the refusal to mix results of two protocols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import MANIFEST, read_manifest
from rclicks_hf.jobs.resumable_job import run_facts

RESULTS = "results.parquet"

#: Entries of the manifest that must be equal for a run to resume in a folder.
IDENTITY: tuple[str, ...] = (
    "segmenter",
    "segmenter_fingerprint",
    "click_model",
    "click_model_fingerprint",
    "dataset",
    "split",
    "dataset_fingerprint",
)

SEGMENTER_SETTINGS = "segmenter_settings"


def describe_run(
    protocol: BenchmarkProtocol, identity: dict[str, str], runs: tuple[str, ...]
) -> dict[str, Any]:
    """The manifest of an unfinished run; ``identity`` has a text for every name in `IDENTITY`."""
    return {
        **{name: identity[name] for name in IDENTITY},
        "protocol": asdict(protocol),
        "protocol_digest": protocol.digest,
        "runs": list(runs),
        **run_facts(),
    }


def read_run(out: Path) -> dict[str, Any] | None:
    """The manifest of a benchmark; None where the folder is empty or absent."""
    found = read_manifest(out, "a benchmark", (*IDENTITY, "protocol"))
    if found is not None and not isinstance(found["protocol"], dict):
        raise RclicksError(f"{out / MANIFEST}: its protocol is damaged; remove the folder")
    return found


def refuse_other_protocol(out: Path, found: dict[str, Any], protocol: BenchmarkProtocol) -> None:
    """Refuse results that were made under other rules, naming the first that differs."""
    different = protocol.differences(found)
    if different:
        name = different[0]
        raise RclicksError(
            f"{out}: holds results of another protocol ({name} is {found.get(name)!r}, "
            f"not {getattr(protocol, name)!r}); give another --out or remove it"
        )


def refuse_other_settings(out: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Refuse results of a segmenter with other settings, naming the first that differs.

    Manifests of earlier versions have no settings, and no segmenter had any then.
    """
    old, new = found.get(SEGMENTER_SETTINGS) or {}, wanted[SEGMENTER_SETTINGS]
    for name in {**new, **old}:
        if old.get(name) != new.get(name):
            raise RclicksError(
                f"{out}: holds results of the segmenter with other settings ({name} is "
                f"{old.get(name)!r}, not {new.get(name)!r}); give another --out or remove it"
            )
