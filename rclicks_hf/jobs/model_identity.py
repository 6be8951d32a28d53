"""Which model or dataset was used: its name, and a digest of its files or its commit on the Hub."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from rclicks_hf.jobs.object_fingerprint import object_fingerprint
from rclicks_hf.support.files.file_digest import file_digest
from rclicks_hf.support.model_spec import ModelSpec
from rclicks_hf.support.provenance import folder_digest


@dataclass(frozen=True)
class ModelIdentity:
    """What a results folder is tied to: results of a model with another identity are refused."""

    name: str  # what tables call the model, independent of where its folder is
    fingerprint: str  # changes with the model; ``""`` if unknown, for example for a built-in name


def spec_identity(spec: ModelSpec) -> ModelIdentity:
    """Identity of the model that a spec names; load it first, so that a Hub repo is in the cache.

    The fingerprint is a digest of a folder's files, the commit of a Hub repo, or a digest of the
    file of ``module:Class`` (what that file imports is not covered).
    """
    if spec.kind == "folder":
        prefix = f"{spec.name}:" if spec.name else ""
        folder = Path(spec.place)
        # Any other folder holds no network: loading it says so, without a look at all its files.
        digest = folder_digest(folder) if (folder / "config.json").is_file() else ""
        return ModelIdentity(prefix + folder.resolve().name, digest)
    if spec.kind == "hub":
        return ModelIdentity(spec.text, hub_revision(spec.place, "model"))
    if spec.kind == "class":
        return ModelIdentity(spec.text, _module_digest(spec.module))
    return ModelIdentity(spec.text, "")


def object_identity(model: object) -> ModelIdentity:
    """Identity of an object: its ``name``, and a digest of its class and its state."""
    return ModelIdentity(str(getattr(model, "name", "")), object_fingerprint(model))


def hub_revision(name: str, kind: str, cache: Path | None = None) -> str:
    """Commit of the Hub repo that was loaded under a name; ``""`` if there was none.

    ``kind`` is ``"model"`` or ``"dataset"``; only the local cache is read, the user's by default.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    if Path(name).exists():
        return ""
    try:
        folder = snapshot_download(name, repo_type=kind, cache_dir=cache, local_files_only=True)
    except (HFValidationError, LocalEntryNotFoundError):
        return ""
    return Path(folder).name


def _module_digest(module: str) -> str:
    found = importlib.util.find_spec(module)
    origin = Path(found.origin) if found is not None and found.origin else None
    return file_digest(origin) if origin is not None and origin.is_file() else ""
