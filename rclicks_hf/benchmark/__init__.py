"""The benchmark: the versioned protocol, the clicker, the resumable runner, results and tables.

Names are imported on first use (PEP 562): a table is printed without loading the engine.
"""

from __future__ import annotations

import importlib
from typing import Any

# Public name -> module of this package that holds it.
_EXPORTS = {
    "BenchmarkProtocol": "protocol",
    "CLICKING_GROUPS": "groups",
    "sample_group": "groups",
    "Clicker": "clicker",
    "Target": "clicker",
    "ResultRow": "results",
    "RESULT_SCHEMA": "results",
    "RUNS": "results",
    "InstanceSource": "source",
    "RepoInstances": "source",
    "run_image": "engine",
    "run_benchmark": "runner",
    "BenchmarkRow": "tables",
    "MethodKey": "tables",
    "MethodResults": "tables",
    "Results": "tables",
    "benchmark_table": "tables",
    "load_results": "tables",
    "format_table": "table_text",
}

__all__ = list(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module 'rclicks_hf.benchmark' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
