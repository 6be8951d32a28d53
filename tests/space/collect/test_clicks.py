"""Recorded clicks: nothing is lost, mixed, written elsewhere or misread; the table can be built."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.commands import run_rclicks_here
from helpers.study_folder import write_study

from rclicks_hf.data import load_instances, read_clicks
from rclicks_hf.errors import RclicksError
from rclicks_hf.space.collect.clicks import (
    ClickJournal,
    CollectedClick,
    annotator_of,
    click_csv,
    export_clicks,
    new_code,
    parse_code,
    readable_code,
)

CLICK = CollectedClick("own", "a", "", 3, 4, 64, 48, "touch", "Object_CutOut", 812)


def on(stem: str, **changes: Any) -> CollectedClick:
    return replace(CLICK, image_stem=stem, **changes)


def test_a_code_is_random_readable_and_read_in_any_spelling() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert parse_code(f" {readable_code(code).lower()} ") == code
    wrong = ("", "ABCD", "ABCD-EFGH-JKM0", "../../etc/passwd", "A" * 10**6, None, 7)
    assert [parse_code(text) for text in wrong] == [None] * len(wrong)


def test_invalid_clicks_are_refused() -> None:
    wrong: list[dict[str, Any]] = [
        {"x": 64}, {"x": -1}, {"y": 48}, {"x": 3.5}, {"x": True}, {"w": 0}, {"w": 2**16},
        {"dataset": "nonsuch"}, {"image_stem": "../a"}, {"object_stem": "a/b"}, {"image_stem": ""},
        {"pointer": "eye"}, {"display_mode": "Upside_Down"}, {"response_ms": -1},
        {"response_ms": 10**12},
    ]  # fmt: skip
    for changes in wrong:
        with pytest.raises(ValueError, match=next(iter(changes))):
            replace(CLICK, **changes)


def test_clicks_outlive_the_program_and_no_code_is_stored(tmp_path: Path) -> None:
    code = new_code()
    journal = ClickJournal(tmp_path)
    journal.append(code, CLICK)
    assert ClickJournal(tmp_path).append(code, on("b")) == [CLICK, on("b")]
    assert ClickJournal(tmp_path).of(code) == [CLICK, on("b")]
    assert ClickJournal(tmp_path).of(new_code()) == []
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert file == tmp_path / "clicks" / f"{annotator_of(code)}.jsonl"
    assert code not in file.read_text()
    assert code not in click_csv(journal.all())


def test_an_object_is_clicked_once(tmp_path: Path) -> None:
    code, journal = new_code(), ClickJournal(tmp_path)
    journal.append(code, CLICK)
    with pytest.raises(RclicksError, match="a: you have clicked on this object before"):
        journal.append(code, on("a", x=9))
    assert journal.of(code) == [CLICK]


def test_a_line_that_a_crash_left_half_written_is_dropped(tmp_path: Path) -> None:
    code, journal = new_code(), ClickJournal(tmp_path)
    journal.append(code, CLICK)
    [file] = journal.folder.iterdir()
    with file.open("ab") as end:
        end.write(b'{"dataset": "own", "image_st')
    assert journal.of(code) == [CLICK]
    assert journal.append(code, on("b")) == [CLICK, on("b")]
    assert journal.of(code) == [CLICK, on("b")]


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, journal = new_code(), ClickJournal(tmp_path)
    journal.append(code, CLICK)
    [file] = journal.folder.iterdir()
    before, write = file.read_bytes(), os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RclicksError, match="cannot be written"):
        journal.append(code, on("b"))
    assert file.read_bytes() == before
    monkeypatch.undo()
    assert journal.append(code, on("b")) == [CLICK, on("b")]


def test_annotators_at_once_never_mix(tmp_path: Path) -> None:
    journal, codes = ClickJournal(tmp_path), [new_code() for _ in range(4)]

    def work(task: tuple[int, int]) -> None:
        who, number = task
        journal.append(codes[who], on(f"p{number}", x=who))

    tasks = [(who, number) for number in range(12) for who in range(len(codes))]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, tasks))
    for who, code in enumerate(codes):
        found = journal.of(code)
        assert {click.image_stem for click in found} == {f"p{number}" for number in range(12)}
        assert {click.x for click in found} == {who}


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "clicks").symlink_to(outside)
    with pytest.raises(RclicksError, match="is a link"):
        ClickJournal(tmp_path / "study")
    journal, code = ClickJournal(tmp_path / "other"), new_code()
    (journal.folder / f"{annotator_of(code)}.jsonl").symlink_to(outside / "stolen")
    with pytest.raises(RclicksError, match="cannot be written"):
        journal.append(code, CLICK)
    assert list(outside.iterdir()) == []


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    code, journal = new_code(), ClickJournal(tmp_path)
    journal.append(code, CLICK)
    [file] = journal.folder.iterdir()
    good = file.read_bytes()
    bad = (b"no json", b"[]", b'{"x": 1}', good.strip().replace(b'"x": 3', b'"x": 99'))
    for line in bad:
        file.write_bytes(good + line + b"\n")
        with pytest.raises(RclicksError, match=r"jsonl, line 2: is not a click"):
            journal.of(code)


def test_the_table_is_built_into_a_dataset_and_loaded(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study")
    journal, codes = ClickJournal(study), [new_code(), new_code()]
    for place, code in enumerate(codes):
        for number in range(3):
            pointer = ("mouse", "touch", "pen", "keyboard")[(place + number) % 4]
            stem = f'picture, "{number}"'
            journal.append(code, on(stem, x=20 + number, y=30 + place, pointer=pointer))
    done = run_rclicks_here("export-clicks study --out clicks.csv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "clicks.csv: 6 clicks of 2 annotators\n")
    again = run_rclicks_here("export-clicks study --out clicks.csv", cwd=tmp_path)
    assert again.returncode == 1
    assert "already exists" in again.stderr

    table = read_clicks(tmp_path / "clicks.csv", on_outside="error")
    assert set(table["annotator"].to_pylist()) == {annotator_of(code) for code in codes}
    line = "build --clicks clicks.csv --sources study --out own"
    done = run_rclicks_here(line, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    instances = load_instances(str(tmp_path / "own"), "own")
    found = {
        (one.image_stem, int(x), int(y), str(device))
        for one in instances
        for x, y, device in zip(one.clicks.x, one.clicks.y, one.clicks.device, strict=True)
    }
    devices = [["pc", "mobile", "mobile"], ["mobile", "mobile", "pc"]]
    assert found == {
        (f'picture, "{number}"', 20 + number, 30 + place, devices[place][number])
        for place in range(2)
        for number in range(3)
    }
    assert all(one.image.shape == (48, 64, 3) and not one.is_simulated for one in instances)
    assert run_rclicks_here("verify own", cwd=tmp_path).returncode == 0
    card = (tmp_path / "own" / "README.md").read_text()
    for words in ("Crowd workers", "crowdsourced", "mit", "arxiv:", "published"):  # of the paper's
        assert f"{words} " not in card.replace("\n", " "), words
    assert not (tmp_path / "own" / "croissant.json").exists()
    program = card.split("```python\n")[1].split("```")[0]
    with contextlib.chdir(tmp_path):
        exec(program, {})


def test_the_order_of_the_table_does_not_depend_on_the_order_of_clicking() -> None:
    clicks = [on("a"), on("b", x=5)]
    assert click_csv({"1": clicks, "2": clicks}) == click_csv({"2": clicks[::-1], "1": clicks})
    [head, *rows] = csv.reader(io.StringIO(click_csv({"1": clicks})))
    row = dict(zip(head, rows[0], strict=True))
    assert row["device"] == "mobile"
    assert (row["pointer"], row["display_mode"], row["response_ms"]) == (
        "touch",
        "Object_CutOut",
        "812",
    )


def test_an_export_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="holds no recorded clicks"):
        export_clicks(tmp_path, tmp_path / "clicks.csv")
    assert list(tmp_path.iterdir()) == []
