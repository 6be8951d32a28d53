"""The grammar of specs, one for segmenters and click models."""

from __future__ import annotations

from pathlib import Path

import pytest

from rclicks_hf.support.model_spec import parse_model_spec

NAMES, WITH_WEIGHTS = ("dt", "si"), ("si",)


@pytest.mark.parametrize(
    ("text", "kind", "name", "place"),
    [
        ("dt", "name", "dt", ""),
        ("si", "name", "si", ""),
        ("si:", "name", "si", ""),
        ("si:net", "folder", "si", "net"),
        ("si:owner/net", "hub", "si", "owner/net"),
        ("si:absent", "unknown", "si", "absent"),
        ("net", "folder", "", "net"),
        ("a:b", "folder", "", "a:b"),
        ("owner/net", "hub", "", "owner/net"),
        ("absent", "unknown", "", "absent"),
        ("no/such/folder", "unknown", "", "no/such/folder"),
        ("dt:net", "unknown", "", "dt:net"),
    ],
)
def test_every_form_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, kind: str, name: str, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("dt", "net", "a:b"):
        Path(folder).mkdir()
    spec = parse_model_spec(text, NAMES, WITH_WEIGHTS)
    assert (spec.text, spec.kind, spec.name, spec.place) == (text, kind, name, place)
    assert spec.module == spec.class_name == ""


def test_a_class_is_a_module_and_a_name() -> None:
    spec = parse_model_spec("pack.disk:Disk", NAMES, WITH_WEIGHTS)
    assert (spec.kind, spec.module, spec.class_name) == ("class", "pack.disk", "Disk")


def test_paths_are_specs_too(tmp_path: Path) -> None:
    spec = parse_model_spec(tmp_path, NAMES)
    assert (spec.kind, spec.text) == ("folder", str(tmp_path))
