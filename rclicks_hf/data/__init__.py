"""The click data: schema, readers of images and clicks, the Parquet builder, loading, verification.

Names are imported on first use (PEP 562), so that ``import rclicks_hf.data.schema`` stays cheap.
"""

from __future__ import annotations

import importlib
from typing import Any

# Public name -> module of this package that holds it.
_EXPORTS = {
    "Click": "instances",
    "Clicks": "instances",
    "Instance": "instances",
    "CLICK_SCHEMA": "schema",
    "CLICK_TYPES": "schema",
    "DEVICES": "schema",
    "ROUNDS": "schema",
    "SOURCE_DATASETS": "schema",
    "SPLITS": "schema",
    "ConfigKey": "schema",
    "SourceDataset": "schema",
    "config_names": "schema",
    "FullStem": "stems",
    "ImageSource": "sources",
    "MemorySource": "sources",
    "SourceWithPrevious": "sources",
    "FolderSource": "sources",
    "find_sources": "sources",
    "LAYOUTS": "layouts",
    "read_clicks": "clicks_csv",
    "RejectedRow": "clicks_csv",
    "random_splits": "splits",
    "read_split_lists": "splits",
    "click_map": "click_maps",
    "BuildReport": "builder",
    "build_dataset": "builder",
    "build_from_files": "builder",
    "InstanceTable": "loading",
    "load_instances": "loading",
    "Check": "verify",
    "verify_dataset": "verify",
    "click_density": "annotators",
    "simulate_clicks": "annotators",
    "simulate_rounds": "rounds",
    "generate_scenes": "scenes",
}

__all__ = list(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'rclicks_hf.data' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
