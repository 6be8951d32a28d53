from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.commands import run_python

from rclicks_hf.analysis.repo_analysis import load_instance_rows
from rclicks_hf.data import arrow_cache
from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.fingerprint import dataset_fingerprint
from rclicks_hf.data.images.files import encode_mask
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.loading import InstanceTable, load_instances
from rclicks_hf.data.repo_files import config_files
from rclicks_hf.data.schema import IMAGES, INSTANCES, ConfigKey
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


def test_another_process_reopens_the_table(built: Path, tmp_path: Path, repo: Path) -> None:
    table = load_instances(built, NAME, split="train")
    data = pickle.dumps(table)
    assert len(data) < 50_000  # references to files, not pictures
    assert _stem_and_pixel(pickle.loads(data)) == _stem_and_pixel(table)
    (tmp_path / "table").write_bytes(data)
    code = "import pickle; print(pickle.load(open('table', 'rb'))[1].full_stem)"
    done = run_python(["-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(repo)})
    assert done.stdout.strip() == table.stems[1], done.stderr


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
        ({"dataset": "nonsuch"}, "'nonsuch': unknown dataset; use one of grabcut"),
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
    for config in (f"{NAME}-instances", f"{NAME}-images"):
        datasets.load_dataset("gone", config, split="train")
    load_instances("gone", NAME, split="train")
    shutil.rmtree(tmp_path / "gone")
    for repo in ("gone", "./gone", "../gone", str(tmp_path / "gone"), "nobody/gone"):
        for name in (NAME, "davis"):
            with pytest.raises(RclicksError, match=r"gone: no dataset there; give the folder"):
                load_instances(repo, name, split="train")
        with pytest.raises(RclicksError, match=r"gone: no dataset there; give the folder"):
            load_instance_rows(repo)


def test_a_folder_named_like_a_hub_repo_in_the_cache_is_not_that_repo(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(built, tmp_path / "nobody___there")
    monkeypatch.chdir(tmp_path)
    for config in (f"{NAME}-instances", f"{NAME}-images"):
        datasets.load_dataset("nobody___there", config, split="train")
    with pytest.raises(RclicksError, match=r"nobody/there: no dataset there; give the folder"):
        load_instances("nobody/there", NAME, split="train")


def _rewrite(path: Path, table: pa.Table) -> None:
    """Write a Parquet file anew under its old modification time."""
    facts = path.stat()
    pq.write_table(table, path)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def _first_row(repo: Path) -> tuple[list[int], int, str]:
    table = load_instances(repo, NAME, split="train")
    digest = dataset_fingerprint(str(repo), NAME, "train", ("first", "subsequent"))
    return table[0].clicks.x.tolist(), int(table[0].mask.sum()), digest


def test_an_edited_file_is_read_anew_under_its_own_fingerprint(built: Path, tmp_path: Path) -> None:
    """`datasets` keys its cache of a folder by the card, which an edit of a file leaves as is."""
    repo = Path(shutil.copytree(built, tmp_path / "rclicks"))
    for config in (f"{NAME}-instances", f"{NAME}-images"):
        datasets.load_dataset(str(repo), config, split="train")
    old = _first_row(repo)
    [clicks] = config_files(repo, ConfigKey(NAME, kind=INSTANCES))["train"]
    [images] = config_files(repo, ConfigKey(NAME, kind=IMAGES))["train"]
    stored = {path: path.read_bytes() for path in (clicks, images)}

    table = pq.read_table(clicks, partitioning=None)
    moved = [[15 - x for x in row] for row in table["x"].to_pylist()]
    place = table.schema.get_field_index("x")
    _rewrite(clicks, table.set_column(place, "x", pa.array(moved, table["x"].type)))
    edited = _first_row(repo)
    assert edited[0] == [15 - x for x in old[0]]
    assert edited[2] != old[2]
    rows = load_instance_rows(repo, [NAME], "train")  # what `rclicks analyse` reads
    assert rows["x"][0].as_py() == edited[0]

    pictures = pq.read_table(images, partitioning=None)
    place = pictures.schema.get_field_index("object_mask")
    other = encode_mask(np.ones((12, 16), np.int8))
    masks = pa.array([{"bytes": other, "path": None}] * len(pictures), pictures.field(place).type)
    _rewrite(images, pictures.set_column(place, "object_mask", masks))
    both = _first_row(repo)
    assert both[1] == 12 * 16 != old[1]
    assert both[2] not in (old[2], edited[2])

    for path, data in stored.items():
        path.write_bytes(data)
    assert _first_row(repo) == old


def test_a_file_that_changes_while_it_is_read_is_refused(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = Path(shutil.copytree(built, tmp_path / "rclicks"))
    [path] = config_files(repo, ConfigKey(NAME, kind=INSTANCES))["train"]
    pq.write_table(pq.read_table(path, partitioning=None).slice(1), path)  # not cached yet
    write = arrow_cache.write_arrow

    def write_and_change(source: pq.ParquetFile, target: Path) -> None:
        write(source, target)
        with path.open("ab") as file:
            file.write(b"x")

    monkeypatch.setattr(arrow_cache, "write_arrow", write_and_change)
    with pytest.raises(RclicksError, match="changed while it was read; run the command again"):
        load_instances(repo, NAME, split="train")


def test_a_cache_that_cannot_be_written_is_one_line(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "file")
    with pytest.raises(RclicksError, match=r"cannot be written there; set HF_HOME or HF_DATA"):
        load_instances(built, NAME, split="train")


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
