"""Downloading the click files from a local server that breaks connections on demand."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.file_server import FileServer

from rclicks_hf.data.images.layouts import LAYOUTS
from rclicks_hf.data.public_files import FILES
from rclicks_hf.downloads.preparing import download
from rclicks_hf.downloads.public_items import ITEMS
from rclicks_hf.errors import RclicksError

from .conftest import CONTENT


def fetched(folder: Path) -> dict[str, bytes]:
    download(["clicks"], to=folder, progress=False)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_arrive_whole_and_are_not_fetched_twice(server: FileServer, tmp_path: Path) -> None:
    assert fetched(tmp_path / "new folder") == CONTENT
    assert [name for name, _ in server.asked] == list(CONTENT)
    assert fetched(tmp_path / "new folder") == CONTENT
    assert len(server.asked) == len(CONTENT)


def test_a_broken_download_resumes(server: FileServer, tmp_path: Path) -> None:
    server.break_after = [1_000_000, 2_000_000]
    assert fetched(tmp_path) == CONTENT
    asked = [wanted for name, wanted in server.asked if name == "clicks.csv"]
    assert asked[0] is None
    assert len(asked) == 3
    assert 0 < int(asked[1].removeprefix("bytes=")[:-1]) < int(asked[2].removeprefix("bytes=")[:-1])


def test_an_interrupted_command_resumes(server: FileServer, tmp_path: Path) -> None:
    server.break_after = [1_000_000] * 5
    with pytest.raises(RclicksError, match="run the same command again, which resumes"):
        download(["clicks"], to=tmp_path, progress=False)
    assert {path.name for path in tmp_path.iterdir()} == {".clicks.csv.part"}
    asked = len(server.asked)
    assert fetched(tmp_path) == CONTENT
    assert server.asked[asked][1] is not None


def test_a_part_that_was_whole_already(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / ".clicks.csv.part").write_bytes(CONTENT["clicks.csv"])
    assert fetched(tmp_path) == CONTENT


def test_a_server_without_ranges(server: FileServer, tmp_path: Path) -> None:
    server.ranges = False
    server.break_after = [1_000_000]
    assert fetched(tmp_path) == CONTENT


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("clicks.csv", b"other", "is not the published file"),
        ("TETRIS_val.txt", b"a\na\nb\n", "has 2 different lines instead of 3"),
    ],
)
def test_another_file_is_refused_and_not_kept(
    server: FileServer, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    server.content[name] = content
    with pytest.raises(RclicksError, match=message):
        download(["clicks"], to=tmp_path, progress=False)
    assert not (tmp_path / name).exists()
    assert not (tmp_path / f".{name}.part").exists()
    server.content = dict(CONTENT)
    assert fetched(tmp_path) == CONTENT


def test_a_file_of_the_user_is_not_overwritten(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("mine")
    with pytest.raises(RclicksError, match=r"clicks\.csv: is not the published .*; move it away"):
        download(["clicks"], to=tmp_path, progress=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"clicks.csv": "mine"}
    assert server.asked == []


def test_a_missing_file_and_a_missing_server(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server.content["TETRIS_val.txt"]
    with pytest.raises(RclicksError, match=r"TETRIS_val\.txt: the server answered 404"):
        download(["clicks"], to=tmp_path, progress=False)
    monkeypatch.setenv("RCLICKS_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(RclicksError, match=r"cannot be fetched .*; check the network") as error:
        download(["clicks"], to=tmp_path / "other", progress=False)
    assert "\n" not in str(error.value)


def test_a_folder_that_cannot_be(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RclicksError, match="cannot be written"):
        download(["clicks"], to=tmp_path / "file" / "folder", progress=False)


def test_the_table_of_files_is_that_of_the_paper() -> None:
    named = {file.name: file.blob for file in FILES}
    assert named["clicks.csv"] == "34e225d556b8f8b8db0e1bf5d1e1cd570c1e3cd4"
    assert named["previews.csv"] == "4a5fe1ea767006d4399ff6a6db433b5cbf67ff72"
    fetched = {layout.folder for name, layout in LAYOUTS.items() if name != "own"}
    assert fetched <= {item.folder for item in ITEMS.values()}
