"""Results of two copies of a dataset are not shown together without a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rclicks_hf.benchmark.manifest import IDENTITY
from rclicks_hf.report import read_results, write_report_file
from rclicks_hf.report.numbers.picture_identity import picture_lines, picture_warnings

MakeResults = Callable[..., Path]
ONE, OTHER = "1" * 64, "2" * 64


def manifest(name: str, pictures: Any, dataset: Any = "davis", split: Any = "test") -> dict:
    fields = dict.fromkeys(IDENTITY, "") | {"segmenter": name, "dataset": dataset, "split": split}
    known = {} if pictures is None else {"pictures_fingerprint": pictures}
    return fields | known | {"protocol": {}, "is_finished": True}


def test_only_known_and_different_copies_are_warned_of() -> None:
    assert not picture_warnings([manifest("a", ONE), manifest("b", ONE)])
    assert not picture_warnings([manifest("a", ONE), manifest("b", ""), manifest("c", None)])
    assert not picture_warnings([manifest("a", ONE), manifest("b", OTHER, split="train")])
    [warning] = picture_warnings([manifest("a", ONE), manifest("b", OTHER), manifest("c", ONE)])
    assert "davis, split test" in warning
    assert "a of 111111111111, b of 222222222222" in warning
    # Click models are scored on several datasets at once.
    several = manifest("", [ONE, OTHER], ["davis", "tetris"], ["test", "train"])
    assert not picture_warnings([several, manifest("a", ONE)])
    assert len(picture_warnings([several, manifest("a", ONE, "tetris", "train")])) == 1


def test_every_copy_is_named() -> None:
    paper = manifest("sam", "", "davis,tetris", "")
    lines = picture_lines([manifest("a", ONE), manifest("b", OTHER), paper])
    assert lines == [
        "davis test 111111111111 and 222222222222",
        "davis unknown (sam)",
        "tetris unknown (sam)",
    ]


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("ending", ["html", "md", "tex", "csv"])
def test_the_warning_is_in_page_and_text(
    make_results: MakeResults, methods: Any, tmp_path: Path, ending: str
) -> None:
    folders = []
    for name, method, pictures in (("a", methods[0], ONE), ("b", methods[1], OTHER)):
        folder = make_results(tmp_path / name, methods=[method], instances=3)
        (folder / "manifest.json").write_text(json.dumps(manifest(name, pictures)))
        folders.append(folder)
    said = write_report_file(folders, tmp_path / f"r.{ending}")
    assert "warning: davis, split test: these results are from different images" in said
    if ending != "csv":
        text = (tmp_path / f"r.{ending}").read_text()
        assert "these results are from different images or masks" in text
    assert "Warning: davis" in str(read_results(*folders))
    assert "warning: " not in write_report_file(folders[:1], tmp_path / f"one.{ending}")
