from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.loading import InstanceTable, load_instances
from rclicks_hf.errors import RclicksError

NAME = "simulated_scenes"


def test_instances_come_back_as_they_went_in(
    built: Path, make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> None:
    source = make_source()
    clicks = make_clicks(source).to_pylist()
    seen = []
    for split in ("train", "validation", "test"):
        for instance in load_instances(built, NAME, split=split):
            seen.append(instance.full_stem)
            own = [row for row in clicks if row["full_stem"] == instance.full_stem]
            assert list(instance.clicks.x) == [row["x"] for row in own]
            assert list(instance.clicks.device) == [row["device"] for row in own]
            np.testing.assert_array_equal(instance.image, source.image(instance.image_stem))
            np.testing.assert_array_equal(instance.mask, source.mask(instance.image_stem, ""))
            assert (instance.dataset, instance.split, instance.is_simulated) == (NAME, split, True)
            if instance.click_type == "first":
                assert instance.previous_mask is None
                assert instance.model_type == "none"
            else:
                expected = source.previous_mask(instance.full_stem)
                assert expected is not None
                np.testing.assert_array_equal(instance.previous_mask, expected)
                assert instance.model_type == "sam"
    assert sorted(seen) == sorted({row["full_stem"] for row in clicks})


def test_rounds_select(built: Path) -> None:
    both = load_instances(built, NAME, split="train")
    firsts = load_instances(built, NAME, split="train", rounds=("first",))
    laters = load_instances(built, NAME, split="train", rounds=("subsequent",))
    assert len(firsts) == len(laters) == len(both) // 2 > 0
    assert {item.click_type for item in firsts} == {"first"}
    assert sorted(firsts.stems + laters.stems) == sorted(both.stems)


def test_sequence_behaviour(built: Path) -> None:
    table = load_instances(built, NAME, split="train")
    assert table.stems == [item.full_stem for item in table]
    assert table[-1].full_stem == table.stems[-1]
    part = table[1:3]
    assert isinstance(part, InstanceTable)
    assert part.stems == table.stems[1:3]
    assert table.select([2, 0]).stems == [table.stems[2], table.stems[0]]
    with pytest.raises(IndexError):
        table[len(table)]
    groups = table.group_by_image()
    assert sorted(index for group in groups.values() for index in group) == list(range(len(table)))
    for stem, group in groups.items():
        assert {table[index].image_stem for index in group} == {stem}


def _stem_and_pixel(table: InstanceTable) -> tuple[str, int]:
    return table[1].full_stem, int(table[1].image[0, 0, 0])


def test_a_worker_process_reopens_the_table(built: Path) -> None:
    table = load_instances(built, NAME, split="train")
    data = pickle.dumps(table)
    assert len(data) < 50_000  # references to files, not pictures
    assert _stem_and_pixel(pickle.loads(data)) == _stem_and_pixel(table)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(_stem_from, data).result() == table.stems[1]


def _stem_from(data: bytes) -> str:
    return pickle.loads(data)[1].full_stem


def test_relative_paths_and_names_of_any_script(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Наборы данных"
    shutil.copytree(built, folder / "rclicks")
    monkeypatch.chdir(folder)
    assert len(load_instances("rclicks", NAME, split="train")) == len(
        load_instances(built, NAME, split="train")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dataset": "pascal"}, "'pascal': unknown dataset; use one of grabcut"),
        ({"dataset": "davis"}, "has no config 'davis-instances'"),
        ({"split": "dev"}, "'dev': unknown split; use one of train, validation, test"),
        ({"rounds": ("third",)}, "'third': unknown round; use first or subsequent"),
    ],
)
def test_unknown_names(built: Path, arguments: dict, message: str) -> None:
    with pytest.raises(RclicksError, match=message):
        load_instances(built, **({"dataset": NAME} | arguments))


def test_unsound_repos(
    tmp_path: Path, make_source: Callable[..., MemoryStore], make_clicks: Callable[..., pa.Table]
) -> None:
    for repo in (tmp_path / "none", "nobody/nothing", tmp_path):
        with pytest.raises(RclicksError) as error:
            load_instances(repo, NAME)
        assert str(error.value).startswith(f"{repo}: ")
        assert "\n" not in str(error.value)
    out = tmp_path / "rclicks"
    splits = {NAME: {"000": "train", "001": "train"}}
    source = make_source(2)
    build_dataset(make_clicks(source), {}, out, splits=splits, progress=False)
    with pytest.raises(RclicksError, match="has no split 'test'; use train"):
        load_instances(out, NAME)
    with pytest.raises(RclicksError, match="has no config 'simulated_scenes-images'"):
        load_instances(out, NAME, split="train")


def test_a_name_that_only_the_cache_knows_is_not_there(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline, datasets falls back to what it cached under the name of a folder that is gone."""
    shutil.copytree(built, tmp_path / "gone")
    monkeypatch.chdir(tmp_path)
    load_instances("gone", NAME, split="train")
    shutil.rmtree(tmp_path / "gone")
    with pytest.raises(RclicksError, match=r"gone: no dataset there; give the folder"):
        load_instances("gone", "davis")


def test_a_broken_file_is_an_error_in_one_line(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "broken"
    shutil.copytree(built, out)
    path = next((out / "images").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[: os.path.getsize(path) // 2])
    with pytest.raises(RclicksError) as error:
        load_instances(out, NAME, split="test")
    assert "\n" not in str(error.value)


def test_one_round_by_its_name(built: Path) -> None:
    firsts = load_instances(built, NAME, split="train", rounds="first")
    assert firsts.stems == load_instances(built, NAME, split="train", rounds=("first",)).stems
    with pytest.raises(RclicksError, match="repo: is empty; give the folder"):
        load_instances("", NAME)
