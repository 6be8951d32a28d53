"""The benchmark's main table: one row a method and dataset."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.numbers.method_results import MethodResults, Results, load_results
from rclicks_hf.report.numbers.scoring import score

# A table starts with `load_results`, so that name is here too.
__all__ = ["BenchmarkRow", "benchmark_table", "load_results"]


@dataclass(frozen=True)
class BenchmarkRow:
    """One row of the benchmark table; NaN where the runs that a number needs are missing.

    Attributes:
        segmenter, click_model, dataset: What the row is about.
        instances: Instances that count.
        failures: Instances that failed with an error, left out of everything else.
        sample_noc: Mean number of clicks to the threshold over instances and groups.
        sample_noc_std: Mean over instances of the std over groups.
        delta_sb: Per cent more clicks than the baseline clicker needs.
        delta_gr: Per cent more clicks in the least likely group than in the most likely one.
        nsr: Noise-to-signal ratio over users' first clicks, per cent.
        nof: Instances that never reach the threshold, mean over groups.
        nof_reference: The same as the paper's code counts it (NoC equal to the maximum).
        baseline_noc: Mean number of clicks of the baseline clicker.
        is_simulated: True where the users' clicks were simulated.

    Example:
        >>> row = BenchmarkRow("geocut", "ud", "grabcut", 50, 0, baseline_noc=4.2)
        >>> row.baseline_noc, row.delta_sb  # no group was run
        (4.2, nan)
    """

    segmenter: str
    click_model: str
    dataset: str
    instances: int
    failures: int
    sample_noc: float = math.nan
    sample_noc_std: float = math.nan
    delta_sb: float = math.nan
    delta_gr: float = math.nan
    nsr: float = math.nan
    nof: float = math.nan
    nof_reference: float = math.nan
    baseline_noc: float = math.nan
    is_simulated: bool = False


def benchmark_table(results: Results, threshold: float = THRESHOLD) -> list[BenchmarkRow]:
    """The paper's table: a row a method and dataset.

    Args:
        results: From `load_results`.
        threshold: IoU that NoC and NoF ask for.

    Returns:
        The rows, in the order of the results.

    Example:
        >>> import numpy as np
        >>> runs = {"base": [0.7, 0.92, 0.95], "g1": [0.5, 0.8, 0.91], "g10": [0.8, 0.93, 0.95]}
        >>> ious = {run: [np.array(values)] for run, values in runs.items()}
        >>> from rclicks_hf.report.numbers.method_results import MethodKey
        >>> key = MethodKey("geocut", "ud", "grabcut")
        >>> [row] = benchmark_table(Results([MethodResults(key, ("a",), ious, 0, False)]))
        >>> row.sample_noc, row.baseline_noc, row.delta_sb  # 3 and 2 clicks to 90 %, baseline 2
        (2.5, 2.0, 25.0)
    """
    return [_table_row(method, threshold) for method in results.values()]


def _table_row(method: MethodResults, threshold: float) -> BenchmarkRow:
    scores = {name: score(MEASURES[key], method, threshold) for name, key in _ROW.items()}
    numbers: dict[str, Any] = {name: found.value for name, found in scores.items()}
    return BenchmarkRow(
        *method.key,
        instances=len(method.stems),
        failures=method.failures,
        is_simulated=method.is_simulated,
        sample_noc_std=scores["sample_noc"].spread,
        **numbers,
    )


#: Field of `BenchmarkRow` -> measure.
_ROW = {
    "sample_noc": "sample_noc",
    "delta_sb": "delta_sb_noc",
    "delta_gr": "delta_gr_noc",
    "nsr": "nsr_user",
    "nof": "sample_nof",
    "nof_reference": "sample_nof_reference",
    "baseline_noc": "base_noc",
}
