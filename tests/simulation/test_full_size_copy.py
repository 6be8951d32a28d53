"""The full-size synthetic copy has the published numbers and is labelled as simulated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from datasets import DatasetDict, load_dataset

from rclicks_hf.data.build.builder import build_from_files
from rclicks_hf.data.build.card import read_card_header
from rclicks_hf.data.build.verify import verify_dataset
from rclicks_hf.data.click_index import ClickIndex
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.data.stems import FullStem
from rclicks_hf.errors import RclicksError
from rclicks_hf.simulation import full_size_copy
from rclicks_hf.simulation.full_size_copy import (
    FULL_SIZE_DATASETS,
    _dataset_clicks,
    build_full_size_copy,
    full_size_clicks,
    write_full_size_files,
)


@pytest.fixture(scope="module")
def clicks() -> pa.Table:
    return full_size_clicks()


@pytest.fixture(scope="module")
def built_copy(clicks: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("copy") / "rclicks"
    with pytest.MonkeyPatch.context() as patch:
        # Generated once.
        patch.setattr(full_size_copy, "full_size_clicks", {0: clicks}.__getitem__)
        build_full_size_copy(out)
    return out


@pytest.fixture(scope="module")
def loaded(built_copy: Path) -> DatasetDict:
    return load_dataset(str(built_copy), "all")


def test_every_check_passes_and_the_published_numbers_are_checked(built_copy: Path) -> None:
    checks = {check.name: check for check in verify_dataset(built_copy)}
    assert [name for name, check in checks.items() if check.ok is False] == []
    published = {"all, first clicks": "185,349", "all, subsequent clicks": "290,195"}
    for name in FULL_SIZE_DATASETS:
        entry = SOURCE_DATASETS[name]
        real = SOURCE_DATASETS[entry.copy_of]
        published[f"{entry.title}, first clicks"] = f"{real.first_clicks:,}"
        published[f"{entry.title}, subsequent clicks"] = f"{real.subsequent_clicks:,}"
        published[f"{entry.title}, instances"] = f"{real.instances - real.clickless:,}"
    for name, number in published.items():
        assert checks[name] == (name, True, number)


def test_it_says_simulated_everywhere(built_copy: Path, loaded: DatasetDict) -> None:
    text = (built_copy / "README.md").read_text()
    body = text.split("---\n", 2)[2]
    assert (
        body.strip().splitlines()[0] == "# RClicks: full-size synthetic copy with simulated clicks"
    )
    header = read_card_header(built_copy)
    assert {"simulated", "twin"} <= set(header["tags"])
    assert all(entry["description"].startswith("SIMULATED ") for entry in header["configs"])
    assert all(
        "simulated" in str(path.relative_to(built_copy)) for path in built_copy.rglob("*.parquet")
    )
    for rows in loaded.values():
        assert pc.all(rows.data["is_simulated"]).as_py()
    names = {entry["config_name"] for entry in header["configs"]}
    assert names.isdisjoint(SOURCE_DATASETS[name].copy_of for name in FULL_SIZE_DATASETS)


def test_splits_are_by_image_in_the_published_numbers(clicks: pa.Table) -> None:
    tetris = clicks.filter(pc.equal(clicks["dataset"], "simulated_tetris"))
    images = tetris.group_by(["split", "image_stem"]).aggregate([])
    counts = {v["values"]: v["counts"] for v in pc.value_counts(images["split"]).to_pylist()}
    # Two objects have no clicks; their images have another one that has.
    assert counts == {"train": 1_500, "validation": 500}


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="--seed -1: must be at least 0"):
        build_full_size_copy(tmp_path / "new", seed=-1)


def test_a_new_source_dataset_needs_no_entry_here(monkeypatch: pytest.MonkeyPatch) -> None:
    real = replace(SOURCE_DATASETS["davis"], name="pascal", subsequent_clicks=680, instances=30)
    copy = replace(real, name="simulated_pascal", is_simulated=True, copy_of="pascal")
    monkeypatch.setitem(SOURCE_DATASETS, "pascal", real)
    monkeypatch.setitem(SOURCE_DATASETS, "simulated_pascal", copy)
    table = _dataset_clicks("simulated_pascal", np.random.default_rng(0))
    rounds = table.group_by(["click_type", "full_stem"]).aggregate([])["click_type"].to_pylist()
    assert len(table) == real.first_clicks + 680
    assert [rounds.count(kind) for kind in ("first", "fn", "fp")] == [30, 10, 10]


def test_names_have_every_form_and_spell_their_instance(clicks: pa.Table) -> None:
    columns = ["full_stem", "image_stem", "object_stem", "click_type", "model_type"]
    rows = clicks.select(columns).group_by(columns).aggregate([]).to_pylist()
    stems = [FullStem.parse(row["full_stem"]) for row in rows]
    for stem, row in zip(stems, rows, strict=True):
        in_columns = tuple(row[name] for name in columns[1:])
        assert (stem.image_stem, stem.object_stem, stem.click_type, stem.model_type) == in_columns
    forms = {(bool(s.object_stem), s.click_type, s.model_type, s.device) for s in stems}
    for model in ("ritm", "sam", "simple"):
        for kind in ("fn", "fp"):
            assert {(False, kind, model, device) for device in ("pc", "mobile")} <= forms
    assert {(True, "first", "none", ""), (True, "fn", "mivos", "")} <= forms
    names = [stem.image_stem for stem in stems]
    assert any(" " in name for name in names)
    assert any("." in name for name in names)
    assert any(name.startswith("0") for name in names)


def test_the_seed_decides(clicks: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_size_copy, "FULL_SIZE_DATASETS", FULL_SIZE_DATASETS[:1])
    again = full_size_clicks()
    assert again.equals(clicks.slice(0, len(again)))
    assert not full_size_clicks(seed=1).equals(again)


def test_the_files_build_the_same_rows(
    clicks: pa.Table, built_copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_size_copy, "full_size_clicks", {0: clicks}.__getitem__)
    path = write_full_size_files(tmp_path)
    build_from_files(path, None, tmp_path / "rclicks", progress=False)
    from_files, direct = (
        {str(path.relative_to(root)): path for path in root.rglob("*.parquet")}
        for root in (tmp_path / "rclicks", built_copy)
    )
    # The build draws the splits of simulated GrabCut, as it does for the demo.
    compared = {name for name in direct if "grabcut" not in name}
    assert compared == {name for name in from_files if "grabcut" not in name}
    for name in compared:
        assert pq.read_table(from_files[name]).equals(pq.read_table(direct[name])), name


def test_the_index_gives_what_a_filter_gives(clicks: pa.Table, loaded: DatasetDict) -> None:
    index = ClickIndex(loaded)
    assert len(index) == 12_345
    frame = clicks.select(["dataset", "full_stem", "device", "x", "y"]).to_pandas()
    some = frame.drop_duplicates(["dataset", "full_stem"]).sample(20, random_state=0)
    for dataset, stem in zip(some["dataset"], some["full_stem"], strict=True):
        rows = frame[(frame["dataset"] == dataset) & (frame["full_stem"] == stem)]
        for device, expected in [(None, rows), *rows.groupby("device")]:
            found = index.clicks(stem, dataset=dataset, device=device)
            in_order = sorted(zip(expected["x"], expected["y"], expected["device"], strict=True))
            assert sorted(zip(found.x, found.y, found.device, strict=True)) == in_order
