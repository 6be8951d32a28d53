"""Stored rows keep their meaning when the table of source datasets changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rclicks_hf.analysis import read_instances
from rclicks_hf.analysis.repo_analysis import load_instance_rows
from rclicks_hf.data import (
    ClickIndex,
    MemoryStore,
    build_dataset,
    load_instances,
    verify_dataset,
)
from rclicks_hf.data.instances import object_box
from rclicks_hf.data.schema import CLOSED_VALUES
from rclicks_hf.data.stored_rows import decode_instances, label_names, word_columns
from rclicks_hf.errors import RclicksError

NAMES = ("simulated_scenes", "simulated_photographs")
SPLITS = {name: {"000": "train", "001": "train", "002": "validation"} for name in NAMES}
# As if the repo had been built under other tables: a shorter list, and all lists turned around.
OTHER_VALUES = {
    "dataset": NAMES[::-1],
    "click_type": ("fp", "fn", "first"),
    "device": ("mobile", "pc"),
    "round": ("subsequent", "first"),
    "split": ("test", "validation", "train"),
}


@pytest.fixture(scope="module")
def clicks(
    make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> pa.Table:
    source = make_source(3)
    return pa.concat_tables([make_clicks(source, name, seed=i) for i, name in enumerate(NAMES)])


@pytest.fixture(scope="module")
def old_repo(
    tmp_path_factory: pytest.TempPathFactory,
    make_source: Callable[..., MemoryStore],
    clicks: pa.Table,
) -> Path:
    """A repo built while the closed values were `OTHER_VALUES`."""
    out = tmp_path_factory.mktemp("old") / "rclicks"
    with pytest.MonkeyPatch.context() as patch:
        for name, values in OTHER_VALUES.items():
            patch.setitem(CLOSED_VALUES, name, values)
        stores = dict.fromkeys(NAMES, make_source(3))
        build_dataset(clicks, stores, out, splits=SPLITS, progress=False)
    return out


def by_stem(clicks: pa.Table, dataset: str) -> dict[str, list[tuple[int, int, str]]]:
    found: dict[str, list[tuple[int, int, str]]] = {}
    for row in clicks.to_pylist():
        if row["dataset"] == dataset:
            point = (row["x"], row["y"], row["device"])
            found.setdefault(row["full_stem"], []).append(point)
    return found


def points(clicks: object) -> list[tuple[int, int, str]]:
    return list(
        zip(*(getattr(clicks, name).tolist() for name in ("x", "y", "device")), strict=True)
    )


def test_the_repo_really_has_other_labels(old_repo: Path) -> None:
    rows = datasets.load_dataset(str(old_repo), f"{NAMES[0]}-instances", split="train")
    assert rows.features["dataset"].names == list(NAMES[::-1])
    assert set(rows["dataset"][:]) == {1}
    assert set(rows["split"][:]) == {2}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", ["train", "validation"])
def test_loaded_instances(old_repo: Path, clicks: pa.Table, name: str, split: str) -> None:
    expected = by_stem(clicks, name)
    table = load_instances(old_repo, name, split=split)
    assert len(table) == {"train": 4, "validation": 2}[split]
    for instance in table:
        assert (instance.dataset, instance.split) == (name, split)
        is_first = instance.full_stem == instance.image_stem
        assert instance.click_type == ("first" if is_first else "fn")
        assert points(instance.clicks) == expected[instance.full_stem]


def test_rounds_are_those_of_the_file(old_repo: Path) -> None:
    for round_, click_type in (("first", "first"), ("subsequent", "fn")):
        table = load_instances(old_repo, NAMES[0], split="train", rounds=round_)
        assert [instance.click_type for instance in table] == [click_type] * 2


def test_click_index(old_repo: Path, clicks: pa.Table) -> None:
    loaded = datasets.load_dataset(str(old_repo), "all")
    expected = {
        (name, stem): sorted(found)
        for name in NAMES
        for stem, found in by_stem(clicks, name).items()
    }
    for index in (
        ClickIndex(loaded),
        ClickIndex(datasets.concatenate_datasets(list(loaded.values())).with_format("arrow")[:]),
    ):
        assert {key: sorted(points(own)) for key, own in index.items()} == expected
        stem = "000"
        on_pc = index.clicks(stem, dataset=NAMES[1], device="pc")
        assert sorted(points(on_pc)) == [p for p in expected[NAMES[1], stem] if p[2] == "pc"]


def test_analysis(old_repo: Path, clicks: pa.Table) -> None:
    rows = load_instance_rows(old_repo, NAMES, "validation")
    instances = read_instances(rows)
    assert [instance.dataset for instance in instances] == [NAMES[0]] * 2 + [NAMES[1]] * 2
    for instance in instances:
        assert (instance.split, instance.unit, instance.size) == (
            "validation",
            "object box",
            (8, 6),
        )
        assert points(instance.clicks) == by_stem(clicks, instance.dataset)[instance.full_stem]


def test_tables_of_different_repos_are_decoded_one_by_one(old_repo: Path, built: Path) -> None:
    old, new = (load_instance_rows(repo, [NAMES[0]], "validation") for repo in (old_repo, built))
    joined = read_instances(pa.concat_tables([old, new]))
    apart = [instance for table in (old, new) for instance in read_instances(table)]
    for one, other in zip(joined, apart, strict=True):
        assert (one.dataset, one.split, one.full_stem) == (
            other.dataset,
            other.split,
            other.full_stem,
        )
        assert points(one.clicks) == points(other.clicks)


def test_files_that_lost_the_words_of_labels_are_refused(old_repo: Path, tmp_path: Path) -> None:
    repo = tmp_path / "rclicks"
    shutil.copytree(old_repo, repo)
    for file in repo.rglob("*.parquet"):  # as a tool that knows no features writes them
        pq.write_table(pq.read_table(file, partitioning=None).replace_schema_metadata(), file)
    problem = "holds numbers, and the file does not say which words they stand for"
    with pytest.raises(RclicksError, match=problem):
        load_instances(repo, NAMES[0], split="train")
    with pytest.raises(RclicksError, match=problem):
        load_instance_rows(repo, NAMES, "validation")
    with pytest.raises(RclicksError, match=problem):
        verify_dataset(repo)


def test_a_bare_table_is_decoded_by_todays_lists() -> None:
    table = pa.table({"device": [1], "dataset": [0], "x": [7]})
    assert word_columns(table).to_pylist() == [{"device": "mobile", "dataset": "grabcut", "x": 7}]
    assert label_names(table) == CLOSED_VALUES


def test_the_stored_box_is_the_computed_one(built: Path) -> None:
    for split in ("train", "validation", "test"):
        for instance in load_instances(built, "simulated_scenes", split=split):
            assert instance.box == object_box(instance.mask)
            assert instance.box_size == instance.box[2:]


ROW = {
    "dataset": [0],
    "split": [2],
    "click_type": [0],
    "full_stem": ["a"],
    "is_simulated": [False],
    "w": [8],
    "h": [6],
    "box": [[0, 0, 3, 4]],
    "x": [[1, 2]],
    "y": [[3, 4]],
    "device": [[0, 1]],
}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"dataset": [99]}, r"dataset codes must be 0 to \d+ \(grabcut, .*\), got 99 to 99; build"),
        ({"split": [-1]}, "split codes must be 0 to 2 .*, got -1 to -1"),
        ({"click_type": [None]}, "column 'click_type' holds nulls"),
        ({"x": [[1]]}, "lists differ in length"),
        ({"box": [[1, 2, 3]]}, r"a box must be x, y, width and height, got \[1, 2, 3\]"),
    ],
)
def test_damaged_rows_are_one_line(damage: dict, message: str) -> None:
    assert len(decode_instances(pa.table(ROW))[0].clicks) == 2
    with pytest.raises(RclicksError, match=message) as error:
        decode_instances(pa.table(ROW | damage))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "stored", [b"{", b"[]", json.dumps({"info": {"features": {"a": 1}}}).encode()]
)
def test_damaged_metadata_is_one_line(stored: bytes) -> None:
    table = pa.table(ROW).replace_schema_metadata({b"huggingface": stored})
    with pytest.raises(RclicksError, match="metadata cannot be read") as error:
        label_names(table)
    assert "\n" not in str(error.value)
