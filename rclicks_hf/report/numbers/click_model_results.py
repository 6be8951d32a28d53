"""Click-model scores of `rclicks evaluate-clicks`, read and summarised."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rclicks_hf.click_scoring.score_rows import PEOPLE, SCORE_SCHEMA, ScoreSettings
from rclicks_hf.click_scoring.score_run import SCORES
from rclicks_hf.click_scoring.score_summary import ScoreTable, summarise_scores
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import MANIFEST, read_manifest, read_table

_SETTINGS = tuple(asdict(ScoreSettings()))
_FIELDS = ("dataset", "split", "click_model", "dataset_fingerprint", *_SETTINGS)
_PLACE = ["dataset", "split", "full_stem", "device", "click_model"]


@dataclass(frozen=True, eq=False)
class ClickModelResults:
    """Scores of click models: a table per dataset and split, and the manifests of their folders."""

    tables: Sequence[ScoreTable] = ()
    manifests: Sequence[Mapping[str, Any]] = ()


def is_click_scores(path: str | os.PathLike[str]) -> bool:
    """True for a folder of `rclicks evaluate-clicks`, also an unfinished one, and its file."""
    path = Path(path)
    if path.name == SCORES or (path / SCORES).is_file():
        return True
    try:
        found = json.loads((path / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and "halvings" in found


def read_score_folders(*paths: str | os.PathLike[str]) -> ClickModelResults:
    """Read results folders of `rclicks evaluate-clicks`, or their ``click_scores.parquet``."""
    if not paths:
        return ClickModelResults()
    files = [Path(path) if Path(path).name == SCORES else Path(path) / SCORES for path in paths]
    manifests = [
        found
        for file in files
        if file.parent.is_dir()
        and (file.parent / MANIFEST).is_file()
        and (found := read_manifest(file.parent, "scores of click models", _FIELDS))
    ]
    _refuse_different(manifests)
    rows = pd.concat([_rows(file) for file in files], ignore_index=True)
    # Each folder holds the split-half row, equal in all of them: it depends on no click model.
    is_repeated = (rows["click_model"] == PEOPLE) & rows.duplicated(_PLACE)
    rows = rows[~is_repeated]
    twice = rows[rows.duplicated(_PLACE)]
    if len(twice):
        first = twice.iloc[0]
        raise RclicksError(
            f"{first['click_model']} on {first['dataset']}: given twice; name each run once"
        )
    tables = [
        table
        for _, group in rows.groupby(["dataset", "split"], sort=False)
        for table in summarise_scores(group)
    ]
    return ClickModelResults(tables, manifests)


def _rows(file: Path) -> pd.DataFrame:
    if not file.is_file():
        raise RclicksError(f"{file}: does not exist; let `rclicks evaluate-clicks` finish first")
    table = read_table(file, SCORE_SCHEMA)
    if table is None or not table.num_rows:
        raise RclicksError(
            f"{file}: not readable as click-model scores; run `rclicks evaluate-clicks` again"
        )
    return table.to_pandas()


def _refuse_different(manifests: Sequence[Mapping[str, Any]]) -> None:
    """Scores belong together only if settings and datasets are the same."""
    datasets: dict[tuple[str, str], str] = {}
    for manifest in manifests:
        for name in _SETTINGS:
            if manifest[name] != manifests[0][name]:
                raise RclicksError(
                    f"click-model scores: {name} is {manifests[0][name]!r} in one folder and "
                    f"{manifest[name]!r} in another; report them separately"
                )
        named = zip(
            manifest["dataset"], manifest["split"], manifest["dataset_fingerprint"], strict=True
        )
        for dataset, split, fingerprint in named:
            if datasets.setdefault((dataset, split), fingerprint) != fingerprint:
                raise RclicksError(
                    f"click-model scores: two versions of {dataset}, split {split}; "
                    "report them separately"
                )
