"""Results as arrays of IoU, per method and dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rclicks_hf.benchmark.groups import CLICKING_GROUPS
from rclicks_hf.benchmark.runs import BASELINE_RUN, SAMPLED_RUN, USER_RUN
from rclicks_hf.errors import RclicksError
from rclicks_hf.report.numbers.ragged import ListColumn, Ragged

GROUP_RUNS: tuple[str, ...] = tuple(CLICKING_GROUPS)

#: Where results come from, said only in a report that shows published ones.
PUBLISHED, OWN = "paper", "own run"

_PUBLISHED_TOO = " (published)"


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
        origin: `PUBLISHED` or `OWN` in a report that shows published results, else ``""``.

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
    origin: str = ""

    #: What is computed from the arrays more than once, by name and parameters.
    computed: dict[tuple[object, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def of_run(self, run: str) -> Ragged:
        """IoU of one run, a row per instance; without rows if it was not run."""
        return Ragged.of(self.ious.get(run, ()))

    @cached_property
    def group_ious(self) -> np.ndarray:
        """(N, G, K) IoU, groups from least to most likely clicks; G = 0 if no group was run."""
        runs = [self.of_run(run) for run in GROUP_RUNS if run in self.ious and self.stems]
        self._refuse_uneven(runs)
        matrices = [run.matrix for run in runs]
        return np.stack(matrices, axis=1) if runs else np.zeros((len(self.stems), 0, 0))

    @cached_property
    def baseline_ious(self) -> np.ndarray:
        """(N, K) IoU of the baseline clicker; N = 0 if it was not run."""
        run = self.of_run(BASELINE_RUN)
        self._refuse_uneven([run])
        return run.matrix if len(run) else np.zeros((0, 0))

    def _refuse_uneven(self, runs: Sequence[Ragged]) -> None:
        if len({length for run in runs for length in np.unique(run.lengths).tolist()}) > 1:
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

    @cached_property
    def boundary(self) -> MethodResults:
        """The same results with boundary IoU in place of IoU."""
        return replace(self, ious=self.boundary_ious)


def methods_of(table: pa.Table, is_published: np.ndarray | None = None) -> list[MethodResults]:
    """The methods of a results table, in order of first appearance; instances sorted by name.

    Sorted, so that no number depends on the order in which files are given. ``is_published`` says
    of every row whether the paper's authors published it; a model that was also run here is two
    methods.
    """
    words, codes = {}, {}
    for name in (*MethodKey._fields, "full_stem", "run"):
        words[name], codes[name] = _words(table[name])
    has_error = pc.not_equal(table["error"], "").to_numpy()
    is_simulated = table["is_simulated"].to_numpy()
    ious, boundary_ious = ListColumn(table["iou"]), ListColumn(table["boundary_iou"])
    by_authors = np.zeros(len(table), bool) if is_published is None else is_published
    made: list[MethodResults] = []
    keys = [*(codes[name] for name in MethodKey._fields), by_authors.astype(np.int64)]
    for rows in _rows_of_methods(keys):
        key = MethodKey(*(words[name][codes[name][rows[0]]] for name in MethodKey._fields))
        origin = PUBLISHED if by_authors[rows[0]] else OWN if by_authors.any() else ""
        stems, runs = codes["full_stem"][rows], codes["run"][rows]
        if len(np.unique(stems * len(words["run"]) + runs)) < len(rows):
            raise RclicksError(f"{' / '.join(key)}: given twice; pass each run once")
        failed = np.unique(stems[has_error[rows]])
        is_kept = ~np.isin(stems, failed)
        kept = np.unique(stems[is_kept])
        names = tuple(words["full_stem"][code] for code in kept)
        rows_of_run: dict[str, np.ndarray] = {}
        for code in dict.fromkeys(runs[is_kept].tolist()):
            mine = np.flatnonzero(is_kept & (runs == code))
            mine = mine[np.argsort(stems[mine])]
            _refuse_missing(key, words["run"][code], names, kept, stems[mine])
            rows_of_run[words["run"][code]] = rows[mine]
        made.append(
            MethodResults(
                key=key,
                stems=names,
                ious={run: ious.take(of) for run, of in rows_of_run.items()},
                failures=len(failed),
                is_simulated=bool(is_simulated[rows].any()),
                boundary_ious={run: boundary_ious.take(of) for run, of in rows_of_run.items()},
                origin=origin,
            )
        )
    return _distinct(made)


def _distinct(methods: list[MethodResults]) -> list[MethodResults]:
    """Published methods under a name of their own where the same one was also run here."""
    own = {method.key for method in methods if method.origin != PUBLISHED}
    return [
        replace(method, key=method.key._replace(segmenter=method.key.segmenter + _PUBLISHED_TOO))
        if method.origin == PUBLISHED and method.key in own
        else method
        for method in methods
    ]


def stored_name(segmenter: str) -> str:
    """The segmenter's name in the results file and in the table of methods."""
    return segmenter.removesuffix(_PUBLISHED_TOO)


def _words(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """The sorted words of a text column, and the place of each row's word among them."""
    found = column.dictionary_encode().combine_chunks()
    words = found.dictionary.to_pylist()
    order = sorted(range(len(words)), key=words.__getitem__)
    ranks = np.empty(len(words), np.int64)
    ranks[order] = np.arange(len(words))
    return [words[place] for place in order], ranks[found.indices.to_numpy()]


def _rows_of_methods(codes: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Rows of each method, methods in order of first appearance."""
    if not len(codes[0]):
        return []
    joined = np.zeros_like(codes[0])
    for of_column in codes:
        joined = joined * (of_column.max() + 1) + of_column
    _, firsts, which = np.unique(joined, return_index=True, return_inverse=True)
    by_method = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which))[:-1])
    return [by_method[method] for method in np.argsort(firsts)]


def _refuse_missing(
    key: MethodKey, run: str, names: Sequence[str], wanted: np.ndarray, found: np.ndarray
) -> None:
    if len(found) < len(wanted):
        missing = names[int(np.flatnonzero(~np.isin(wanted, found))[0])]
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
