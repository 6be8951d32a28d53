"""Name and fingerprint of models: independent of the place, dependent on the content."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import constants

from rclicks_hf.click_models import load_click_model
from rclicks_hf.click_models.registry import click_model_identity
from rclicks_hf.jobs.model_identity import hub_revision, object_identity
from rclicks_hf.segmenters import GeoCut
from rclicks_hf.segmenters.registry import segmenter_identity


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    repo = tmp_path / "models--me--net"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs/main").write_text("0123abcd")
    (repo / "snapshots/0123abcd").mkdir(parents=True)
    (repo / "snapshots/0123abcd/config.json").write_text("{}")
    return tmp_path


def test_the_revision_is_the_commit_in_the_cache(cache: Path) -> None:
    assert hub_revision("me/net", "model", cache) == "0123abcd"
    assert hub_revision("me/net", "dataset", cache) == ""
    assert hub_revision("me/other", "model", cache) == ""
    for no_hub_id in ("geocut", "my_module:Method", "si:me/net", str(cache)):
        assert hub_revision(no_hub_id, "model", cache) == ""


def test_a_model_of_the_hub_is_identified_by_its_commit(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    assert segmenter_identity("me/net") == {
        "segmenter": "me/net",
        "segmenter_fingerprint": "0123abcd",
    }
    for spec in ("me/net", "sm:me/net"):
        assert click_model_identity(spec) == {
            "click_model": spec,
            "click_model_fingerprint": "0123abcd",
        }
    (cache / "models--me--net/refs/main").write_text("4567")
    (cache / "models--me--net/snapshots/4567").mkdir()
    assert click_model_identity("me/net")["click_model_fingerprint"] == "4567"


def test_a_folder_is_identified_by_its_content_not_its_place(tmp_path: Path) -> None:
    for place in ("here", "there"):
        (tmp_path / place / "net").mkdir(parents=True)
        (tmp_path / place / "net/weights").write_text("1")
        (tmp_path / place / "net/config.json").write_text("{}")
    here, there = (segmenter_identity(str(tmp_path / place / "net")) for place in ("here", "there"))
    assert here == there
    assert here["segmenter"] == "net"
    click_model = click_model_identity(f"sm:{tmp_path / 'here/net'}")
    assert click_model["click_model"] == "sm:net"
    assert click_model["click_model_fingerprint"] == here["segmenter_fingerprint"]
    (tmp_path / "there/net/weights").write_text("2")
    changed = segmenter_identity(str(tmp_path / "there/net"))
    assert changed["segmenter_fingerprint"] != here["segmenter_fingerprint"]


def test_a_class_is_identified_by_the_file_that_holds_it(
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
    assert click_model_identity(spec)["click_model_fingerprint"] == before["segmenter_fingerprint"]
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


def test_an_object_is_identified_by_its_class() -> None:
    class Other(GeoCut):
        pass

    here, other = segmenter_identity(GeoCut()), segmenter_identity(Other())
    assert here["segmenter"] == other["segmenter"] == "geocut"
    assert len(here["segmenter_fingerprint"]) == 64
    assert here == segmenter_identity(GeoCut())
    assert here["segmenter_fingerprint"] != other["segmenter_fingerprint"]


def test_an_object_of_a_class_without_a_file_is_known_by_its_state() -> None:
    scope = {"__name__": "__notebook__"}
    exec("class Disk:\n    name = 'disk'\n    def __init__(self, r): self.r = r", scope)
    found, again, other = (object_identity(scope["Disk"](radius)) for radius in (1, 1, 2))
    assert found.name == "disk"
    assert found == again != other


def test_a_click_model_without_click_maps_keeps_its_identity() -> None:
    class Own:
        name = "own"

        def click_map(self, image, object_mask, error_mask):  # type: ignore[no-untyped-def]
            return error_mask.astype("float32")

    model = Own()
    assert click_model_identity(load_click_model(model)) == click_model_identity(model)


def test_the_files_of_a_folder_without_a_network_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "rglob", lambda *_: pytest.fail("reads the whole folder"))
    (tmp_path / "net").mkdir()
    assert segmenter_identity(str(tmp_path / "net")) == {
        "segmenter": "net",
        "segmenter_fingerprint": "",
    }
