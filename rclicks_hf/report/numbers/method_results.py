"""Results as arrays of IoU, by method and dataset, read from the Parquet files alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.result_rows import read_results
from rclicks_hf.benchmark.runs import BASELINE_RUN, SAMPLED_RUN, USER_RUN
from rclicks_hf.errors import RclicksError

GROUP_RUNS: tuple[str, ...] = tuple(CLICKING_GROUPS)


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
        boundary_ious: The same as ``ious``, of boundary IoU.

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
    boundary_ious: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)

    @cached_property
    def group_ious(self) -> np.ndarray:
        """(N, G, K) IoU; groups from the least likely clicks to the most. G = 0 if none was run."""
        runs = [self.ious[run] for run in GROUP_RUNS if run in self.ious and self.stems]
        self._refuse_uneven([one for run in runs for one in run])
        return np.stack(runs, axis=1) if runs else np.zeros((len(self.stems), 0, 0))

    @cached_property
    def baseline_ious(self) -> np.ndarray:
        """(N, K) IoU of the baseline clicker; N = 0 if it was not run."""
        runs = self.ious.get(BASELINE_RUN, [])
        self._refuse_uneven(runs)
        return np.stack(runs) if runs else np.zeros((0, 0))

    def _refuse_uneven(self, ious: Sequence[np.ndarray]) -> None:
        if len({len(one) for one in ious}) > 1:
            raise RclicksError(
                f"{' / '.join(self.key)}: trajectories of different lengths cannot be put into a "
                "table; benchmark with a target_iou above 1, which never ends one early"
            )

    @property
    def user_ious(self) -> list[np.ndarray]:
        """For each instance the (n_i,) IoU after every user's first click; n_i may be 0."""
        return list(self.ious.get(USER_RUN, []))

    @property
    def sampled_user_ious(self) -> list[np.ndarray]:
        """The same after clicks that the click model made in their place; empty if not run."""
        return list(self.ious.get(SAMPLED_RUN, []))

    @property
    def boundary(self) -> MethodResults:
        """The same results with boundary IoU where IoU was."""
        return replace(self, ious=self.boundary_ious)


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


def load_results(*paths: str | Path) -> Results:
    """Read the results of one or more runs.

    Args:
        paths: Results folders, or their ``results.parquet``.

    Returns:
        The results by method and dataset.

    Raises:
        RclicksError: If a file is absent or something else, the runs follow different protocols,
            or two of them hold the same run of an instance. Runs on two splits of a dataset are one
            row: TETRIS is published over both.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.benchmark.result_rows import ResultRow, write_part
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
    tables = [read_results(path) for path in paths]
    digests: dict[str, str | Path] = {}
    for path, table in zip(paths, tables, strict=True):
        for digest in table["protocol_digest"].unique().to_pylist():
            digests.setdefault(digest, path)
    if len(digests) > 1:
        first, other = list(digests.values())[:2]
        raise RclicksError(f"{other}: follows another protocol than {first}; report them apart")
    return Results(_methods(pa.concat_tables(tables)))


_COLUMNS = ("segmenter", "click_model", "dataset", "full_stem", "run", "iou", "boundary_iou")

_BATCH = 10_000


def _methods(table: pa.Table) -> list[MethodResults]:
    by_method: dict[MethodKey, list[dict[str, Any]]] = {}
    # Batch by batch: as Python floats, the IoUs of many methods would not fit in memory.
    for batch in table.select([*_COLUMNS, "error", "is_simulated"]).to_batches(_BATCH):
        for row in batch.to_pylist():
            row |= {name: np.array(row[name], np.float64) for name in ("iou", "boundary_iou")}
            key = MethodKey(row["segmenter"], row["click_model"], row["dataset"])
            by_method.setdefault(key, []).append(row)
    return [_method(key, rows) for key, rows in by_method.items()]


def _method(key: MethodKey, rows: list[dict[str, Any]]) -> MethodResults:
    places = [(row["full_stem"], row["run"]) for row in rows]
    if len(set(places)) < len(places):
        raise RclicksError(f"{' / '.join(key)}: given twice; name each run once")
    failed = {row["full_stem"] for row in rows if row["error"]}
    kept = [row for row in rows if row["full_stem"] not in failed]
    stems = tuple(dict.fromkeys(row["full_stem"] for row in kept))
    return MethodResults(
        key=key,
        stems=stems,
        ious=_by_run(key, kept, stems, "iou"),
        failures=len(failed),
        is_simulated=any(row["is_simulated"] for row in rows),
        boundary_ious=_by_run(key, kept, stems, "boundary_iou"),
    )


def _by_run(
    key: MethodKey, rows: list[dict[str, Any]], stems: Sequence[str], column: str
) -> dict[str, list[np.ndarray]]:
    """Run -> the column's values of every instance."""
    by_run: dict[str, dict[str, np.ndarray]] = {}
    for row in rows:
        by_run.setdefault(row["run"], {})[row["full_stem"]] = row[column]
    for run, by_stem in by_run.items():
        missing = next((stem for stem in stems if stem not in by_stem), None)
        if missing is not None:
            raise RclicksError(
                f"{' / '.join(key)}: run {run} lacks instance {missing}; give each method's runs "
                "on the same instances"
            )
    return {run: [by_stem[stem] for stem in stems] for run, by_stem in by_run.items()}
