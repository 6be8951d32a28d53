"""A small table with every form of stem and everything odd that the paper's code reads."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from datasets import load_dataset

from rclicks_hf.data.build.builder import build_from_files
from rclicks_hf.data.build.verify import verify_dataset
from rclicks_hf.data.schema import CLOSED_VALUES, SOURCE_DATASETS
from rclicks_hf.data.stems import FullStem

TABLE = Path(__file__).parent / "hand_written.csv"


def lines() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Blanks and letters of other scripts in the path, as users have them.
    folder = tmp_path_factory.mktemp("hand") / "данные с пробелом"
    folder.mkdir()
    (folder / "clicks.csv").write_bytes(TABLE.read_bytes())
    (folder / "TETRIS_train.txt").write_text("-4-KfFh2eIU\n_fHMfU0MTmw\n")
    (folder / "TETRIS_val.txt").write_text("1cd6_X_00_Some Where_No Land____img_5_eu.9c6cdd5a\n")
    build_from_files(folder / "clicks.csv", None, folder / "rclicks", progress=False)
    return folder / "rclicks"


def words(row: dict) -> dict:
    return {k: CLOSED_VALUES[k][v] if k in CLOSED_VALUES else v for k, v in row.items()}


@pytest.mark.parametrize("line", lines(), ids=lambda line: line["full_stem"][-24:])
def test_every_stem_is_taken_apart_as_its_columns_say(line: dict[str, str]) -> None:
    stem = FullStem.parse(line["full_stem"])
    assert str(stem) == line["full_stem"]
    assert (stem.image_stem, stem.object_stem) == (line["image_stem"], line["object_stem"])
    assert stem.click_type == line["click_type"]
    assert stem.model_type == (line["model_type"] or "none")


def test_every_line_is_a_row(built: Path) -> None:
    loaded = [words(row) for part in load_dataset(str(built), "all").values() for row in part]
    titles = {key: entry.csv_name for key, entry in SOURCE_DATASETS.items()}
    found = [
        {
            "dataset": titles[row["dataset"]],
            "model_type": row["model_type"].replace("none", ""),
            **{
                name: row[name]
                for name in ("full_stem", "image_stem", "object_stem", "click_type", "device")
            },
            **{name: float(row[f"{name}_raw"]) for name in "xy"},
            **{name: float(row[name]) for name in "wh"},
            "note": row["note"],
        }
        for row in loaded
    ]
    expected = [row | {name: float(row[name]) for name in "xywh"} for row in lines()]

    def in_order(rows: list[dict]) -> list[tuple]:
        return sorted(tuple(row[name] for name in sorted(row)) for row in rows)

    assert in_order(found) == in_order(expected)


def test_splits_and_scaled_instances(built: Path) -> None:
    assert load_dataset(str(built), "tetris").num_rows == {"train": 2, "validation": 2}
    rows = {row["full_stem"]: row for row in load_dataset(str(built), "tetris-instances")["train"]}
    wide = rows["-4-KfFh2eIU"]
    assert (wide["w"], wide["h"], wide["x"], wide["y"]) == (2048, 1080, [2047], [0])


def test_irregular_clicks_are_counted(built: Path) -> None:
    counted = {check.name: check.detail.split()[0] for check in verify_dataset(built)}
    expected = {
        "equal clicks": "1",
        "clicks outside their image": "1",
        "fractional coordinates": "1",
        "rows of another w or h than their instance": "1",
        "rows that contradict their instance": "0",
        "instances with a full_stem that contradicts them": "0",
        "clicks after an unknown model_type": "1",
        "clicks on images in no split list": "0",
        "columns beyond the schema": "1",
    }
    assert {name: counted[name] for name in expected} == expected
