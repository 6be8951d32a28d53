"""The paper's benchmark numbers, to be shown beside one's own where the row is the same.

``paper_benchmark.csv`` holds what the paper's authors printed with their evaluation notebook (TETRIS, 33
models) and on their poster (DAVIS and COCO-MVal, 22 of them): at IoU 0.9, 20 clicks, clicks of the
paper's clickability network. The poster names the SAM 2 and 2.1 models one size too large; here
they have the notebook's names. ``hub_id`` is where ``transformers`` finds the same weights.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.metrics.click_counts import MAX_CLICKS, THRESHOLD
from rclicks_hf.report.numbers.method_results import MethodResults

_NUMBERS = ("sample_noc", "sample_noc_std", "delta_sb", "delta_gr")

#: Their numbers do not depend on a trained network, so the published ones are of another kind.
_OTHER_CLICKS = ("", "ud", "dt")


@dataclass(frozen=True)
class PublishedRow:
    """The paper's numbers of one model on one dataset.

    Attributes:
        model: Name of its checkpoint in the paper's code.
        method: Name in the paper's table.
        backbone: Its network.
        training_data: What it was trained on.
        hub_id: Hub id of the same weights, ``""`` where there is none.
        dataset: Key of `rclicks_hf.data.SOURCE_DATASETS`.
        sample_noc: Sample NoC at IoU 0.9, clicks.
        sample_noc_std: What stands after ± there.
        delta_sb: ΔSB of NoC, per cent.
        delta_gr: ΔGR of NoC, per cent.

    Example:
        >>> row = published_rows()[0]
        >>> row.method, row.dataset, row.sample_noc
        ('GPCIS', 'tetris', 3.87)
    """

    model: str
    method: str
    backbone: str
    training_data: str
    hub_id: str
    dataset: str
    sample_noc: float
    sample_noc_std: float
    delta_sb: float
    delta_gr: float


@cache
def published_rows() -> tuple[PublishedRow, ...]:
    """All published rows; the file is read on the first call.

    Returns:
        33 models on TETRIS, 22 of them on DAVIS and COCO-MVal.

    Example:
        >>> len(published_rows()), [row.model for row in published_rows()].count("mobile_sam")
        (77, 1)
    """
    text = files("rclicks_hf.report.numbers").joinpath("paper_benchmark.csv").read_text("utf-8")
    return tuple(_read(row) for row in csv.DictReader(text.splitlines()))


def _read(row: dict[str, Any]) -> PublishedRow:
    numbers: dict[str, Any] = {name: float(row[name]) for name in _NUMBERS}
    return PublishedRow(**row | numbers)


def published_row(method: MethodResults, threshold: float = THRESHOLD) -> PublishedRow | None:
    """The paper's row of the same model, dataset and protocol.

    Args:
        method: Measured results.
        threshold: IoU that their NoC asked for.

    Returns:
        The row; None where the paper has none, or the numbers are of another kind: simulated
        clicks, another threshold or number of clicks, clicks of no network, a part of the dataset.

    Example:
        >>> import numpy as np
        >>> from rclicks_hf.report.numbers.method_results import MethodKey
        >>> key = MethodKey("facebook/sam-vit-base", "cm", "davis")
        >>> ious = {"g1": [np.full(20, 0.95)] * 345}
        >>> stems = tuple(map(str, range(345)))
        >>> published_row(MethodResults(key, stems, ious, 0, is_simulated=False)).sample_noc
        5.3
        >>> published_row(MethodResults(key, stems, ious, 0, is_simulated=True)) is None
        True
    """
    segmenter, click_model, dataset = method.key
    if (
        method.is_simulated
        or click_model in _OTHER_CLICKS
        or threshold != THRESHOLD
        or method.group_ious.shape[-1] != MAX_CLICKS
        or not is_whole_dataset(method)
    ):
        return None
    rows = (row for row in published_rows() if row.dataset == dataset)
    return next((row for row in rows if segmenter in (row.model, row.hub_id)), None)


def is_whole_dataset(method: MethodResults) -> bool:
    """True where all instances of a dataset of people's clicks were run, failed ones included.

    Args:
        method: Measured results.

    Returns:
        False for a part of a dataset and for one of simulated clicks.

    Example:
        >>> from rclicks_hf.report.numbers.method_results import MethodKey
        >>> stems = tuple(map(str, range(49)))
        >>> method = MethodResults(MethodKey("geocut", "ud", "grabcut"), stems, {}, 1, False)
        >>> is_whole_dataset(method)
        True
    """
    source = SOURCE_DATASETS.get(method.key.dataset)
    if source is None or source.is_simulated or method.is_simulated:
        return False
    count = len(method.stems) + method.failures
    return count in (source.instances, source.instances - source.clickless)
