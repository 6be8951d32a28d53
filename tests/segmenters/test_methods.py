"""The table of published methods: equal to the paper's tables, and the same in every list."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path

import pytest
from helpers.commands import run_rclicks_here

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import NETWORKS
from rclicks_hf.networks.signatures import SIGNATURES
from rclicks_hf.report.numbers.paper_benchmark import paper_rows
from rclicks_hf.segmenters import METHODS, SEGMENTERS, registry
from rclicks_hf.segmenters.method_tables import format_methods
from rclicks_hf.segmenters.methods import METHOD_FAMILIES, method_label
from rclicks_hf.segmenters.registry import SegmenterFamily


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        pytest.skip(f"needs {path.name} of the shared reference files")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _plain(name: str) -> str:
    """The names of methods differ in blanks and an abbreviation from table to table."""
    return name.replace(" ", "").replace("AdaptClick", "AdaptiveClick")


def test_the_methods_are_those_of_the_table_of_tetris(repo: Path) -> None:
    table = _rows(repo / "tests/oracles/published/benchmark_tetris_33_models.csv")
    assert [row["model"] for row in table] == list(METHODS)
    for row in table:
        method = METHODS[row["model"]]
        assert (_plain(method.name), method.size) == (_plain(row["method"]), row["arch"])
        assert method.training_data == row["data"]


def test_the_poster_s_sizes_are_held_as_it_prints_them(repo: Path) -> None:
    table = _rows(repo.parent / "shared/published/benchmark_poster_22_rows.csv")
    printed = {row["true_model_by_TETRIS_row"]: row["poster_label"] for row in table}
    assert printed == {key: one.poster_size for key, one in METHODS.items() if one.poster_size}
    wrong = {key for key, size in printed.items() if METHODS[key].size != size}
    sizes = ("small", "base_plus", "large")
    assert wrong == {f"{name}_hiera_{size}" for name in ("sam2", "sam2.1") for size in sizes}


def test_names_tell_the_methods_apart() -> None:
    assert len({method.label for method in METHODS.values()}) == len(METHODS)
    assert {method.family for method in METHODS.values()} == set(METHOD_FAMILIES)
    assert {row.model for row in paper_rows()} <= set(METHODS)
    assert method_label("sam2.1_hiera_large") == "SAM 2.1 Hiera-L"
    assert method_label("facebook/sam-vit-base") == "facebook/sam-vit-base"


def test_the_tables_of_families_agree(repo: Path) -> None:
    networks = repo / "rclicks_hf" / "networks"
    for name, family in METHOD_FAMILIES.items():
        assert name in SIGNATURES
        assert not family.folder or (networks / family.folder).is_dir()
        if name in NETWORKS:
            assert NETWORKS[name].license == family.licence
        if name in SEGMENTERS:
            listed = SEGMENTERS[name]
            assert (listed.label, listed.licence) == (family.label, family.licence)
            assert listed.paper == family.paper


def test_the_command_prints_the_table(tmp_path: Path) -> None:
    text = run_rclicks_here("segmenters", cwd=tmp_path).stdout
    for method in METHODS.values():
        (line,) = [one for one in text.splitlines() if method.checkpoint in one.split()]
        assert line.startswith(f"{method.label}  ")
        assert METHOD_FAMILIES[method.family].licence in line
    assert "poster names the sizes of SAM 2 and SAM 2.1 wrongly" in text
    line = "segmenters --family cfr_icl --format json"
    (row,) = json.loads(run_rclicks_here(line, cwd=tmp_path).stdout)
    assert row["key"] == "cocolvis_icl_vit_huge"
    assert "NonCommercial" in row["licence"]
    lines = format_methods("ritm", "markdown").splitlines()
    assert len(lines) == 2 + 5
    assert {one.count("|") for one in lines} == {lines[0].count("|")}
    with pytest.raises(RclicksError, match="yolo: unknown family of methods; choose one of gpcis"):
        format_methods("yolo")


def test_a_restricted_licence_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Fake:
        @classmethod
        def from_pretrained(cls, place: str, **options: object) -> str:
            return place

    for name, licence in (("ours", "LicenseRef-Ours-NonCommercial"), ("free", "MIT")):
        family = SegmenterFamily(
            name, name.title(), f"{__name__}:absent", licence, model_types=(f"{name}_type",)
        )
        monkeypatch.setitem(SEGMENTERS, name, family)
    monkeypatch.setattr(registry, "segmenter_class", lambda model_type: Fake)
    monkeypatch.setattr("rclicks_hf.segmenters.pretrained.read_model_type", lambda place: place)
    registry._note_licence.cache_clear()
    with caplog.at_level(logging.WARNING):
        for place in ("free_type", "ours_type", "ours_type"):
            assert registry._load_network(place) == place
    (record,) = caplog.records
    assert record.getMessage().startswith("Ours: published under LicenseRef-Ours-NonCommercial")
