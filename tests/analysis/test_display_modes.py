"""Reading previews.csv and comparing its display modes; the clicks here are simulated."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from rclicks_hf.analysis import DISPLAY_MODES, compare_display_modes, display_modes, read_previews
from rclicks_hf.data import FolderStore
from rclicks_hf.data.schema import CLICK_SCHEMA
from rclicks_hf.errors import RclicksError

HEADER = ",".join(CLICK_SCHEMA.names)
WIDTH, HEIGHT, CODE = 4096, 60, 1 + 256 * 2  # limited to 2048 x 30


def line(mode: str, x: int, y: int, stem: str = "a") -> str:
    return f"{mode},{stem}_______{CODE},{stem},{CODE},first,,pc,{x},{y},{WIDTH},{HEIGHT}"


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path: Path) -> FolderStore:
    """An image with one object of 800 x 40 pixels, so of 400 x 20 on the limited image."""
    codes = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    codes[10:50, 100:900] = 1, 2, 0
    for folder in ("images", "masks"):
        (tmp_path / "PREVIEW" / folder).mkdir(parents=True)
        Image.fromarray(codes).save(tmp_path / "PREVIEW" / folder / "a.png")
    return FolderStore("tetris", tmp_path / "PREVIEW")


@pytest.fixture
def clouds(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """A file with clicks in all modes on one object, more in some, and the points by mode."""
    rng = np.random.default_rng(0)
    points = {
        mode: np.column_stack((rng.integers(100 + 90 * i, 900, 6 + i), rng.integers(0, 60, 6 + i)))
        for i, mode in enumerate(DISPLAY_MODES)
    }
    lines = [line(mode, *point) for mode, own in points.items() for point in own.tolist()]
    return write(tmp_path / "previews.csv", *rng.permutation(lines)), points


def test_values_of_the_plain_comparison(
    clouds: tuple[Path, dict[str, np.ndarray]], source: FolderStore, slow: SimpleNamespace
) -> None:
    path, points = clouds
    result = compare_display_modes(read_previews(path, source), progress=False).to_pylist()
    assert [row["mode"] for row in result] == list(DISPLAY_MODES[1:])
    reference = (points["Text_Description"] // 2).T
    for row in result:
        shown = (points[row["mode"]] // 2).T  # clicks are scaled with the image, and truncated
        assert row["ks_pvalue"] == pytest.approx(slow.ks2d_pvalue(*shown, *reference))
        assert row["ks"] == (row["ks_pvalue"] > 0.05)
        assert row["wd"] == pytest.approx(slow.wd_points(*shown, *reference, (400, 20)))
        assert row["pl1"] == pytest.approx(slow.pl1_points(*shown, *reference, (400, 20)))
        assert (row["unit"], row["left_out"]) == ("object box", "")
        assert (row["clicks"], row["clicks_reference"]) == (shown.shape[1], 6)


def test_without_masks_lengths_are_in_images(
    clouds: tuple[Path, dict[str, np.ndarray]], source: FolderStore
) -> None:
    path, _ = clouds
    boxes, images = (
        compare_display_modes(read_previews(path, given), progress=False).to_pylist()
        for given in (source, None)
    )
    for box, image in zip(boxes, images, strict=True):
        assert image["unit"] == "image"
        assert image["ks_pvalue"] == box["ks_pvalue"]
        assert image["wd"] * np.hypot(2048, 30) == pytest.approx(box["wd"] * np.hypot(400, 20))


def test_an_object_shown_in_one_mode_only_is_left_out_with_the_reason(tmp_path: Path) -> None:
    lines = [
        line("Text_Description", 1, 2),
        line("Text_Description", 3, 4, "b"),
        line("Object_CutOut", 5, 6),
        line("Object_CutOut", 7, 8, "c"),
    ]
    previews = read_previews(write(tmp_path / "p.csv", *lines))
    rows = compare_display_modes(previews, progress=False).to_pylist()
    reason = "no clicks in it or in Text_Description"
    counts = [(row["clicks"], row["clicks_reference"], row["left_out"]) for row in rows]
    assert counts == [(1, 1, ""), (0, 1, reason), (1, 0, reason)]
    assert [row["wd"] is None for row in rows] == [False, True, True]


@pytest.mark.parametrize("mode", ["Text_Description", "Silhouette_Mask"])
def test_one_mode_alone_cannot_be_compared(tmp_path: Path, mode: str) -> None:
    previews = read_previews(write(tmp_path / "p.csv", line(mode, 1, 2)))
    with pytest.raises(RclicksError, match=f"need clicks of 'Text_Description'.*there are {mode}"):
        compare_display_modes(previews, progress=False)


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (HEADER.replace(",device", ""), "", "line 1: no column 'device'"),
        (HEADER, line("TETRIS", 1, 2), "line 3: dataset 'TETRIS' is unknown; use one of Text_De"),
        (HEADER, line("text_description", 1, 2), "line 3: dataset 'text_description' is unknown"),
        (HEADER, line("Object_CutOut", "?", 2), "line 3: x '?' is not a number"),
    ],
)
def test_bad_files_are_one_line(tmp_path: Path, header: str, row: str, message: str) -> None:
    path = write(tmp_path / "p.csv", line("Text_Description", 1, 2), row, header=header)
    with pytest.raises(RclicksError) as error:
        read_previews(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_an_object_without_a_mask_is_one_line(tmp_path: Path, source: FolderStore) -> None:
    path = write(tmp_path / "p.csv", line("Text_Description", 1, 2, "unknown"))
    with pytest.raises(RclicksError, match="no image with the stem 'unknown'"):
        read_previews(path, source)


def test_the_papers_file_is_known_by_its_git_blob_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.csv"
    path.write_bytes(b"hello\n")
    assert not display_modes.is_published(path)
    digest = "ce013625030ba8dba906f756967f9e9ca394464a"  # git hash-object of that text
    monkeypatch.setattr(display_modes, "PUBLISHED_BLOB", digest)
    assert display_modes.is_published(path)
