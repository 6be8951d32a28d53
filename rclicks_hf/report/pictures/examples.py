"""The choice of example instances, with their pictures and clicks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rclicks_hf.benchmark.instance_sets import IndexedInstances, RepoInstances
from rclicks_hf.benchmark.runs import BASELINE_RUN, USER_RUN
from rclicks_hf.data.instances import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.numbers.method_results import PUBLISHED, MethodResults, by_dataset
from rclicks_hf.report.numbers.scoring import score_by_stem
from rclicks_hf.report.page_data import ClickPath, ExampleItem
from rclicks_hf.report.results import Results
from rclicks_hf.report.tables.table_cells import number

#: Instances per kind and dataset.
EXAMPLES = 3

#: Runs shown for an example, one picture each.
SHOWN_RUNS = {
    USER_RUN: "First clicks of users",
    BASELINE_RUN: "Baseline",
    "g1": "G1, least likely clicks",
    "g10": "G10, most likely clicks",
}


class Chosen(NamedTuple):
    """An instance to show, and why."""

    stem: str
    why: str


class _Kind(NamedTuple):
    measure: str
    words: str


_KINDS = (
    _Kind("sample_noc", "Hard: Sample NoC {}"),
    _Kind("nsr_auc", "Sensitive to who clicks: NSR of IoU-AUC {} %"),
)


def choose_examples(
    methods: Sequence[MethodResults], threshold: float, count: int = EXAMPLES
) -> list[Chosen]:
    """The hardest and the most click-sensitive instances of a dataset, averaged over its methods.

    First the hardest (highest Sample NoC; ties: lowest IoU-AUC), then of the rest the most
    click-sensitive (highest NSR of IoU-AUC over groups). Empty without groups.
    """
    auc = _means("sample_auc", methods, threshold)
    chosen: dict[str, Chosen] = {}
    for kind in _KINDS:
        values = _means(kind.measure, methods, threshold)
        left = [stem for stem in values if stem not in chosen]
        left.sort(key=lambda stem: (-values[stem], auc.get(stem, 0.0), stem))
        for stem in left[:count]:
            chosen[stem] = Chosen(stem, kind.words.format(number(values[stem], 2)))
    return list(chosen.values())


def _means(key: str, methods: Sequence[MethodResults], threshold: float) -> dict[str, float]:
    """Mean over methods, per instance that all methods have."""
    found = [score_by_stem(MEASURES[key], method, threshold) for method in methods]
    found = [of_one for of_one in found if of_one]
    if not found:
        return {}
    shared = [stem for stem in found[0] if all(stem in of_one for of_one in found)]
    return {stem: float(np.mean([of_one[stem] for of_one in found])) for stem in shared}


def load_examples(results: Results, repos: Mapping[str, str]) -> tuple[list[ExampleItem], str]:
    """The examples of each dataset with a repo, and a note on what was left out and why."""
    items: list[ExampleItem] = []
    left_out = []
    fingerprints = {
        (manifest["dataset"], manifest["split"]): manifest["dataset_fingerprint"]
        for manifest in results.manifests
    }
    for dataset, methods in by_dataset(results.values()).items():
        chosen = choose_examples(methods, results.threshold)
        if not chosen:
            continue
        try:
            # Of published ones it is not known which split an instance is of.
            shown = next((one for one in methods if one.origin != PUBLISHED), methods[0])
            items += _items(results, shown, chosen, repos.get(dataset), fingerprints)
        except RclicksError as error:
            left_out.append(f"{dataset} ({error})")
    return items, f"images left out of {'; '.join(left_out)}" if left_out else ""


def _items(
    results: Results,
    method: MethodResults,
    chosen: Sequence[Chosen],
    repo: str | None,
    fingerprints: Mapping[tuple[str, str], str],
) -> list[ExampleItem]:
    if repo is None:
        raise RclicksError("the results do not name its dataset repo; give --repo")
    mine = results.rows_of(method.key, [one.stem for one in chosen])
    tables = {
        split: _instances(repo, method.key.dataset, split, fingerprints)
        for split in {row["split"] for row in mine}
    }
    items = []
    for stem, why in chosen:
        of_stem = {row["run"]: row for row in mine if row["full_stem"] == stem}
        table = tables[next(iter(of_stem.values()))["split"]]
        if stem not in table.stems:
            raise RclicksError(
                f"{repo}: has no instance {stem}; give the repo that was benchmarked with --repo"
            )
        paths = [
            _path(title, of_stem[run], is_path=run != USER_RUN)
            for run, title in SHOWN_RUNS.items()
            if run in of_stem and of_stem[run]["iou"]
        ]
        items.append(ExampleItem(table[table.stems.index(stem)], why, paths))
    return items


def _instances(
    repo: str, dataset: str, split: str, fingerprints: Mapping[tuple[str, str], str]
) -> IndexedInstances:
    source = RepoInstances(repo, dataset, split)
    table = source.load()
    wanted = fingerprints.get((dataset, split))
    if wanted and source.fingerprint() != wanted:
        raise RclicksError(
            f"{repo}: not the version that was benchmarked; give that one with --repo"
        )
    return table


def _path(title: str, row: Mapping[str, Any], *, is_path: bool) -> ClickPath:
    clicks = [Click(*click) for click in zip(row["x"], row["y"], row["is_positive"], strict=True)]
    ious = [iou for iou in row["iou"] if math.isfinite(iou)]
    return ClickPath(title, clicks, ious, is_path)
