"""The twin has the published numbers, says simulated everywhere, and is what the tools run on."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from datasets import load_dataset

from rclicks_hf.data.build.builder import build_from_files, build_twin
from rclicks_hf.data.build.card import read_card_header
from rclicks_hf.data.build.verify import verify_dataset
from rclicks_hf.data.click_index import ClickIndex
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.data.stems import FullStem
from rclicks_hf.simulation.full_size_copy import TWINS, twin_clicks, write_twin_files

pytestmark = pytest.mark.xdist_group("twin")


@pytest.fixture(scope="module")
def clicks() -> pa.Table:
    return twin_clicks()


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("twin") / "rclicks"
    build_twin(out)
    return out


def test_every_check_passes_and_the_published_numbers_are_checked(twin: Path) -> None:
    checks = {check.name: check for check in verify_dataset(twin)}
    assert [name for name, check in checks.items() if check.ok is False] == []
    published = {"all, first clicks": "185,349", "all, subsequent clicks": "290,195"}
    for name in TWINS:
        entry = SOURCE_DATASETS[name]
        real = SOURCE_DATASETS[entry.twin_of]
        published[f"{entry.title}, first clicks"] = f"{real.first_clicks:,}"
        published[f"{entry.title}, subsequent clicks"] = f"{real.subsequent_clicks:,}"
        published[f"{entry.title}, instances"] = f"{real.instances - real.clickless:,}"
    for name, number in published.items():
        assert checks[name] == (name, True, number)


def test_it_says_simulated_everywhere(twin: Path) -> None:
    text = (twin / "README.md").read_text()
    body = text.split("---\n", 2)[2]
    assert body.strip().splitlines()[0] == "# RClicks twin: simulated clicks at full size"
    header = read_card_header(twin)
    assert {"simulated", "twin"} <= set(header["tags"])
    assert all(entry["description"].startswith("SIMULATED ") for entry in header["configs"])
    assert all("simulated" in str(path.relative_to(twin)) for path in twin.rglob("*.parquet"))
    assert set(load_dataset(str(twin), "all", split="validation")["is_simulated"]) == {True}
    with pytest.raises(ValueError, match="davis"):
        load_dataset(str(twin), "davis")


def test_splits_are_by_image_in_the_published_numbers(clicks: pa.Table) -> None:
    tetris = clicks.filter(pc.equal(clicks["dataset"], "simulated_tetris"))
    images = tetris.group_by(["split", "image_stem"]).aggregate([])
    counts = {v["values"]: v["counts"] for v in pc.value_counts(images["split"]).to_pylist()}
    # Two objects have no clicks; their images have another one that has.
    assert counts == {"train": 1_500, "validation": 500}


def test_names_have_every_form_and_spell_their_instance(clicks: pa.Table) -> None:
    columns = ["full_stem", "image_stem", "object_stem", "click_type", "model_type"]
    rows = clicks.select(columns).group_by(columns).aggregate([]).to_pylist()
    stems = [FullStem.parse(row["full_stem"]) for row in rows]
    for stem, row in zip(stems, rows, strict=True):
        told = tuple(row[name] for name in columns[1:])
        assert (stem.image_stem, stem.object_stem, stem.click_type, stem.model_type) == told
    forms = {(bool(s.object_stem), s.click_type, s.model_type, s.device) for s in stems}
    for model in ("ritm", "sam", "simple"):
        for kind in ("fn", "fp"):
            assert {(False, kind, model, device) for device in ("pc", "mobile")} <= forms
    assert {(True, "first", "none", ""), (True, "fn", "mivos", "")} <= forms
    names = [stem.image_stem for stem in stems]
    assert any(" " in name for name in names)
    assert any("." in name for name in names)
    assert any(name.startswith("0") for name in names)


def test_the_seed_decides(clicks: pa.Table) -> None:
    assert twin_clicks().equals(clicks)
    assert not twin_clicks(seed=1).equals(clicks)


def test_the_files_of_the_twin_build_the_same_rows(
    clicks: pa.Table, twin: Path, tmp_path: Path
) -> None:
    path = write_twin_files(tmp_path)
    build_from_files(path, None, tmp_path / "rclicks", progress=False)
    # The build splits GrabCut's images by a draw, as those of the demo.
    for config in (
        "simulated_tetris",
        "simulated_tetris-instances",
        "simulated_davis-first-mobile",
    ):
        ours, twins = (load_dataset(str(root), config) for root in (tmp_path / "rclicks", twin))
        assert set(ours) == set(twins)
        for split, rows in ours.items():
            assert rows.with_format("arrow")[:].equals(twins[split].with_format("arrow")[:])


def test_the_index_gives_what_a_filter_gives(clicks: pa.Table, twin: Path) -> None:
    index = ClickIndex(load_dataset(str(twin), "all"))
    assert len(index) == 12_345
    frame = clicks.select(["dataset", "full_stem", "device", "x", "y"]).to_pandas()
    some = frame.drop_duplicates(["dataset", "full_stem"]).sample(20, random_state=0)
    for dataset, stem in zip(some["dataset"], some["full_stem"], strict=True):
        rows = frame[(frame["dataset"] == dataset) & (frame["full_stem"] == stem)]
        for device, expected in [(None, rows), *rows.groupby("device")]:
            found = index.clicks(stem, dataset=dataset, device=device)
            in_order = sorted(zip(expected["x"], expected["y"], expected["device"], strict=True))
            assert sorted(zip(found.x, found.y, found.device, strict=True)) == in_order
