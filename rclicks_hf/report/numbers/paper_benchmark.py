"""The paper's benchmark numbers, shown next to measured ones for the same row.

``paper_benchmark.csv`` holds the numbers of the authors' evaluation notebook (TETRIS, 33 models)
and poster (DAVIS and COCO-MVal, 22 models): IoU 0.9, 20 clicks, clicks drawn from the paper's
clickability network; of three models also the IoU-AUC in the legends of Figure 6.
``paper_dataset_nsr.csv`` holds the NSR of the datasets over all models (Figure 7). The models are
those of `rclicks_hf.segmenters.methods`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.metrics.click_counts import MAX_CLICKS, THRESHOLD
from rclicks_hf.report.numbers.method_results import MethodResults
from rclicks_hf.segmenters.methods import METHODS, Method

_NUMBERS = (
    "sample_noc", "sample_noc_std", "delta_sb", "delta_gr", "g1_auc", "g10_auc", "base_auc",
)  # fmt: skip

#: Click models whose numbers cannot be compared with the paper's, which are of a network.
_OTHER_CLICKS = ("", "ud", "dt")


@dataclass(frozen=True)
class PaperRow:
    """The paper's numbers for a key of `METHODS` on one dataset; NaN where none is published."""

    model: str
    dataset: str
    sample_noc: float
    sample_noc_std: float
    delta_sb: float
    delta_gr: float
    g1_auc: float = math.nan
    g10_auc: float = math.nan
    base_auc: float = math.nan

    @property
    def method(self) -> Method:
        """What the model is."""
        return METHODS[self.model]


@cache
def paper_rows() -> tuple[PaperRow, ...]:
    """All rows of the file."""
    return tuple(_read(row) for row in _lines("paper_benchmark.csv"))


@cache
def paper_dataset_nsr() -> dict[str, float]:
    """Dataset -> NSR over all models of `METHODS`, per cent."""
    return {row["dataset"]: 100 * float(row["nsr"]) for row in _lines("paper_dataset_nsr.csv")}


def _lines(name: str) -> Iterator[dict[str, Any]]:
    text = files("rclicks_hf.report.numbers").joinpath(name).read_text("utf-8")
    return csv.DictReader(text.splitlines())


def _read(row: dict[str, Any]) -> PaperRow:
    numbers: dict[str, Any] = {name: float(row[name] or "nan") for name in _NUMBERS}
    return PaperRow(**row | numbers)


def paper_row(method: MethodResults, threshold: float = THRESHOLD) -> PaperRow | None:
    """The paper's row of the same model, dataset and protocol; None if there is none."""
    segmenter, click_model, dataset = method.key
    if (
        method.is_simulated
        or click_model in _OTHER_CLICKS
        or threshold != THRESHOLD
        or method.group_ious.shape[-1] != MAX_CLICKS
        or not is_whole_dataset(method)
    ):
        return None
    rows = (row for row in paper_rows() if row.dataset == dataset)
    return next((row for row in rows if segmenter in (row.model, row.method.hub_id)), None)


def is_whole_dataset(method: MethodResults) -> bool:
    """True if all instances of a dataset of real clicks were run, failed ones included."""
    source = SOURCE_DATASETS.get(method.key.dataset)
    if source is None or source.is_simulated or method.is_simulated:
        return False
    count = len(method.stems) + method.failures
    return count in (source.instances, source.instances - source.clickless)
