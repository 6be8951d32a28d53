"""Results as arrays of IoU, per method and dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.runs import BASELINE_RUN, SAMPLED_RUN, USER_RUN
from rclicks_hf.errors import RclicksError

GROUP_RUNS: tuple[str, ...] = tuple(CLICKING_GROUPS)


class MethodKey(NamedTuple):
    """A method (a segmenter with its click model) on a dataset: one row of the tables.

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
    """Results of one method on one dataset; failed instances are left out.

    Attributes:
        key: The method and the dataset.
        stems: full_stem of the N instances.
        ious: Run -> per instance the (K,) IoU after each click.
        failures: Number of instances that failed.
        is_simulated: True where the users' clicks were simulated.
        boundary_ious: As ``ious``, with boundary IoU.

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
        """(N, G, K) IoU, groups from least to most likely clicks; G = 0 if no group was run."""
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
                f"{' / '.join(self.key)}: trajectories of different lengths do not fit into one "
                "table; benchmark with a target_iou above 1, which never stops one early"
            )

    @property
    def user_ious(self) -> list[np.ndarray]:
        """Per instance the (n_i,) IoU after each user's first click; n_i may be 0."""
        return list(self.ious.get(USER_RUN, []))

    @property
    def sampled_user_ious(self) -> list[np.ndarray]:
        """As `user_ious`, after clicks drawn from the click model; empty if not run."""
        return list(self.ious.get(SAMPLED_RUN, []))

    @property
    def boundary(self) -> MethodResults:
        """The same results with boundary IoU in place of IoU."""
        return replace(self, ious=self.boundary_ious)


def methods_of(table: pa.Table) -> list[MethodResults]:
    """The methods of a results table, in order of first appearance."""
    columns = [table[name].to_pylist() for name in (*MethodKey._fields, "full_stem", "run")]
    rows_of: dict[MethodKey, list[int]] = {}
    places = list(zip(*columns, strict=True))
    for row, (segmenter, click_model, dataset, *_) in enumerate(places):
        rows_of.setdefault(MethodKey(segmenter, click_model, dataset), []).append(row)
    has_error = [bool(error) for error in table["error"].to_pylist()]
    is_simulated = table["is_simulated"].to_pylist()
    ious, boundary_ious = _arrays(table["iou"]), _arrays(table["boundary_iou"])
    methods = []
    for key, rows in rows_of.items():
        if len({places[row] for row in rows}) < len(rows):
            raise RclicksError(f"{' / '.join(key)}: given twice; pass each run once")
        failed = {places[row][3] for row in rows if has_error[row]}
        kept = [row for row in rows if places[row][3] not in failed]
        by_run: dict[str, dict[str, int]] = {}
        for row in kept:
            _, _, _, stem, run = places[row]
            by_run.setdefault(run, {})[stem] = row
        stems = tuple(dict.fromkeys(places[row][3] for row in kept))
        _refuse_missing(key, by_run, stems)
        methods.append(
            MethodResults(
                key=key,
                stems=stems,
                ious={run: [ious[of[stem]] for stem in stems] for run, of in by_run.items()},
                failures=len(failed),
                is_simulated=any(is_simulated[row] for row in rows),
                boundary_ious={
                    run: [boundary_ious[of[stem]] for stem in stems] for run, of in by_run.items()
                },
            )
        )
    return methods


def _arrays(column: pa.ChunkedArray) -> list[np.ndarray]:
    """Each row's list as a view of Arrow's memory: copied as lists they would not fit in it."""
    views = []
    for chunk in column.chunks:
        values = chunk.values.to_numpy(zero_copy_only=False)
        views += [values[start:end] for start, end in pairwise(chunk.offsets.to_pylist())]
    return views


def _refuse_missing(
    key: MethodKey, by_run: Mapping[str, Mapping[str, int]], stems: Sequence[str]
) -> None:
    for run, rows in by_run.items():
        missing = next((stem for stem in stems if stem not in rows), None)
        if missing is not None:
            raise RclicksError(
                f"{' / '.join(key)}: run {run} lacks instance {missing}; give runs of a method on "
                "the same instances"
            )


def by_dataset(methods: Iterable[MethodResults]) -> dict[str, list[MethodResults]]:
    """Dataset -> its methods, in order of first appearance."""
    groups: dict[str, list[MethodResults]] = {}
    for method in methods:
        groups.setdefault(method.key.dataset, []).append(method)
    return groups


def comparable(
    methods: Iterable[MethodResults],
) -> dict[tuple[str, str], list[MethodResults]]:
    """(dataset, click model) -> its methods: they got the same kind of clicks, so may be ranked."""
    groups: dict[tuple[str, str], list[MethodResults]] = {}
    for method in methods:
        groups.setdefault((method.key.dataset, method.key.click_model), []).append(method)
    return groups
