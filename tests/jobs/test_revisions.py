from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import constants

from rclicks_hf.jobs.click_model_identity import click_model_identity
from rclicks_hf.jobs.revisions import hub_revision
from rclicks_hf.jobs.segmenter_identity import segmenter_identity


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    repo = tmp_path / "models--me--net"
    (repo / "refs").mkdir(parents=True)
    (repo / "refs/main").write_text("0123abcd")
    (repo / "snapshots/0123abcd").mkdir(parents=True)
    (repo / "snapshots/0123abcd/config.json").write_text("{}")
    return tmp_path


def test_the_revision_is_the_commit_that_the_cache_holds(cache: Path) -> None:
    assert hub_revision("me/net", "model", cache) == "0123abcd"
    assert hub_revision("me/net", "dataset", cache) == ""
    assert hub_revision("me/other", "model", cache) == ""


def test_a_model_of_the_hub_is_known_by_its_commit(
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
