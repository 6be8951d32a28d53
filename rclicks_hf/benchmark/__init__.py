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
    "method_results": ["MethodKey", "MethodResults", "Results", "load_results"],
    "measures": ["MEASURES", "Measure"],
    "scoring": ["Comparison", "Score", "compare", "dataset_nsr", "score", "score_all"],
    "tables": ["BenchmarkRow", "benchmark_table"],
    "table_text": ["format_table"],
}

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_EXPORTS)
