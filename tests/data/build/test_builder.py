from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, get_dataset_config_names, load_dataset
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from rclicks_hf.data.build.builder import build_dataset, build_from_files
from rclicks_hf.data.build.verify import verify_dataset
from rclicks_hf.data.clicks.csv_reader import read_clicks
from rclicks_hf.data.clicks.word_codes import encode
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.loading import load_instances
from rclicks_hf.data.schema import CLICK_SCHEMA, CLOSED_VALUES, ConfigKey, config_names
from rclicks_hf.data.splits import SplitMatch
from rclicks_hf.errors import RclicksError

Make = Callable[..., MemoryStore]
MakeClicks = Callable[..., pa.Table]


def _word(name: str, value: Any) -> Any:
    """The words of class labels, of one or of a list."""
    if name not in CLOSED_VALUES:
        return value
    words = CLOSED_VALUES[name]
    return [words[label] for label in value] if isinstance(value, list) else words[value]


def _all_rows(repo: str, config: str) -> list[dict]:
    return [
        {name: _word(name, value) for name, value in row.items()}
        for part in load_dataset(repo, config).values()
        for row in part.to_list()
    ]


def _sorted(rows: list[dict]) -> list[tuple]:
    return sorted(tuple(row[name] for name in sorted(row)) for row in rows)


def _expected(clicks: pa.Table, config: str) -> list[dict]:
    key = ConfigKey.parse(config)
    return [
        row
        for row in clicks.to_pylist()
        if key.dataset in (None, row["dataset"])
        and key.round in (None, "first" if row["click_type"] == "first" else "subsequent")
        and key.device in (None, row["device"])
    ]


def test_the_literal_call_serves_every_config(
    built: Path, make_source: Make, make_clicks: MakeClicks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(built.parent)
    clicks = make_clicks(make_source())
    names = get_dataset_config_names("rclicks")
    assert names == config_names(["simulated_scenes"])
    for name in names:
        rows = _all_rows("rclicks", name)
        if ConfigKey.parse(name).kind != "clicks":
            assert len(rows) == 12
            continue
        got = [{key: row[key] for key in CLICK_SCHEMA.names} for row in rows]
        assert _sorted(got) == _sorted(_expected(clicks, name))
        assert all(row["is_simulated"] for row in rows)
    assert load_dataset("rclicks").num_rows == load_dataset("rclicks", "all").num_rows


def test_streaming_columns_and_filters(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built.parent)
    stream = load_dataset("rclicks", "simulated_scenes", split="test", streaming=True)
    whole = load_dataset("rclicks", "simulated_scenes", split="test")
    assert list(stream) == list(whole)
    points = load_dataset("rclicks", "all", split="test", columns=["x", "y"])
    assert points.column_names == ["x", "y"]
    left = load_dataset(
        "rclicks", "all", split="test", filters=[("x", "<", 5)], verification_mode="no_checks"
    )
    assert 0 < len(left) == sum(x < 5 for x in whole["x"])
    pictures = load_dataset("rclicks", "simulated_scenes-images", split="test", streaming=True)
    assert next(iter(pictures))["image"].size == (16, 12)


def test_types_are_exact_and_nothing_is_null(built: Path) -> None:
    features = load_dataset(str(built), "all", split="test").features
    assert isinstance(features["device"], ClassLabel)
    assert {str(features[name].dtype) for name in "xywh"} == {"int32"}
    for path in built.rglob("*.parquet"):
        table = pq.read_table(path, partitioning=None).flatten()
        assert {column.null_count for column in table.columns} == {0}


def test_pictures_are_joined_by_full_stem(built: Path, make_source: Make) -> None:
    source = make_source()
    instances = load_dataset(str(built), "simulated_scenes-instances", split="train")
    images = load_dataset(str(built), "simulated_scenes-images", split="train")
    by_stem = {row["full_stem"]: row for row in images}
    assert set(by_stem) == set(instances["full_stem"])
    for row in instances:
        picture = by_stem[row["full_stem"]]
        np.testing.assert_array_equal(picture["image"], source.image(row["image_stem"]))
        mask = np.asarray(picture["object_mask"])
        assert set(np.unique(mask)) == {0, 128, 255}
        previous = np.asarray(picture["previous_mask"])
        assert (previous.max() == 0) == (_word("click_type", row["click_type"]) == "first")
        assert row["box"] == [3, 2, 8, 6]
        assert (row["w"], row["h"]) == (16, 12)
        assert len(row["x"]) == len(row["y"]) == len(row["device"]) == 5


def test_instances_list_their_clicks_in_table_order(
    built: Path, make_source: Make, make_clicks: MakeClicks
) -> None:
    clicks = make_clicks(make_source()).to_pylist()
    for row in _all_rows(str(built), "simulated_scenes-instances"):
        own = [click for click in clicks if click["full_stem"] == row["full_stem"]]
        assert row["x"] == [click["x"] for click in own]
        assert row["y"] == [click["y"] for click in own]
        assert row["device"] == [click["device"] for click in own]


def test_an_image_with_many_objects_is_stored_once(tmp_path: Path, make_clicks: MakeClicks) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    mask = np.zeros((200, 300), np.int8)
    mask[20:90, 30:100] = 1
    source = MemoryStore()
    source.add("a", noise, {str(code): mask for code in range(1, 9)})
    clicks = pa.Table.from_pylist(
        [row for row in make_clicks(source).to_pylist() if row["click_type"] == "first"],
        CLICK_SCHEMA,
    )
    build_dataset(clicks, {"simulated_scenes": source}, tmp_path / "rclicks", progress=False)
    stored = sum(path.stat().st_size for path in tmp_path.rglob("images/**/*.parquet"))
    assert stored < 1.5 * noise.size  # eight objects; the noise does not compress


CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)


@st.composite
def csv_rows(draw: st.DrawFn) -> list[dict]:
    """Rows of a click CSV on a few instances of every form, with duplicates and stray clicks."""
    forms = [
        ("GrabCut", "095", "095", "", "first", ""),
        ("GrabCut", "095_sam_fn_pc_3", "095", "", "fn", "sam"),
        ("Berkeley", "095", "095", "", "first", ""),
        ("COCO", "hot dog00_1_mivos_fp", "hot dog00_1", "", "fp", "mivos"),
        ("TETRIS", "a.b_______77", "a.b", "77", "first", ""),
    ]
    chosen = draw(st.lists(st.sampled_from(forms), min_size=1, max_size=12))
    columns = ("dataset", "full_stem", "image_stem", "object_stem", "click_type", "model_type")
    rows: list[dict] = [dict(zip(columns, form, strict=True)) for form in chosen]
    for row in rows:
        row["device"] = draw(st.sampled_from(["pc", "mobile"]))
        row["x"], row["y"] = draw(st.integers(-3, 30)), draw(st.integers(0, 30))
        row["w"], row["h"] = 20, 31
        row["note"] = draw(CELL.filter(lambda text: '"' not in text and "\n" not in text))
    return rows


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=csv_rows())
def test_build_then_load_returns_the_csv_row_for_row(
    rows: list[dict], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    header = list(rows[0])
    lines = [",".join(f'"{row[name]}"' for name in header) for row in rows]
    (folder / "clicks.csv").write_text("\n".join([",".join(header), *lines]), encoding="utf-8")
    (folder / "TETRIS_train.txt").write_text("")
    (folder / "TETRIS_val.txt").write_text("a.b\n")
    report = build_from_files(folder / "clicks.csv", None, folder / "rclicks", progress=False)
    loaded = _all_rows(str(folder / "rclicks"), "all")
    names = {"GrabCut": "grabcut", "Berkeley": "berkeley", "COCO": "coco_mval", "TETRIS": "tetris"}
    expected = [
        row
        | {"dataset": names[row["dataset"]], "model_type": row["model_type"] or "none"}
        | {"x": min(max(row["x"], 0), 19), "x_raw": float(row["x"]), "y_raw": float(row["y"])}
        | {"round": "first" if row["click_type"] == "first" else "subsequent"}
        | {"split": "validation" if row["dataset"] == "TETRIS" else "test"}
        | {"is_simulated": False}
        for row in rows
    ]
    assert _sorted(loaded) == _sorted(expected)
    assert sum(report.clicks.values()) == len(rows)
    assert report.outside == sum(not 0 <= row["x"] < 20 for row in rows)
    assert not report.is_simulated


def _tetris_folder(root: Path) -> None:
    """A 4096 x 20 image; its clicks are recorded on it, its dataset image is 2048 x 10."""
    pixels = np.zeros((20, 4096, 3), np.uint8)
    for folder in ("images", "masks"):
        (root / "TETRIS" / folder).mkdir(parents=True)
        Image.fromarray(pixels).save(root / "TETRIS" / folder / "a.png")
        pixels[4:12, 1000:2000] = (7, 0, 0)


def test_tetris_clicks_are_scaled_to_the_limited_image(tmp_path: Path) -> None:
    _tetris_folder(tmp_path)
    header = ",".join(CLICK_SCHEMA.names)
    rows = [f"TETRIS,a,a,7,first,,pc,{x},{y},4096,20" for x, y in ((1001, 5), (4096, 19.9))]
    (tmp_path / "clicks.csv").write_text("\n".join([header, *rows]))
    (tmp_path / "TETRIS_train.txt").write_text("a\n")
    (tmp_path / "TETRIS_val.txt").write_text("")
    out = tmp_path / "rclicks"
    report = build_from_files(tmp_path / "clicks.csv", tmp_path, out, progress=False)
    assert (report.images, report.resized, report.outside) == (1, 0, 1)
    row = load_dataset(str(out), "tetris-instances", split="train")[0]
    assert (row["w"], row["h"], row["x"], row["y"]) == (2048, 10, [500, 2047], [2, 9])
    assert row["box"] == [500, 2, 500, 4]
    click = load_dataset(str(out), "tetris", split="train")[0]
    assert (click["x"], click["w"]) == (1001, 4096)


def test_a_build_says_how_lists_and_images_fit(tmp_path: Path) -> None:
    header = ",".join(CLICK_SCHEMA.names)
    rows = [f"TETRIS,{stem},{stem},7,first,,pc,1,2,20,10" for stem in ("a", "b", "c")]
    (tmp_path / "clicks.csv").write_text("\n".join([header, *rows]))
    (tmp_path / "TETRIS_train.txt").write_bytes(b"\xef\xbb\xbfa.jpg\r\nx\r\n")
    (tmp_path / "TETRIS_val.txt").write_text("y\nc\n")
    report = build_from_files(tmp_path / "clicks.csv", None, tmp_path / "r", progress=False)
    assert report.listed == SplitMatch(without_image=2, unlisted=1)
    assert "stems in the split lists without an image: 2" in str(report)
    assert "images in no split list, now in test: 1" in str(report)
    assert load_dataset(str(tmp_path / "r"), "tetris", split="train")["image_stem"][:] == ["a"]
    (tmp_path / "TETRIS_train.txt").write_text("A\n")
    with pytest.raises(RclicksError, match=r"TETRIS_train\.txt: none of its 1 stems is an image"):
        build_from_files(tmp_path / "clicks.csv", None, tmp_path / "none", progress=False)
    assert not (tmp_path / "none").exists()


def test_objects_that_nobody_clicked_on_are_instances_too(tmp_path: Path) -> None:
    """TETRIS has two; only the masks name them."""
    pixels = np.zeros((20, 30, 3), np.uint8)
    for folder in ("images", "masks"):
        (tmp_path / "TETRIS" / folder).mkdir(parents=True)
    for stem in ("a", "b"):
        Image.fromarray(pixels).save(tmp_path / "TETRIS" / "images" / f"{stem}.png")
    one, two = pixels.copy(), pixels.copy()
    one[4:12, 5:9] = two[4:12, 5:9] = (7, 0, 0)
    two[4:12, 10:19] = (0, 1, 0)
    Image.fromarray(one).save(tmp_path / "TETRIS" / "masks" / "a.png")
    Image.fromarray(two).save(tmp_path / "TETRIS" / "masks" / "b.png")
    header = ",".join(CLICK_SCHEMA.names)
    (tmp_path / "clicks.csv").write_text(f"{header}\nTETRIS,b_______7,b,7,first,,pc,6,5,30,20\n")
    (tmp_path / "TETRIS_train.txt").write_text("a\n")
    (tmp_path / "TETRIS_val.txt").write_text("b\n")
    out = tmp_path / "rclicks"
    report = build_from_files(tmp_path / "clicks.csv", tmp_path, out, progress=False)
    assert (report.images, report.resized) == (3, 0)
    found = {
        (split, row["full_stem"]): (row["x"], row["object_stem"], row["box"])
        for split, rows in load_dataset(str(out), "tetris-instances").items()
        for row in rows
    }
    assert found == {
        ("train", "a"): ([], "", [5, 4, 4, 8]),
        ("validation", "b_______7"): ([6], "7", [5, 4, 4, 8]),
        ("validation", "b_______256"): ([], "256", [10, 4, 9, 8]),
    }
    checks = {check.name: check for check in verify_dataset(out)}
    assert checks["TETRIS, instances without clicks"].ok
    assert checks["instances without images"].ok
    assert len(load_instances(out, "tetris", split="validation")[1].clicks) == 0


@pytest.mark.parametrize("row", ["a,a,", "a,a,7", "a_______7,a,7"])
def test_an_only_object_is_clicked_on_however_the_table_names_it(tmp_path: Path, row: str) -> None:
    _tetris_folder(tmp_path)
    header = ",".join(CLICK_SCHEMA.names)
    (tmp_path / "clicks.csv").write_text(f"{header}\nTETRIS,{row},first,,pc,1001,5,4096,20\n")
    (tmp_path / "TETRIS_train.txt").write_text("a\n")
    (tmp_path / "TETRIS_val.txt").write_text("")
    report = build_from_files(tmp_path / "clicks.csv", tmp_path, tmp_path / "r", progress=False)
    assert report.images == 1


def test_real_grabcut_folder(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text(
        f"{','.join(CLICK_SCHEMA.names)}\nGrabCut,153077,153077,,first,,pc,240,160,481,321\n"
    )
    out = tmp_path / "rclicks"
    build_from_files(tmp_path / "clicks.csv", shared / "data", out, progress=False)
    row = load_dataset(str(out), "grabcut-images", split="test")[0]
    assert row["image"].size == (481, 321)
    assert set(np.unique(row["object_mask"])) == {0, 128, 255}


def test_lines_left_out_lie_beside_the_data(tmp_path: Path) -> None:
    row = "GrabCut,a,a,,first,,pc,1,2,3,4"
    lines = [",".join(CLICK_SCHEMA.names), row, row.replace(",1,", ",one,"), row]
    (tmp_path / "clicks.csv").write_text("\n".join(lines))
    with pytest.raises(RclicksError, match="line 3: x 'one' is not a number"):
        build_from_files(tmp_path / "clicks.csv", None, tmp_path / "r", progress=False)
    assert not (tmp_path / "r").exists()
    report = build_from_files(
        tmp_path / "clicks.csv", None, tmp_path / "r", on_error="skip", progress=False
    )
    assert report.rejected == 1
    assert "lines left out, see rejected.parquet: 1" in str(report)
    assert pq.read_table(tmp_path / "r" / "rejected.parquet").to_pylist() == [
        {"line": 3, "reason": "x 'one' is not a number", "text": lines[2]}
    ]
    assert load_dataset(str(tmp_path / "r"), "all").num_rows == {"test": 2}
    counted = {check.name: check.detail for check in verify_dataset(tmp_path / "r")}
    assert counted["lines left out by the build"] == "1"


def test_words_of_lines_left_out_do_not_stop_a_build(tmp_path: Path) -> None:
    row = "GrabCut,a,a,,first,,pc,1,2,3,4"
    bad = [
        row.replace("GrabCut", "Pascal"),
        row.replace("first", "third"),
        row.replace("pc", "tablet"),
        row.replace("a,a", "../x,../x"),
        row + ",one too many",
    ]
    lines = [",".join(CLICK_SCHEMA.names), *bad, row]
    (tmp_path / "clicks.csv").write_text("\n".join(lines))
    report = build_from_files(
        tmp_path / "clicks.csv", None, tmp_path / "r", on_error="skip", progress=False
    )
    assert (report.rejected, report.clicks) == (len(bad), {("grabcut", "first"): 1})
    assert pq.read_table(tmp_path / "r/rejected.parquet")["text"].to_pylist() == bad
    assert load_dataset(str(tmp_path / "r"), "all")["test"]["full_stem"] == ["a"]


def test_words_of_rows_filtered_away_do_not_count(tmp_path: Path) -> None:
    rows = [
        ("davis", "a", "a", "", "first", "none", "pc", 1, 2, 64, 48),
        ("simulated_scenes", "b", "b", "", "first", "none", "tablet", 1, 2, 64, 48),
    ]
    columns = {
        name: encode(pa.array(values)) if isinstance(values[0], str) else pa.array(values)
        for name, values in zip(CLICK_SCHEMA.names, zip(*rows, strict=True), strict=True)
    }
    clicks = pa.table(columns)
    with pytest.raises(RclicksError, match="device 'tablet' is unknown"):
        build_dataset(clicks, {}, tmp_path / "r", progress=False)
    real = clicks.filter(pa.array([True, False]))
    report = build_dataset(real, {}, tmp_path / "r", progress=False)
    assert (report.is_simulated, report.clicks) == (False, {("davis", "first"): 1})


@pytest.mark.parametrize("line", ["", "GrabCut,a\n"])
def test_a_table_without_one_good_line_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "clicks.csv").write_text(",".join(CLICK_SCHEMA.names) + "\n" + line)
    with pytest.raises(RclicksError, match="contains no readable click"):
        build_from_files(tmp_path / "clicks.csv", None, tmp_path / "r", on_error="skip")


def _changed(clicks: pa.Table, row: int, **values: object) -> pa.Table:
    rows = clicks.to_pylist()
    rows[row] |= values
    return pa.Table.from_pylist(rows, CLICK_SCHEMA)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset": "davis"}, "mixes real and simulated clicks"),
        ({"dataset": "nonsuch"}, "dataset 'nonsuch' is unknown"),
        ({"device": "watch"}, "device 'watch' is unknown"),
        ({"click_type": "last"}, "click_type 'last' is unknown"),
        ({"x": 16}, r"row 3: x 16 is outside the image \(w 16\)"),
        ({"y": -1}, "row 3: y -1 is outside the image"),
        ({"device": None}, "column 'device' holds nulls"),
    ],
)
def test_unsound_tables(
    tmp_path: Path, make_source: Make, make_clicks: MakeClicks, change: dict, message: str
) -> None:
    source = make_source(2)
    clicks = _changed(make_clicks(source), 3, **change)
    with pytest.raises(RclicksError, match=message):
        build_dataset(clicks, {"simulated_scenes": source}, tmp_path / "r", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_simulated_clicks_cannot_pass_for_real_ones(
    tmp_path: Path, make_source: Make, make_clicks: MakeClicks
) -> None:
    clicks = make_clicks(make_source(1), "grabcut")
    told = clicks.append_column("is_simulated", pa.array([True] * len(clicks)))
    with pytest.raises(RclicksError, match="'is_simulated' contradicts 'dataset'"):
        build_dataset(told, {}, tmp_path / "r", progress=False)


def test_missing_columns_rows_and_splits(
    tmp_path: Path, make_source: Make, make_clicks: MakeClicks
) -> None:
    clicks = make_clicks(make_source(2))
    with pytest.raises(RclicksError, match="no column 'device'"):
        build_dataset(clicks.drop_columns("device"), {}, tmp_path / "r")
    with pytest.raises(RclicksError, match="holds no clicks"):
        build_dataset(clicks.slice(0, 0), {}, tmp_path / "r")
    tetris = make_clicks(make_source(2), "tetris")
    with pytest.raises(RclicksError, match="TETRIS: needs its split lists"):
        build_dataset(tetris, {}, tmp_path / "r")
    with pytest.raises(RclicksError, match=r"image '000' has the unknown split 'dev'"):
        build_dataset(tetris, {}, tmp_path / "r", splits={"tetris": {"000": "dev"}})


def test_what_the_papers_code_reads_is_built_and_counted(
    tmp_path: Path, make_source: Make, make_clicks: MakeClicks
) -> None:
    rows = make_clicks(make_source(2), "tetris").to_pylist()
    rows[3] |= {"image_stem": "001"}  # contradicts its instance's first row, 000
    rows[4] |= {"w": 17, "model_type": "sam9"}
    clicks = pa.Table.from_pylist(rows, CLICK_SCHEMA)
    build_dataset(clicks, {}, tmp_path / "r", splits={"tetris": {"000": "train"}}, progress=False)
    assert load_dataset(str(tmp_path / "r"), "tetris").num_rows == {"train": 10, "test": 10}
    counted = {check.name: check.detail.split()[0] for check in verify_dataset(tmp_path / "r")}
    assert counted["rows that contradict their instance"] == "2"
    assert counted["rows of another w or h than their instance"] == "1"
    assert counted["clicks after an unknown model_type"] == "1"
    assert counted["clicks on images in no split list"] == "10"


def test_splits_can_be_given(tmp_path: Path, make_source: Make, make_clicks: MakeClicks) -> None:
    clicks = make_clicks(make_source(2))
    splits = {"simulated_scenes": {"000": "train", "001": "test"}}
    build_dataset(clicks, {}, tmp_path / "a", splits=splits, progress=False)
    counts = load_dataset(str(tmp_path / "a"), "all").num_rows
    assert counts == {"train": 10, "test": 10}
    column = pa.array([splits["simulated_scenes"][stem.as_py()] for stem in clicks["image_stem"]])
    build_dataset(clicks.append_column("split", column), {}, tmp_path / "b", progress=False)
    assert load_dataset(str(tmp_path / "b"), "all").num_rows == counts


def test_without_pictures_there_is_no_images_config(
    tmp_path: Path, make_source: Make, make_clicks: MakeClicks
) -> None:
    report = build_dataset(make_clicks(make_source(2)), {}, tmp_path / "r", progress=False)
    assert "simulated_scenes-images" not in report.configs
    assert load_dataset(str(tmp_path / "r"), "simulated_scenes-instances")["train"][0]["box"] == []


def test_a_later_round_needs_its_previous_mask(tmp_path: Path, make_clicks: MakeClicks) -> None:
    source = MemoryStore()
    source.add("000", np.zeros((12, 16, 3), np.uint8), {"": np.ones((12, 16), np.int8)})
    clicks = make_clicks(source)
    with pytest.raises(RclicksError, match="no previous mask of '000_sam_fn_pc_4'; put 000_sam"):
        build_dataset(clicks, {"simulated_scenes": source}, tmp_path / "r", progress=False)
    source.add_previous("000_sam_fn_pc_4", np.zeros((3, 3), bool))
    with pytest.raises(RclicksError, match="is 3x3 pixels but its image is 16x12"):
        build_dataset(clicks, {"simulated_scenes": source}, tmp_path / "r", progress=False)


def test_clicks_recorded_at_another_size_are_counted(
    tmp_path: Path, make_source: Make, make_clicks: MakeClicks
) -> None:
    source = make_source(1)
    rows = [row | {"x": 30, "w": 40} for row in make_clicks(source).to_pylist()]
    table = pa.Table.from_pylist(rows, CLICK_SCHEMA)
    report = build_dataset(table, {"simulated_scenes": source}, tmp_path / "r", progress=False)
    assert report.resized == 2
    for row in _all_rows(str(tmp_path / "r"), "simulated_scenes-instances"):
        assert set(row["x"]) == {15}


def test_duplicates_stay(tmp_path: Path, make_source: Make, make_clicks: MakeClicks) -> None:
    clicks = make_clicks(make_source(1))
    twice = pa.concat_tables([clicks, clicks])
    report = build_dataset(twice, {}, tmp_path / "r", progress=False)
    assert sum(report.clicks.values()) == len(twice) == 20
    assert report.duplicates >= 10
    assert "duplicates kept" in str(report)


def test_files_are_missing_or_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="cannot be read"):
        build_from_files(tmp_path / "clicks.csv", None, tmp_path / "r")
    (tmp_path / "r").mkdir()
    with pytest.raises(RclicksError, match="already exists"):
        build_from_files(tmp_path / "clicks.csv", None, tmp_path / "r")
    row = "GrabCut,a,a,,first,,pc,1,2,3,4"
    (tmp_path / "clicks.csv").write_text(f"{','.join(CLICK_SCHEMA.names)}\n{row}\n")
    with pytest.raises(RclicksError, match="no folder GrabCut/"):
        build_from_files(tmp_path / "clicks.csv", tmp_path, tmp_path / "new")
    assert len(read_clicks(tmp_path / "clicks.csv")) == 1
