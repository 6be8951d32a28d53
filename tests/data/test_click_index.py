from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from datasets import Dataset, load_dataset

from rclicks_hf.data.click_index import ClickIndex
from rclicks_hf.errors import RclicksError

# grabcut 0, berkeley 1; pc 0, mobile 1
ROWS = {
    "dataset": [0, 1, 0, 0],
    "full_stem": ["a", "a", "a", "b"],
    "device": [1, 0, 0, 1],
    "x": [1, 2, 3, 4],
    "y": [5, 6, 7, 8],
}


@pytest.fixture(scope="module")
def index() -> ClickIndex:
    return ClickIndex(Dataset.from_dict(ROWS))


def test_clicks_keep_the_order_of_the_rows(index: ClickIndex) -> None:
    clicks = index["grabcut", "a"]
    assert clicks.x.tolist() == [1, 3]
    assert clicks.y.tolist() == [5, 7]
    assert clicks.device.tolist() == ["mobile", "pc"]
    assert list(index) == [("grabcut", "a"), ("berkeley", "a"), ("grabcut", "b")]


def test_one_device(index: ClickIndex) -> None:
    assert index.clicks("a", dataset="grabcut", device="pc").x.tolist() == [3]
    assert len(index.clicks("b", device="pc")) == 0
    assert index.clicks("b", device="mobile").x.tolist() == [4]


def test_arrays_cannot_be_written_to(index: ClickIndex) -> None:
    with pytest.raises(ValueError, match="read-only"):
        index["grabcut", "a"].x[0] = 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"full_stem": "a"}, "is in grabcut and berkeley; choose one with dataset="),
        ({"full_stem": "c"}, "'c': no such instance among the loaded clicks"),
        ({"full_stem": "b", "dataset": "berkeley"}, "'b': no such instance"),
        ({"full_stem": "b", "device": "watch"}, "'watch': unknown device; use pc or mobile"),
    ],
)
def test_unknown_instances_and_devices_are_refused(
    index: ClickIndex, arguments: dict, message: str
) -> None:
    with pytest.raises(RclicksError, match=message):
        index.clicks(**arguments)
    with pytest.raises(KeyError):
        index["grabcut", "c"]


def test_every_kind_of_loaded_rows_is_accepted(built: Path) -> None:
    loaded = load_dataset(str(built), "all")
    index = ClickIndex(loaded)
    assert sum(map(len, index.values())) == sum(loaded.num_rows.values())
    part = loaded["train"].select(range(3))  # an indices mapping
    assert sum(map(len, ClickIndex(part).values())) == 3
    table = loaded["train"].with_format("arrow")[:]
    assert set(ClickIndex(table)) <= set(index)
    with pytest.raises(RclicksError, match="no column 'device'; give a click config"):
        ClickIndex(loaded["train"].remove_columns("device"))
    assert len(ClickIndex(pa.table({k: v[:0] for k, v in ROWS.items()}))) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda path: load_dataset(path, "all", split="train", streaming=True),
            "type IterableDataset cannot be sorted",
        ),
        (
            lambda path: load_dataset(path, "all", streaming=True),
            "type IterableDatasetDict cannot be sorted",
        ),
        (
            lambda path: load_dataset(path, "all", split="train").to_pandas(),
            "type DataFrame cannot be sorted",
        ),
        (lambda path: None, "type NoneType cannot be sorted; give a Dataset"),
        (
            lambda path: load_dataset(path, "simulated_scenes-instances", split="train"),
            "column 'device' holds list<.*>; give a click config .one row per click.",
        ),
        (
            lambda path: pa.table(ROWS | {"dataset": ["davis"] * 4}),
            "column 'dataset' holds string; give a click config .*with labels",
        ),
    ],
)
def test_other_tables_are_refused(built: Path, make: Callable[[str], object], message: str) -> None:
    with pytest.raises(RclicksError, match=message) as error:
        ClickIndex(make(str(built)))
    assert "\n" not in str(error.value)
