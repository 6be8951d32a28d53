"""The rows of the leaderboard: methods with their numbers, from results or as published."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.from_results import standings
from rclicks_hf.report.numbers.method_results import OWN, MethodKey, stored_name
from rclicks_hf.report.numbers.paper_benchmark import PaperRow, paper_rows
from rclicks_hf.report.numbers.scoring import Score
from rclicks_hf.report.page_data import Standings
from rclicks_hf.report.results import Results
from rclicks_hf.report.tables.benchmark_table import COLUMNS, BenchmarkRow, TableColumn
from rclicks_hf.report.tables.table_cells import segmenter_label
from rclicks_hf.report.tables.text_formats import csv_text
from rclicks_hf.segmenters.methods import METHODS, Method

NOT_STATED = "not stated"
#: What `Method.training_data` abbreviates.
TRAINING_DATA = {"C+L": "COCO + LVIS", "SBD": "SBD", "SA-1B": "SA-1B", "SA-V": "SA-V"}
PUBLISHED_VALUES = "published"
_HUB_IDS = {method.hub_id: method for method in METHODS.values() if method.hub_id}
#: Methods that curves can be told apart by their dashes.
MOST_NAMED = 4


@dataclass(frozen=True)
class Entry:
    """One method on one dataset."""

    key: MethodKey  # the method and the dataset
    method: str  # what tables call the method
    name: str  # what charts call it, which must also say whose run it is
    family: str  # key of `METHOD_FAMILIES`, ``""`` for a method that is not published
    training_data: str  # a value of `TRAINING_DATA`, or `NOT_STATED`
    origin: str  # where the numbers come from: `PUBLISHED_VALUES`, ``"paper"`` or `OWN`
    is_simulated: bool  # true where the users' clicks were simulated
    scores: Mapping[str, Score]  # key of `MEASURES` -> number; measures without one are left out
    instances: int | None = None  # number of instances; None if it is not known
    failures: int | None = None  # number of instances that failed; None if it is not known

    def value(self, measure: str) -> float:
        """The number of a measure, NaN where there is none."""
        return self.scores[measure].value if measure in self.scores else math.nan


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """All entries, best first within each dataset."""

    entries: tuple[Entry, ...]  # the rows
    columns: tuple[TableColumn, ...]  # number columns that any of them fills
    # What they were computed from; None for the paper's published values
    results: Results | None = None
    warnings: Sequence[str] = field(default=())  # why numbers cannot be compared

    @property
    def threshold(self) -> float:
        """IoU that clicks are counted up to."""
        return THRESHOLD if self.results is None else self.results.threshold

    @property
    def datasets(self) -> list[str]:
        """Datasets that occur, in order."""
        return list(dict.fromkeys(entry.key.dataset for entry in self.entries))

    @property
    def training_data(self) -> list[str]:
        """Training data that occur, in the order of `TRAINING_DATA`."""
        found = {entry.training_data for entry in self.entries}
        return [name for name in (*TRAINING_DATA.values(), NOT_STATED) if name in found]

    def chosen(self, dataset: str, training_data: Collection[str]) -> list[Entry]:
        """Entries of a dataset (``""``: of all) with some training data."""
        return [
            entry
            for entry in self.entries
            if dataset in ("", entry.key.dataset) and entry.training_data in training_data
        ]

    def standings(self, entries: Sequence[Entry], named: Collection[str] = ()) -> Standings | None:
        """The charts' data of entries of one dataset; None where there is nothing to draw.

        ``named`` are the names in the curves; by default the best of them, own runs first.
        """
        if not entries:
            return None
        if not named:
            ranked = sorted(entries, key=lambda entry: entry.origin != OWN)
            named = {entry.name for entry in ranked[:MOST_NAMED]}
        if self.results is None:
            return _published_standings(entries, named)
        methods = {entry.name: self.results[entry.key] for entry in entries}
        chosen = [method for name, method in methods.items() if name in named]
        data = standings(list(methods.values()), self.results, chosen)
        if data is None:
            return None
        names = {method.key: name for name, method in methods.items() if method.group_ious.size}
        return replace(data, names=list(names.values()))


def leaderboard_of(results: Results | None) -> Leaderboard:
    """The leaderboard of results; without any, the paper's published table."""
    if results is None:
        found = [_published_entry(row) for row in paper_rows()]
        warnings: Sequence[str] = ()
    else:
        found = [_entry(row, results) for row in results.rows]
        warnings = results.warnings
    if not found:
        raise RclicksError("results: hold no method; give a folder that rclicks benchmark wrote")
    places = {name: place for place, name in enumerate(SOURCE_DATASETS)}
    found.sort(
        key=lambda entry: (
            places.get(entry.key.dataset, len(places)),
            entry.key.dataset,
            _clicks(entry),
            entry.name,
        )
    )
    columns = tuple(
        column
        for column in COLUMNS
        if column.measure and any(column.measure in entry.scores for entry in found)
    )
    return Leaderboard(tuple(found), columns, results, warnings)


def _clicks(entry: Entry) -> float:
    numbers = (entry.value(measure) for measure in ("sample_noc", "base_noc"))
    return next((number for number in numbers if math.isfinite(number)), math.inf)


def _method_of(segmenter: str) -> Method | None:
    name = stored_name(segmenter)
    return METHODS.get(name) or _HUB_IDS.get(name)


def _entry(row: BenchmarkRow, results: Results) -> Entry:
    key = MethodKey(row.segmenter, row.click_model, row.dataset)
    method = _method_of(row.segmenter)
    models = {other.click_model for other in results if other.dataset == row.dataset}
    label = segmenter_label(row.segmenter)
    name = f"{label}, {row.click_model}" if len(models) > 1 else label
    return Entry(
        key,
        label,
        f"{name} ({OWN})" if row.origin == OWN else name,
        method.family if method else "",
        TRAINING_DATA[method.training_data] if method else NOT_STATED,
        row.origin or OWN,
        row.is_simulated,
        {name: score for name, score in results.scores[key].items() if math.isfinite(score.value)},
        row.instances,
        row.failures,
    )


def _published_entry(row: PaperRow) -> Entry:
    method = row.method
    return Entry(
        MethodKey(row.model, "", row.dataset),
        method.label,
        method.label,
        method.family,
        TRAINING_DATA[method.training_data],
        PUBLISHED_VALUES,
        is_simulated=False,
        scores={
            "sample_noc": Score(row.sample_noc, row.sample_noc_std),
            "delta_sb_noc": Score(row.delta_sb),
            "delta_gr_noc": Score(row.delta_gr),
        },
    )


def _published_standings(entries: Sequence[Entry], named: Collection[str]) -> Standings:
    return Standings(
        entries[0].key.dataset,
        [entry.name for entry in entries],
        [entry.family for entry in entries],
        np.zeros((len(entries), 0)),  # no curves are published
        np.array([entry.value("sample_noc") for entry in entries]),
        np.array([entry.value("delta_gr_noc") for entry in entries]),
        [entry.name in named for entry in entries],
        [False] * len(entries),
    )


def entries_csv(entries: Iterable[Entry], columns: Sequence[TableColumn], threshold: float) -> str:
    """The entries as CSV, unrounded: a line per entry; value, spread and interval per measure."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    parts = ("", "_spread", "_low", "_high")
    writer.writerow(
        [
            *("dataset", "segmenter", "click_model", "training_data", "origin"),
            *("simulated_clicks", "threshold", "instances", "failures"),
            *(column.measure + part for column in columns for part in parts),
        ]
    )
    for entry in entries:
        key = entry.key
        numbers = [entry.scores.get(column.measure, Score()) for column in columns]
        writer.writerow(
            [
                *map(csv_text, (key.dataset, key.segmenter, key.click_model)),
                *(entry.training_data, entry.origin, entry.is_simulated, threshold),
                *("" if count is None else count for count in (entry.instances, entry.failures)),
                *(
                    "" if math.isnan(value) else repr(value)
                    for number in numbers
                    for value in (number.value, number.spread, number.low, number.high)
                ),
            ]
        )
    return text.getvalue()
