"""The benchmark: the versioned protocol, the clicker, the resumable runner, results and tables.

Names are imported on first use (PEP 562): a table is printed without loading the engine.
"""

import lazy_loader

# Module of this package -> the names that it exports; imported on first use (PEP 562).
_EXPORTS = {
    "protocol": ["PROTOCOLS", "BenchmarkProtocol", "load_protocol"],
    "groups": ["CLICKING_GROUPS", "sample_group"],
    "clicker": ["Clicker", "Target"],
    "runs": ["RUNS"],
    "results": ["ResultRow", "RESULT_SCHEMA"],
    "source": ["InstanceSource", "RepoInstances"],
    "engine": ["run_image"],
    "runner": ["run_benchmark"],
    "tables": [
        "BenchmarkRow",
        "MethodKey",
        "MethodResults",
        "Results",
        "benchmark_table",
        "load_results",
    ],
    "table_text": ["format_table"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_EXPORTS)
