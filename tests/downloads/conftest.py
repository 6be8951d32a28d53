"""A server that holds small files in place of the published ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.file_server import FileServer

from rclicks_hf.data.public_files import PublicFile, blob_sha1
from rclicks_hf.downloads import public_items

CONTENT = {
    "clicks.csv": b"dataset,x\n" + b"GrabCut,1\n" * 500_000,
    "TETRIS_val.txt": b"a\nb\nc\n",
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FileServer]:
    """Serves two click files, whose checks take the place of the published ones."""
    probe = tmp_path / "probe"
    probe.write_bytes(CONTENT["clicks.csv"])
    checks = (
        PublicFile("clicks.csv", blob=blob_sha1(probe)),
        PublicFile("TETRIS_val.txt", lines=3),
    )
    probe.unlink()
    item = public_items.ITEMS["clicks"]
    files = tuple(
        replace(file, check=check)
        for check in checks
        for file in item.files
        if file.name == check.name
    )
    monkeypatch.setitem(public_items.ITEMS, "clicks", replace(item, files=files))
    monkeypatch.setenv("RCLICKS_CACHE", str(tmp_path / "cache"))
    server = FileServer(CONTENT)
    monkeypatch.setenv("RCLICKS_ENDPOINT", server.address)
    yield server
    server.close()
