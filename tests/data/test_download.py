"""Downloading the published files from a local server that breaks connections on demand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rclicks_hf.data import download
from rclicks_hf.data.download import ARCHIVES, COMMIT, FILES, PublicFile, blob_sha1, download_files
from rclicks_hf.data.images.layouts import LAYOUTS
from rclicks_hf.errors import RclicksError

CONTENT = {
    "clicks.csv": b"dataset,x\n" + b"GrabCut,1\n" * 500_000,
    "TETRIS_val.txt": b"a\nb\nc\n",
}


class Server:
    """Serves ``CONTENT`` as the public repository would, and remembers what was asked."""

    def __init__(self) -> None:
        self.content = dict(CONTENT)
        self.asked: list[tuple[str, str | None]] = []
        self.break_after: list[int] = []  # bytes after which the next answers break off
        self.ranges = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.removeprefix(f"/{COMMIT}/datasets/")
        wanted = handler.headers.get("Range")
        self.asked.append((name, wanted))
        if name not in self.content:
            handler.send_error(404)
            return
        data = self.content[name]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(data) > 0:
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        end = start + self.break_after.pop(0) if self.break_after else len(data)
        handler.wfile.write(data[start:end])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    server = Server()
    probe = tmp_path / "probe"
    probe.write_bytes(CONTENT["clicks.csv"])
    files = (PublicFile("clicks.csv", blob=blob_sha1(probe)), PublicFile("TETRIS_val.txt", lines=3))
    probe.unlink()
    monkeypatch.setattr(download, "FILES", files)
    monkeypatch.setenv("RCLICKS_ENDPOINT", server.address)
    yield server
    server.close()


def fetched(folder: Path) -> dict[str, bytes]:
    download_files(folder, progress=False)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_arrive_whole_and_are_not_fetched_twice(server: Server, tmp_path: Path) -> None:
    assert fetched(tmp_path / "new folder") == CONTENT
    assert [name for name, _ in server.asked] == list(CONTENT)
    assert fetched(tmp_path / "new folder") == CONTENT
    assert len(server.asked) == len(CONTENT)


def test_a_broken_download_resumes(server: Server, tmp_path: Path) -> None:
    server.break_after = [1_000_000, 2_000_000]
    assert fetched(tmp_path) == CONTENT
    asked = [wanted for name, wanted in server.asked if name == "clicks.csv"]
    assert asked[0] is None
    assert len(asked) == 3
    assert 0 < int(asked[1].removeprefix("bytes=")[:-1]) < int(asked[2].removeprefix("bytes=")[:-1])


def test_an_interrupted_command_resumes(server: Server, tmp_path: Path) -> None:
    server.break_after = [1_000_000] * 5
    with pytest.raises(RclicksError, match="run the same command again, which resumes"):
        download_files(tmp_path, progress=False)
    assert {path.name for path in tmp_path.iterdir()} == {".clicks.csv.part"}
    asked = len(server.asked)
    assert fetched(tmp_path) == CONTENT
    assert server.asked[asked][1] is not None


def test_a_part_that_was_whole_already(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".clicks.csv.part").write_bytes(CONTENT["clicks.csv"])
    assert fetched(tmp_path) == CONTENT


def test_a_server_without_ranges(server: Server, tmp_path: Path) -> None:
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
    server: Server, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    server.content[name] = content
    with pytest.raises(RclicksError, match=message):
        download_files(tmp_path, progress=False)
    assert not (tmp_path / name).exists()
    assert not (tmp_path / f".{name}.part").exists()
    server.content = dict(CONTENT)
    assert fetched(tmp_path) == CONTENT


def test_a_file_of_the_user_is_not_overwritten(server: Server, tmp_path: Path) -> None:
    (tmp_path / "clicks.csv").write_text("mine")
    with pytest.raises(RclicksError, match=r"clicks\.csv: is not the published .*; move it away"):
        download_files(tmp_path, progress=False)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"clicks.csv": "mine"}
    assert server.asked == []


def test_a_missing_file_and_a_missing_server(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server.content["TETRIS_val.txt"]
    with pytest.raises(RclicksError, match=r"TETRIS_val\.txt: the server answered 404"):
        download_files(tmp_path, progress=False)
    monkeypatch.setenv("RCLICKS_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(RclicksError, match=r"cannot be fetched .*; check the network") as error:
        download_files(tmp_path / "other", progress=False)
    assert "\n" not in str(error.value)


def test_a_folder_that_cannot_be(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RclicksError, match="cannot be written"):
        download_files(tmp_path / "file" / "folder", progress=False)


def test_the_table_of_files_is_that_of_the_paper() -> None:
    named = {file.name: file.blob for file in FILES}
    assert named["clicks.csv"] == "34e225d556b8f8b8db0e1bf5d1e1cd570c1e3cd4"
    assert named["previews.csv"] == "4a5fe1ea767006d4399ff6a6db433b5cbf67ff72"
    assert {layout.folder for layout in LAYOUTS.values()} <= {a.folder for a in ARCHIVES}
