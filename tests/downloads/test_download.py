"""`rclicks download`: archives, networks and results, and what goes wrong with them."""

from __future__ import annotations

import json
import sys
import time
import types
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.commands import PythonProcess, run_rclicks_here
from helpers.file_server import FileServer

from rclicks_hf.click_models import load_click_model
from rclicks_hf.downloads import preparing
from rclicks_hf.downloads.preparing import download
from rclicks_hf.downloads.public_items import ITEMS, SMALL_SOURCES
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import ClickabilityConfig, ClickabilityModel
from rclicks_hf.networks.conversion import Conversion

QUOTA = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"
CONFIRM = b"<html><body><form id='download-form'>Virus scan warning</form></body></html>"


def _png(values: np.ndarray) -> bytes:
    return cv2.imencode(".png", values)[1].tobytes()


def _grabcut(path: Path, count: int = 50, *, prefix: str = "GrabCut/", **extra: bytes) -> bytes:
    """An archive in GrabCut's layout."""
    mask = np.zeros((8, 10), np.uint8)
    mask[2:6, 2:6] = 255
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(count):
            archive.writestr(f"{prefix}data_GT/{i:03d}.png", _png(np.full((8, 10, 3), i, np.uint8)))
            archive.writestr(f"{prefix}boundary_GT/{i:03d}.png", _png(mask))
        archive.writestr("__MACOSX/._x", b"junk")
        archive.writestr(f"{prefix}.DS_Store", b"junk")
        for name, data in extra.items():
            archive.writestr(name, data)
    return path.read_bytes()


@pytest.fixture
def mirror(server: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FileServer:
    """The server as a mirror of everything."""
    monkeypatch.setenv("RCLICKS_MIRROR", server.address)
    server.content["GrabCut.zip"] = _grabcut(tmp_path / "served.zip")
    return server


def test_an_archive_arrives_whole_resumed_counted_and_remembered(
    mirror: FileServer, tmp_path: Path
) -> None:
    mirror.break_after = [2_000, 3_000]
    lines: list[str] = []
    out = tmp_path / "out"
    made = download(["grabcut"], to=out, progress=False, report=lines.append)
    assert made == {"grabcut": out / "GrabCut"}
    assert [wanted for _, wanted in mirror.asked] == [None, "bytes=2000-", "bytes=5000-"]
    assert len(list((out / "GrabCut" / "data_GT").iterdir())) == 50
    assert not list(out.rglob(".DS_Store"))
    digest = json.loads((out / "downloads.json").read_text())["GrabCut.zip"]["sha256"]
    assert "50 images with 50 objects as published" in lines[0]
    assert digest in lines[0]
    assert sorted(path.name for path in out.iterdir()) == ["GrabCut", "downloads.json"]
    download(["grabcut"], to=out, progress=False, report=lines.append)
    assert "is already there" in lines[1]
    assert len(mirror.asked) == 3
    # Another file under the same name is refused later.
    (out / "GrabCut").rename(tmp_path / "moved")
    mirror.content["GrabCut.zip"] = _grabcut(tmp_path / "other.zip", more=b"x")
    with pytest.raises(RclicksError, match="differs from the GrabCut"):
        download(["grabcut"], to=out, progress=False)
    assert not (out / "GrabCut").exists()


def test_archives_without_a_leading_folder(mirror: FileServer, tmp_path: Path) -> None:
    mirror.content["GrabCut.zip"] = _grabcut(tmp_path / "flat.zip", prefix="")
    download(["grabcut"], to=tmp_path / "out", progress=False)
    assert (tmp_path / "out" / "GrabCut" / "data_GT" / "000.png").is_file()


def test_bad_archives_are_refused_in_one_line_and_leave_nothing(
    mirror: FileServer, tmp_path: Path
) -> None:
    good = mirror.content["GrabCut.zip"]
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("GrabCut/data_GT/a.png", b"\0" * 50_000_000)
    link = zipfile.ZipInfo("GrabCut/data_GT/link")
    link.external_attr = 0o120777 << 16
    linked = tmp_path / "link.zip"
    with zipfile.ZipFile(linked, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    flipped = bytearray(good)
    flipped[200] ^= 0xFF
    cases = {
        "quota is used up": QUOTA,
        "asks for a confirmation": CONFIRM,
        "damaged or cut off": good[:-200],
        "archive is damaged": bytes(flipped),
        "outside its folder": _grabcut(tmp_path / "a.zip", **{"../../evil.txt": b"x"}),
        "outside its folder, '/tmp": _grabcut(tmp_path / "b.zip", **{"/tmp/rclicks_evil": b"x"}),
        "would unpack to": bomb.read_bytes(),
        "has a link": linked.read_bytes(),
        "49 objects of GrabCut, not the published 50": _grabcut(tmp_path / "c.zip", 49),
        "no folder data_GT": _grabcut(tmp_path / "d.zip", prefix="x/y/"),
    }
    for message, content in cases.items():
        mirror.content["GrabCut.zip"] = content
        out = tmp_path / "out"
        done = run_rclicks_here(f"download grabcut --to {out}", cwd=tmp_path)
        assert done.returncode == 1
        assert message in done.stderr, (message, done.stderr)
        assert "Traceback" not in done.stderr
        assert not (out / "GrabCut").exists()
        assert not list(tmp_path.rglob("*evil*"))
        (out / "GrabCut.zip").unlink(missing_ok=True)
        assert [path.name for path in out.iterdir()] in ([], [".GrabCut.zip.part"])
    assert not Path("/tmp/rclicks_evil").exists()
    mirror.content["GrabCut.zip"] = good
    download(["grabcut"], to=tmp_path / "out", progress=False)


def test_a_local_folder_is_a_mirror_and_stays_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    content = _grabcut(mine / "GrabCut.zip")
    download(["grabcut"], to=tmp_path / "out", mirror=str(mine), progress=False)
    assert (mine / "GrabCut.zip").read_bytes() == content
    with pytest.raises(RclicksError, match=r"Berkeley\.zip: does not exist; put Berkeley\.zip"):
        download(["berkeley"], to=tmp_path / "out", mirror=str(mine), progress=False)


def test_an_archive_that_was_there_before_is_kept(tmp_path: Path) -> None:
    content = _grabcut(tmp_path / "GrabCut.zip")
    for _ in range(2):  # also where its folder is already there
        download(["grabcut"], to=tmp_path, progress=False)
        assert (tmp_path / "GrabCut.zip").read_bytes() == content
    assert (tmp_path / "GrabCut" / "data_GT").is_dir()


def test_a_killed_download_resumes(mirror: FileServer, tmp_path: Path) -> None:
    out = tmp_path / "out"
    mirror.break_after = [1_000] * 5
    line = f"-m rclicks_hf.cli download grabcut --to {out}"
    with PythonProcess(line.split()) as process:
        deadline = time.monotonic() + 60
        while not out.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.kill()
    mirror.break_after = []
    download(["grabcut"], to=out, progress=False)
    assert sorted(path.name for path in out.iterdir()) == ["GrabCut", "downloads.json"]


def test_plan_and_list(mirror: FileServer, tmp_path: Path) -> None:
    done = run_rclicks_here("download --list", cwd=tmp_path)
    assert all(name in done.stdout for name in ITEMS)
    assert "non-commercial" in done.stdout
    planned = run_rclicks_here("download all --to out --dry-run", cwd=tmp_path).stdout
    assert f"{mirror.address}/TETRIS.zip" in planned
    assert "segmenters" not in planned
    assert mirror.asked == []
    assert not (tmp_path / "out").exists()
    for line, message in {
        "download": "ITEM: missing",
        "download imagenet": "unknown item",
    }.items():
        assert message in run_rclicks_here(line, cwd=tmp_path).stderr


def test_the_drive_is_asked_through_gdown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RCLICKS_MIRROR", raising=False)
    asked = []
    answers: dict[str, object] = {}

    class RetrievalError(Exception):
        pass

    def fetch(*, id: str, output: str, **options: object) -> str:
        asked.append((id, options["resume"]))
        answer = answers[id]
        if isinstance(answer, Exception):
            raise answer
        Path(output).write_bytes(answer)  # type: ignore[arg-type]
        return output

    entry = types.SimpleNamespace(id="inside", path="deep/SUBSEC_MASKS.zip", local_path="x")
    gdown = types.SimpleNamespace(download=fetch, download_folder=lambda **_: [entry])
    monkeypatch.setitem(sys.modules, "gdown", gdown)  # type: ignore[arg-type]
    with zipfile.ZipFile(tmp_path / "masks.zip", "w") as archive:
        archive.writestr("SUBSEC_MASKS/all_benchmark_datasets/fn_fp/a.png", b"x")
    answers["inside"] = (tmp_path / "masks.zip").read_bytes()
    download(["previous-masks"], to=tmp_path / "out", progress=False)
    assert asked == [("inside", True)]
    assert (tmp_path / "out/SUBSEC_MASKS/all_benchmark_datasets/fn_fp/a.png").is_file()
    key = ITEMS["results"].files[0].drive_file
    for answer, message in (
        (
            RetrievalError("Too many users have viewed or downloaded this file\nrecently."),
            "Too many",
        ),
        (QUOTA, "quota is used up"),
    ):
        answers[key] = answer
        with pytest.raises(RclicksError, match=message) as error:
            download(["results"], to=tmp_path / "out", progress=False)
        assert "in a browser and give its folder with --from" in str(error.value)
        assert "\n" not in str(error.value)
    monkeypatch.setitem(sys.modules, "gdown", None)  # type: ignore[arg-type]
    with pytest.raises(RclicksError, match=r'pip install "rclicks-hf\[download\]"'):
        download(["tetris"], to=tmp_path / "out", progress=False)


def test_a_network_is_ready_by_its_name(
    mirror: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(RclicksError, match="run `rclicks download clickability` first"):
        load_click_model("clickability")
    config = ClickabilityConfig.from_preset("nano")
    with zipfile.ZipFile(tmp_path / "networks.zip", "w") as archive:
        archive.writestr("CLICKABILITY_CHECKPOINTS/clickability_model.pth", b"weights")
    mirror.content["CLICKABILITY_CHECKPOINTS.zip"] = (tmp_path / "networks.zip").read_bytes()

    def convert(network: str, checkpoint: Path, out: Path) -> Conversion:
        assert (network, Path(checkpoint).read_bytes()) == ("clickability", b"weights")
        from rclicks_hf.networks.clickability import ClickabilityImageProcessor

        model = ClickabilityModel(config)
        model.save_pretrained(out)
        ClickabilityImageProcessor().save_pretrained(out)
        return Conversion(network, "nano", (), model)

    monkeypatch.setattr("rclicks_hf.networks.convert_checkpoint", convert)
    made = download(["clickability"], progress=False)["clickability"]
    assert made == tmp_path / "cache" / "clickability"
    assert load_click_model("clickability").name == "cm"
    card = (made / "README.md").read_text()
    assert "license: mit" in card
    assert "Licence: MIT (the paper's repository)" in card
    assert 'model="clickability"' in card
    assert "simulated" not in card


def test_results_are_imported(mirror: FileServer, shared: Path, tmp_path: Path) -> None:
    archive = shared / "oracles" / "evaluation_results" / "evaluation_results.zip"
    mirror.content["evaluation_results.zip"] = archive.read_bytes()
    download(["results"], to=tmp_path / "out", progress=False)
    assert len(list((tmp_path / "out" / "results").iterdir())) == 4
    assert not (tmp_path / "out" / "evaluation_results.zip").exists()


def test_build_fetches_what_it_needs(
    mirror: FileServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[list[str]] = []

    def fetch(items: list[str], **options: object) -> dict[str, Path]:
        asked.append(list(items))
        raise RclicksError("stop here")

    monkeypatch.setattr(preparing, "download", fetch)
    for line in ("", " --with tetris,previous-masks", " --sources ."):
        done = run_rclicks_here(f"build --download{line} --out built", cwd=tmp_path)
        assert "at most" in done.stdout
    assert asked[0] == ["clicks", *SMALL_SOURCES]
    assert asked[1] == ["clicks", "tetris", "previous-masks", *SMALL_SOURCES]
    assert asked[2] == ["clicks"]
