"""The paper's numbers in the package, and when they may stand beside measured ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.report import MethodKey, MethodResults
from rclicks_hf.report.numbers.paper_benchmark import paper_row, paper_rows


def measured(dataset: str = "davis", segmenter: str = "facebook/sam2-hiera-small") -> MethodResults:
    count = SOURCE_DATASETS[dataset].instances
    ious = {"g1": [np.full(20, 0.95)] * count}
    key = MethodKey(segmenter, "cm", dataset)
    return MethodResults(key, tuple(map(str, range(count))), ious, 0, is_simulated=False)


def test_the_rows_are_those_of_notebook_and_poster() -> None:
    rows = paper_rows()
    assert {d: sum(r.dataset == d for r in rows) for d in ("tetris", "davis", "coco_mval")} == {
        "tetris": 33,
        "davis": 22,
        "coco_mval": 22,
    }
    assert len({(row.model, row.dataset) for row in rows}) == len(rows)
    assert all(row.dataset in SOURCE_DATASETS for row in rows)
    # Spot values, as printed.
    by_key = {(row.model, row.dataset): row for row in rows}
    best = by_key["cocolvis_icl_vit_huge", "tetris"]
    assert (best.sample_noc, best.sample_noc_std, best.delta_sb, best.delta_gr) == (
        2.12,
        0.34,
        8.76,
        14.33,
    )
    assert by_key["sam_vit_b_01ec64", "coco_mval"].delta_gr == 15.73


def test_sam_2_has_the_names_of_its_checkpoints_not_the_posters() -> None:
    # The poster prints 4.67 ± 0.33 on DAVIS as "Hiera-B+"; it is the small model.
    row = paper_row(measured())
    assert row is not None
    assert (row.method.size, row.model, row.sample_noc) == ("Hiera-S", "sam2_hiera_small", 4.67)
    names = {row.method.size for row in paper_rows() if row.method.family == "sam2"}
    assert names == {"Hiera-T", "Hiera-S", "Hiera-B+", "Hiera-L"}


def test_a_checkpoint_s_name_finds_its_row_too() -> None:
    row = paper_row(measured(segmenter="coco_lvis_h18_itermask"))
    assert row is not None
    assert row.sample_noc == 6.15


@pytest.mark.parametrize(
    "other",
    [
        measured(segmenter="geocut"),
        measured(segmenter="models/sam2-hiera-small"),
        measured("grabcut"),
        replace(measured(), is_simulated=True),
        replace(measured(), key=MethodKey("facebook/sam2-hiera-small", "ud", "davis")),
        replace(measured(), stems=("a",), ious={"g1": [np.full(20, 0.95)]}),
        replace(measured(), ious={"g1": [np.full(10, 0.95)] * 345}),
        replace(measured(), ious={"base": [np.full(20, 0.95)] * 345}),
    ],
)
def test_other_rows_have_no_paper_row(other: MethodResults) -> None:
    assert paper_row(other) is None


def test_another_threshold_has_no_paper_row() -> None:
    assert paper_row(measured(), 0.85) is None


def test_failed_instances_were_run_too() -> None:
    method = measured()
    short = replace(method, stems=method.stems[1:], ious={"g1": method.ious["g1"][1:]}, failures=1)
    assert paper_row(short) is not None
