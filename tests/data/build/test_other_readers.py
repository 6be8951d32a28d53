"""The Parquet files of a build are read by folder with pandas and pyarrow; older builds load."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import load_dataset, load_dataset_builder

from rclicks_hf.data.build.card import read_card_header, write_card
from rclicks_hf.data.build.verify import verify_dataset
from rclicks_hf.data.loading import load_instances
from rclicks_hf.data.repo_files import RepoFiles
from rclicks_hf.data.schema import ConfigKey
from rclicks_hf.hub.install import install_dataset

NAME = "simulated_scenes"
CONFIGS = {"clicks": NAME, "instances": f"{NAME}-instances", "images": f"{NAME}-images"}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_folder_is_read_with_pandas_and_pyarrow(built: Path, kind: str) -> None:
    parts = load_dataset(str(built), CONFIGS[kind]).values()
    names = next(iter(parts)).column_names
    expected = sorted(stem for part in parts for stem in part["full_stem"][:])
    frame = pd.read_parquet(built / kind)
    assert list(frame) == names
    assert sorted(frame["full_stem"]) == expected
    for partitioning in (None, "hive"):
        table = pyarrow.dataset.dataset(built / kind, partitioning=partitioning).to_table()
        assert table.column_names == names
        assert sorted(table["full_stem"].to_pylist()) == expected
    one = pd.read_parquet(built / kind, filters=[("full_stem", "==", expected[0])])
    assert len(one) == expected.count(expected[0])


@pytest.fixture
def card(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The card's text, in a folder where the names in it exist."""
    (tmp_path / "rclicks").symlink_to(built)
    monkeypatch.chdir(tmp_path)
    return (built / "README.md").read_text()


def line_of(card: str, library: str) -> str:
    """The first code in the card's line on a library."""
    return re.findall(rf"^- {library}: `([^`]+)`", card, flags=re.MULTILINE)[0]


def test_the_card_reads_with_pyarrow(built: Path, card: str) -> None:
    table = eval(line_of(card, "pyarrow"), {"pyarrow": pyarrow})
    assert table.column_names == ["full_stem", "x", "y"]
    stems = pd.read_parquet(built / "clicks")["full_stem"]
    assert sorted(table["full_stem"].to_pylist()) == sorted(stems)


def test_the_card_reads_with_polars(built: Path, card: str) -> None:
    pl = pytest.importorskip("polars")
    frame = eval(line_of(card, "polars"), {"pl": pl})
    assert sorted(frame["full_stem"]) == sorted(pd.read_parquet(built / "clicks")["full_stem"])


def test_the_card_reads_with_duckdb(built: Path, card: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    rows = duckdb.sql(line_of(card, "DuckDB")).fetchall()
    frame = pd.read_parquet(built / "clicks")
    assert len(rows) == (frame["device"] == 0).sum() > 0


def test_files_have_page_indexes_and_content_defined_chunks(built: Path) -> None:
    for path in built.rglob("*.parquet"):
        footer = pq.read_metadata(path)
        assert footer.row_group(0).column(0).has_column_index
        assert json.loads(footer.metadata[b"content_defined_chunking"])["min_chunk_size"] == 2**18
        assert "=" not in path.relative_to(built).as_posix()


def test_the_card_states_the_sizes_of_splits(built: Path) -> None:
    files = RepoFiles(built)
    for info in read_card_header(built)["dataset_info"]:
        of = files.of_config(ConfigKey.parse(info["config_name"]))
        rows = {split: sum(map(_rows, paths)) for split, paths in of.items()}
        assert {split["name"]: split["num_examples"] for split in info["splits"]} == rows
        stored = sum(path.stat().st_size for paths in of.values() for path in paths)
        assert info["download_size"] == stored
        assert info["dataset_size"] == sum(split["num_bytes"] for split in info["splits"]) > 0
    splits = load_dataset_builder(str(built), NAME).info.splits
    assert splits is not None
    assert sum(split.num_examples for split in splits.values()) == 60


def _rows(path: Path) -> int:
    return pq.read_metadata(path).num_rows


@pytest.fixture
def older(built: Path, tmp_path: Path) -> Path:
    """The same dataset as it was once built: folders with keys, a card without sizes."""
    root = Path(shutil.copytree(built, tmp_path / "rclicks"))
    for path in list(root.rglob("*.parquet")):
        kind, *values = path.relative_to(root).parent.parts
        keys = ["dataset", "round", "device", "split"] if kind == "clicks" else ["dataset", "split"]
        folders = [f"{key}={value}" for key, value in zip(keys, values, strict=True)]
        target = root.joinpath(kind, *folders, path.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    for kind in CONFIGS:
        shutil.rmtree(root / kind / NAME)
    write_card(root, is_simulated=True)
    card = root / "README.md"
    header = read_card_header(root)
    for info in header["dataset_info"]:
        for name in ("splits", "download_size", "dataset_size"):
            del info[name]
    body = card.read_text().split("---\n", 2)[2]
    card.write_text(f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n{body}")
    return root


def test_an_older_build_loads_verifies_and_installs(
    built: Path, older: Path, tmp_path: Path
) -> None:
    entry = read_card_header(older)["configs"][0]
    assert (
        entry["data_files"][0]["path"] == "clicks/dataset=*/round=*/device=*/split=train/*.parquet"
    )
    for split in ("train", "test"):
        expected = load_instances(built, NAME, split=split)
        found = load_instances(older, NAME, split=split)
        assert found.content_digest() == expected.content_digest()
    assert (
        load_dataset(str(older), "all")["train"][:] == load_dataset(str(built), "all")["train"][:]
    )
    assert [check for check in verify_dataset(older) if check.ok is False] == []
    names = install_dataset(older, cache_dir=tmp_path / "cache", progress=False)
    assert names == install_dataset(built, cache_dir=tmp_path / "other", progress=False)
