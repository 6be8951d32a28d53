from __future__ import annotations

from pathlib import Path

import pytest

from rclicks_hf.jobs.segmenter_identity import segmenter_identity


def test_a_folder_is_known_by_its_content_not_its_place(tmp_path: Path) -> None:
    for place in ("here", "there"):
        (tmp_path / place / "net").mkdir(parents=True)
        (tmp_path / place / "net/weights").write_text("1")
    here, there = (segmenter_identity(str(tmp_path / place / "net")) for place in ("here", "there"))
    assert here == there
    assert here["segmenter"] == "net"
    (tmp_path / "there/net/weights").write_text("2")
    changed = segmenter_identity(str(tmp_path / "there/net"))
    assert changed["segmenter_fingerprint"] != here["segmenter_fingerprint"]


def test_a_class_is_known_by_the_file_that_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "my_package_for_identity"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "disk.py").write_text("class Disk: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    spec = "my_package_for_identity.disk:Disk"
    before = segmenter_identity(spec)
    assert before["segmenter"] == spec
    assert len(before["segmenter_fingerprint"]) == 64
    assert segmenter_identity(spec) == before
    (package / "disk.py").write_text("class Disk:\n    threshold = 0.6\n")
    assert segmenter_identity(spec)["segmenter_fingerprint"] != before["segmenter_fingerprint"]


def test_what_has_no_files_here_has_no_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "geocut").mkdir()  # a name wins over a folder of that name
    for spec in ("geocut", "facebook/sam-vit-base", "sys:Disk"):
        expected = {"segmenter": spec, "segmenter_fingerprint": ""}
        assert segmenter_identity(spec) == expected
