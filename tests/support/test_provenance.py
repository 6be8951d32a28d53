"""Digests, versions and the command line, as manifests and pages state them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.file_digest import file_digest
from rclicks_hf.support.files.resources import resource_path
from rclicks_hf.support.provenance import (
    command_line,
    folder_digest,
    library_versions,
)
from rclicks_hf.support.text.text_table import align, plain_table


def test_the_command_line_can_be_pasted_into_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/opt/bin/rclicks", "demo", "--out", "my run"])
    assert command_line() == "rclicks demo --out 'my run'"
    monkeypatch.setattr("sys.argv", ["rclicks", "demo", "--out", "a\udcff"])
    assert command_line() == r"rclicks demo --out 'a\udcff'"


def test_versions_start_with_this_package_and_skip_what_is_not_installed() -> None:
    assert list(library_versions(["numpy", "no-such-library"])) == ["rclicks-hf", "numpy"]


def test_digests_depend_on_names_and_contents(tmp_path: Path) -> None:
    assert folder_digest(tmp_path) == hashlib.sha256().hexdigest()
    (tmp_path / "a.txt").write_text("a")
    assert file_digest(tmp_path / "a.txt") == hashlib.sha256(b"a").hexdigest()
    first = folder_digest(tmp_path)
    (tmp_path / "a.txt").rename(tmp_path / "b.txt")
    assert folder_digest(tmp_path) != first


def test_resources_are_found_or_named() -> None:
    assert resource_path("metrics/rclicks_ks").is_dir()
    with pytest.raises(RclicksError, match="nothing: missing from this installation"):
        resource_path("nothing")


def test_tables_are_aligned_by_column() -> None:
    rows = [["name", "n"], ["a", "12"]]
    assert align(rows, left=1) == [["name", " n"], ["a   ", "12"]]
    assert plain_table(rows, left=1).splitlines() == ["name   n", "----  --", "a     12"]
