"""From results to the paper's numbers: arrays of IoU, and one table row a method and dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.results import BASELINE_RUN, USER_RUN, read_results
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics import delta_gr, delta_sb, noc, nof, nof_reference, nsr, sample_noc
from rclicks_hf.metrics.click_counts import THRESHOLD

_GROUPS = tuple(CLICKING_GROUPS)


class MethodKey(NamedTuple):
    """What one row of the table is about.

    Example:
        >>> key = MethodKey("geocut", "ud", "grabcut")
        >>> key.click_model, " / ".join(key)
        ('ud', 'geocut / ud / grabcut')
    """

    segmenter: str
    click_model: str
    dataset: str


@dataclass(frozen=True, eq=False)
class MethodResults:
    """Results of one segmenter and click model on one dataset; failed instances are left out.

    Attributes:
        key: The method and the dataset.
        stems: full_stem of the N instances.
        ious: Run -> for each instance the (K,) IoU after every click.
        failures: Number of instances that failed.
        is_simulated: True where the users' clicks were simulated.

    Example:
        >>> ious = {"g10": [np.array([0.7, 0.95])], "g1": [np.array([0.5, 0.8])]}
        >>> key = MethodKey("geocut", "ud", "grabcut")
        >>> method = MethodResults(key, ("a",), ious, failures=0, is_simulated=False)
        >>> method.group_ious.tolist(), method.baseline_ious.shape
        ([[[0.5, 0.8], [0.7, 0.95]]], (0, 0))
    """

    key: MethodKey
    stems: tuple[str, ...]
    ious: Mapping[str, Sequence[np.ndarray]]
    failures: int
    is_simulated: bool

    @cached_property
    def group_ious(self) -> np.ndarray:
        """(N, G, K) IoU; groups from the least likely clicks to the most. G = 0 if none was run."""
        runs = [np.stack(self.ious[run]) for run in _GROUPS if run in self.ious and self.stems]
        return np.stack(runs, axis=1) if runs else np.zeros((len(self.stems), 0, 0))

    @cached_property
    def baseline_ious(self) -> np.ndarray:
        """(N, K) IoU of the baseline clicker; N = 0 if it was not run."""
        runs = self.ious.get(BASELINE_RUN, [])
        return np.stack(runs) if runs else np.zeros((0, 0))

    @property
    def user_ious(self) -> list[np.ndarray]:
        """For each instance the (n_i,) IoU after every user's first click; n_i may be 0."""
        return list(self.ious.get(USER_RUN, []))


class Results(Mapping[MethodKey, MethodResults]):
    """Results of several methods and datasets, by `MethodKey` in order of first appearance.

    Example:
        >>> key = MethodKey("geocut", "ud", "grabcut")
        >>> results = Results([MethodResults(key, ("a", "b"), {}, failures=1, is_simulated=False)])
        >>> len(results), results[key].stems, MethodKey("geocut", "dt", "grabcut") in results
        (1, ('a', 'b'), False)
    """

    def __init__(self, methods: Sequence[MethodResults]) -> None:
        self._methods = {method.key: method for method in methods}

    def __getitem__(self, key: MethodKey) -> MethodResults:
        return self._methods[key]

    def __iter__(self) -> Iterator[MethodKey]:
        return iter(self._methods)

    def __len__(self) -> int:
        return len(self._methods)


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


def load_results(*paths: str | Path) -> Results:
    """Read the results of one or more runs.

    Args:
        paths: Results folders, or their ``results.parquet``.

    Returns:
        The results by method and dataset.

    Raises:
        RclicksError: If a file is absent or something else, the runs follow different protocols,
            or two of them hold the same method and dataset.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.benchmark.results import ResultRow, write_part
        >>> row = ResultRow("grabcut", "a", "a", "test", "geocut", "ud", "base", False,
        ...                 "rclicks-1", "0", iou=[0.6, 0.95])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_part(Path(folder) / "results.parquet", [row])
        ...     results = load_results(folder)
        >>> results[MethodKey("geocut", "ud", "grabcut")].baseline_ious.tolist()
        [[0.6, 0.95]]
    """
    if not paths:
        raise RclicksError("results: none given; name at least one results folder")
    methods: list[MethodResults] = []
    digests: dict[str, str | Path] = {}
    for path in paths:
        table = read_results(path)
        for digest in table["protocol_digest"].unique().to_pylist():
            digests.setdefault(digest, path)
        methods += _methods(table)
    if len(digests) > 1:
        first, other = list(digests.values())[:2]
        raise RclicksError(f"{other}: follows another protocol than {first}; report them apart")
    keys = [method.key for method in methods]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise RclicksError(f"{' / '.join(twice)}: given twice; name each run once")
    return Results(methods)


def _methods(table: pa.Table) -> list[MethodResults]:
    columns = ["segmenter", "click_model", "dataset", "full_stem", "run", "iou", "error"]
    by_method: dict[MethodKey, list[dict[str, Any]]] = {}
    for row in table.select([*columns, "is_simulated"]).to_pylist():
        key = MethodKey(row["segmenter"], row["click_model"], row["dataset"])
        by_method.setdefault(key, []).append(row)
    return [_method(key, rows) for key, rows in by_method.items()]


def _method(key: MethodKey, rows: list[dict[str, Any]]) -> MethodResults:
    failed = {row["full_stem"] for row in rows if row["error"]}
    ious: dict[str, dict[str, np.ndarray]] = {}
    for row in rows:
        if row["full_stem"] not in failed:
            values = np.array(row["iou"], np.float64)
            ious.setdefault(row["run"], {})[row["full_stem"]] = values
    stems = tuple(dict.fromkeys(r["full_stem"] for r in rows if r["full_stem"] not in failed))
    return MethodResults(
        key=key,
        stems=stems,
        ious={run: [by_stem[stem] for stem in stems] for run, by_stem in ious.items()},
        failures=len(failed),
        is_simulated=any(row["is_simulated"] for row in rows),
    )


def benchmark_table(results: Results, threshold: float = THRESHOLD) -> list[BenchmarkRow]:
    """The paper's table: a row a method and dataset.

    Args:
        results: From `load_results`.
        threshold: IoU that NoC and NoF ask for.

    Returns:
        The rows, in the order of the results.

    Example:
        >>> runs = {"base": [0.7, 0.92, 0.95], "g1": [0.5, 0.8, 0.91], "g10": [0.8, 0.93, 0.95]}
        >>> ious = {run: [np.array(values)] for run, values in runs.items()}
        >>> key = MethodKey("geocut", "ud", "grabcut")
        >>> [row] = benchmark_table(Results([MethodResults(key, ("a",), ious, 0, False)]))
        >>> row.sample_noc, row.baseline_noc, row.delta_sb  # 3 and 2 clicks to 90 %, baseline 2
        (2.5, 2.0, 25.0)
    """
    return [_table_row(method, threshold) for method in results.values()]


def _table_row(method: MethodResults, threshold: float) -> BenchmarkRow:
    numbers: dict[str, Any] = {}
    groups, baseline = method.group_ious, method.baseline_ious
    users = [ious for ious in method.user_ious if len(ious)]
    if groups.size:
        numbers |= _group_numbers(groups, threshold)
    if baseline.size:
        clicks = noc(baseline, threshold, max_clicks=baseline.shape[-1])
        numbers["baseline_noc"] = float(np.mean(clicks))
    if groups.size and baseline.size:
        numbers["delta_sb"] = delta_sb(groups, baseline, threshold, groups.shape[-1])
    if users:
        numbers["nsr"] = nsr(users)
    return BenchmarkRow(
        *method.key,
        instances=len(method.stems),
        failures=method.failures,
        is_simulated=method.is_simulated,
        **numbers,
    )


def _group_numbers(groups: np.ndarray, threshold: float) -> dict[str, float]:
    """Numbers of the clicking groups alone; groups (N, G, K)."""
    count, max_clicks = groups.shape[1:]
    mean, std = sample_noc(groups, threshold, max_clicks)
    numbers = {
        "sample_noc": mean,
        "sample_noc_std": std,
        "nof": float(np.mean(nof(groups, threshold, max_clicks))),
        "nof_reference": float(np.mean(nof_reference(groups, threshold, max_clicks))),
    }
    if count == len(_GROUPS):  # otherwise the ends of the likelihood are not there
        numbers["delta_gr"] = delta_gr(groups, threshold, max_clicks)
    return numbers
