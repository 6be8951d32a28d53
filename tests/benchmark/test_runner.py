from __future__ import annotations

import io
import json
import signal
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.benchmark_fakes import KILL_SWITCH, FakeSource, InstanceList
from helpers.benchmark_processes import start

from rclicks_hf.benchmark import PROTOCOLS, RUNS, BenchmarkProtocol, run_benchmark
from rclicks_hf.benchmark.result_rows import (
    RESULT_SCHEMA,
    TIMING_COLUMNS,
    read_part,
    read_result_table,
    write_part,
)
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.results_folder import part_path
from rclicks_hf.report import read_results

SHORT = BenchmarkProtocol(max_clicks=3)


def run(out: Path, source: FakeSource | None = None, **changes: Any) -> pa.Table:
    """Results without their timings."""
    settings: dict[str, Any] = {
        "segmenter": "helpers.benchmark_fakes:Disks",
        "click_model": "ud",
        "protocol": SHORT,
        "num_proc": 1,
        "progress": False,
    }
    path = run_benchmark(source or FakeSource(), out=out, **(settings | changes))
    assert path == out / "results.parquet"
    return read_result_table(path).drop_columns(list(TIMING_COLUMNS))


def to_bytes(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def test_results_hold_every_instance_and_run_in_order(tmp_path: Path) -> None:
    table = run(tmp_path / "out")
    stems = FakeSource().load().stems
    keys = list(zip(table["full_stem"].to_pylist(), table["run"].to_pylist(), strict=True))
    assert keys == [(stem, name) for stem in stems for name in RUNS]
    assert read_result_table(tmp_path / "out").schema.equals(RESULT_SCHEMA)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    assert manifest["is_finished"]
    assert manifest["instances"] == 5
    assert manifest["failures"] == 0
    assert manifest["protocol"]["max_clicks"] == 3
    assert manifest["protocol_digest"] == SHORT.digest
    assert {"numpy", "rclicks-hf", "python"} <= set(manifest["versions"])
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_finished_images_are_not_run_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(out)
    times = {part: part.stat().st_mtime_ns for part in (out / "parts").iterdir()}
    (out / "results.parquet").unlink()
    assert run(out).equals(first)
    assert {part: part.stat().st_mtime_ns for part in (out / "parts").iterdir()} == times


def flip_a_bit(whole: bytes) -> bytes:
    """In the last of the stored numbers of a column."""
    columns = pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(0)
    chunks = [columns.column(index) for index in range(columns.num_columns)]
    [chunk] = [chunk for chunk in chunks if chunk.path_in_schema.startswith("iou")]
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    place = start + chunk.total_compressed_size - 1
    return whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]


@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda _: b"PAR1 cut off", lambda whole: whole[:-9], flip_a_bit]
)
def test_a_damaged_part_is_made_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    out = tmp_path / "out"
    first = run(out)
    part = part_path(out, "hot dog/1")
    part.write_bytes(damage(part.read_bytes()))
    assert read_part(part) is None
    assert run(out).equals(first)


def test_a_part_of_another_schema_is_made_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(out)
    part = part_path(out, "hot dog/1")
    pq.write_table(pq.read_table(part).drop_columns(["seconds_metrics"]), part)
    assert run(out).equals(first)


class Counted(InstanceList):
    """Instances that are made when they are taken, and how many of them are alive at most."""

    alive = 0
    most = 0

    def __getitem__(self, index: Any) -> Any:
        instance = replace(super().__getitem__(index))
        Counted.alive += 1
        Counted.most = max(Counted.most, Counted.alive)
        weakref.finalize(instance, self.forget)
        return instance

    @staticmethod
    def forget() -> None:
        Counted.alive -= 1


@dataclass(frozen=True)
class CountedSource(FakeSource):
    def load(self) -> Counted:
        return Counted(super().load())


def test_no_more_instances_are_held_than_an_image_has(tmp_path: Path) -> None:
    run(tmp_path / "out", source=CountedSource())
    assert Counted.most == 2


def test_sigkill_at_any_moment_can_be_resumed(tmp_path: Path) -> None:
    out, segmenter = tmp_path / "out", "helpers.benchmark_fakes:Dies"
    with start(tmp_path, "Dies", 1, **{KILL_SWITCH: "1"}) as process:
        assert process.wait(60) == -signal.SIGKILL
    assert [part.name for part in (out / "parts").iterdir()] == ["095.parquet"]
    resumed, whole = run(out, segmenter=segmenter), run(tmp_path / "whole", segmenter=segmenter)
    assert resumed.equals(whole)
    assert to_bytes(resumed) == to_bytes(whole)
    assert {path.name for path in out.iterdir()} == {"manifest.json", "results.parquet", "parts"}


def test_failures_are_recorded_and_counted(tmp_path: Path) -> None:
    table = run(tmp_path / "out", segmenter="helpers.benchmark_fakes:Raises")
    failed = {
        stem
        for stem, error in zip(
            table["full_stem"].to_pylist(), table["error"].to_pylist(), strict=True
        )
        if error
    }
    assert failed == {"hot dog/1"}
    assert json.loads((tmp_path / "out/manifest.json").read_text())["failures"] == 1


@pytest.mark.parametrize("num_proc", [1, 2])
def test_fail_fast_stops(tmp_path: Path, num_proc: int) -> None:
    with pytest.raises(RclicksError, match=r"hot dog/1: RuntimeError: the accelerator is out"):
        run(
            tmp_path / "out",
            segmenter="helpers.benchmark_fakes:Raises",
            fail_fast=True,
            num_proc=num_proc,
        )
    assert not (tmp_path / "out/results.parquet").exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"protocol": BenchmarkProtocol(max_clicks=4)}, r"protocol \(max_clicks is 3, not 4\)"),
        ({"protocol": PROTOCOLS["reference"]}, r"protocol \(id is 'rclicks-1', not"),
        ({"protocol": replace(SHORT, mask_threshold=0.4)}, r"\(mask_threshold is None, not 0.4\)"),
        ({"protocol": replace(SHORT, group_edges=(0, 1))}, r"\(group_edges is \[0.0, 0.1,"),
        ({"segmenter": "geocut"}, "another segmenter"),
        ({"click_model": "dt"}, "another click_model"),
        ({"source": FakeSource(content="b")}, "the dataset has changed"),
        ({"source": FakeSource(dataset="davis")}, "another dataset "),
        ({"source": FakeSource(split="train")}, "another split"),
    ],
)
def test_another_run_s_folder_is_refused_by_field(
    tmp_path: Path, changes: dict[str, Any], field: str
) -> None:
    run(tmp_path / "out", limit=1, runs=["base"])
    with pytest.raises(RclicksError, match=field):
        run(tmp_path / "out", limit=1, runs=["base"], **changes)


def test_overwrite_replaces_another_run(tmp_path: Path) -> None:
    run(tmp_path / "out", runs=["base"])
    table = run(tmp_path / "out", limit=1, runs=["base"], protocol=SHORT, overwrite=True)
    assert table.num_rows == 1
    assert len(list((tmp_path / "out/parts").iterdir())) == 1


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    for overwrite in (False, True):
        with pytest.raises(RclicksError, match="not a results folder"):
            run(tmp_path, overwrite=overwrite)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_limit_and_stems_choose_and_can_be_widened(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert set(run(out, limit=2, runs=["base"])["full_stem"].to_pylist()) == {"095", "hot dog/1"}
    chosen = ["two.objects_______7"]
    assert run(out, stems=chosen, runs=["base"])["full_stem"].to_pylist() == chosen
    assert run(out).equals(run(tmp_path / "whole"))
    assert run(out, stems=chosen, runs=["g2"])["run"].to_pylist() == ["g2"]


def test_images_of_an_earlier_run_with_groups_stay_in_one_method(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out, limit=2, runs=["base", "g1"])
    assert run(out, runs=["base"]).equals(run(tmp_path / "new", runs=["base"]))
    assert len(read_results(out)) == 1


def test_an_image_s_name_may_be_longer_than_a_file_s(tmp_path: Path) -> None:
    names = ["д" * 90 + end for end in "аб"]
    parts = [part_path(tmp_path, name) for name in names]
    assert len(set(parts)) == 2
    for part in parts:
        write_part(part, [])
        assert read_part(part) is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stems": ["096"]}, "096: no such instance"),
        ({"limit": 0}, "limit: must be at least 1"),
        ({"num_proc": 0}, "num_proc: must be at least 1"),
        ({"runs": ["g11"]}, "g11 is not a run"),
        ({"segmenter": "sam9"}, "sam9: no such segmenter"),
        (
            {"segmenter": "helpers.benchmark_fakes:NoThreshold"},
            r"threshold must be a number in \(0, 1\)",
        ),
        ({"click_model": "um"}, "um: no such click model"),
        ({"stems": []}, "none from the first round"),
    ],
)
def test_wrong_arguments_leave_nothing_behind(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RclicksError, match=message):
        run(tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    run(tmp_path / "out", limit=1, runs=["base"])
    (tmp_path / "out/manifest.json").write_text("{")
    with pytest.raises(RclicksError, match=r"manifest\.json: not readable as JSON"):
        run(tmp_path / "out", limit=1, runs=["base"])


def test_a_model_folder_is_known_by_its_content_not_its_place(tmp_path: Path) -> None:
    from rclicks_hf.click_models.registry import click_model_identity

    for place in ("here", "there"):
        (tmp_path / place / "net").mkdir(parents=True)
        (tmp_path / place / "net/config.json").write_text("{}")
        (tmp_path / place / "net/weights").write_text("1")
    here, there = (click_model_identity(str(tmp_path / p / "net")) for p in ("here", "there"))
    assert here == there
    (tmp_path / "there/net/weights").write_text("2")
    assert click_model_identity(str(tmp_path / "there/net")) != here


def test_a_segmenter_that_was_changed_does_not_go_on_in_its_old_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, out = tmp_path / "my_changing_segmenter.py", tmp_path / "out"
    monkeypatch.syspath_prepend(tmp_path)
    code = "from helpers.benchmark_fakes import Disks\n\n\nclass Mine(Disks):\n    pass\n"
    settings: dict[str, Any] = {"segmenter": f"{module.stem}:Mine", "runs": ["base"]}
    module.write_text(code)
    run(out, limit=1, **settings)
    run(out, limit=2, **settings)  # the same code: it goes on
    module.write_text(code + "    threshold = 0.7\n")
    with pytest.raises(RclicksError, match="the segmenter has changed since the results there"):
        run(out, limit=3, **settings)
    run(out, limit=3, overwrite=True, **settings)


def test_a_results_folder_may_have_the_segmenter_s_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings: dict[str, Any] = {"segmenter": "geocut", "limit": 1, "runs": ["base"]}
    assert run(Path("geocut"), **settings).equals(run(Path("geocut"), **settings))


def test_a_model_that_a_run_does_without_may_be_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = ["1"]
    monkeypatch.setattr("rclicks_hf.jobs.model_identity.hub_revision", lambda name, kind: commit[0])
    settings: dict[str, Any] = {"click_model": "me/net", "limit": 1, "runs": ["base"]}
    out = tmp_path / "out"
    for known in ("1", "", "1"):  # the middle one in a cache that was emptied
        commit[0] = known
        run(out, **settings)
        manifest = json.loads((out / "manifest.json").read_text())
        assert manifest["click_model_fingerprint"] == "1"
    commit[0] = "2"
    with pytest.raises(RclicksError, match="the click model has changed since"):
        run(out, **settings)
