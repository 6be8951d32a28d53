"""Threads beside the networks, and images prepared ahead, change no byte of the results."""

from __future__ import annotations

import gc
import json
import multiprocessing
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from helpers.benchmark_fakes import KILL_SWITCH, Disks, FakeSource, ManyImages
from helpers.clickability_fixtures import two_stages
from helpers.tiny_networks import save_tiny

from rclicks_hf.benchmark import BenchmarkProtocol, run_benchmark
from rclicks_hf.benchmark.result_rows import TIMING_COLUMNS, read_result_table
from rclicks_hf.benchmark.single_clicks import click_as_users
from rclicks_hf.click_scoring import ScoreSettings, read_click_scores, run_click_scores
from rclicks_hf.data import Click, Instance
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import (
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.segmenters import Prediction

RUNS = ["base", "g2", "g9", "user", "nuser"]


class Watched(Disks):
    """Says in which thread what ran; another image is encoded while the first is segmented."""

    encodes_ahead = True

    def __init__(self) -> None:
        self.threads: dict[str, set[str]] = {"encode": set(), "predict": set()}
        self.encoded = 0

    def encode(self, image: Any) -> Any:
        self.threads["encode"].add(threading.current_thread().name)
        self.encoded += 1
        return super().encode(image)

    def predict(
        self, state: Any, clicks: Sequence[Sequence[Click]], previous: Sequence[Any]
    ) -> list[Prediction]:
        self.threads["predict"].add(threading.current_thread().name)
        return super().predict(state, clicks, previous)


class Shy(Watched):
    """Does not say that its images may be encoded ahead."""

    encodes_ahead = False


class FailsToEncode(Disks):
    encodes_ahead = True

    def encode(self, image: Any) -> Any:
        if image[0, 0, 0] == 255:
            raise RuntimeError("out of memory")
        return super().encode(image)


def run(out: Path, source: FakeSource | None = None, **changes: Any) -> pa.Table:
    settings: dict[str, Any] = {
        "segmenter": "helpers.benchmark_fakes:Disks",
        "click_model": "dt",
        "runs": RUNS,
        "protocol": BenchmarkProtocol(max_clicks=3),
        "num_proc": 1,
        "progress": False,
    }
    path = run_benchmark(source or FakeSource(), out=out, **(settings | changes))
    return read_result_table(path).drop_columns(list(TIMING_COLUMNS))


def test_networks_with_threads_and_without(tmp_path: Path) -> None:
    save_tiny("sam", tmp_path / "sam")
    torch.manual_seed(0)
    model = str(tmp_path / "nano")
    ClickabilityModel(two_stages()).save_pretrained(model)
    ClickabilityImageProcessor(size={"height": 64, "width": 64}).save_pretrained(model)
    short = BenchmarkProtocol(max_clicks=2)
    networks = {"segmenter": str(tmp_path / "sam"), "click_model": model, "runs": RUNS[::2]}
    networks["protocol"] = short
    alone = run(tmp_path / "0", **networks)
    assert run(tmp_path / "3", **networks, threads=3).equals(alone)
    reference = {**networks, "protocol": replace(short, random_state_rule="image"), "limit": 2}
    alone = run(tmp_path / "reference", **reference)
    assert run(tmp_path / "reference 2", **reference, threads=2).equals(alone)


@pytest.mark.gpu
def test_workers_on_a_gpu_give_what_one_gives(tmp_path: Path) -> None:
    save_tiny("sam", tmp_path / "sam")
    options = {"segmenter": str(tmp_path / "sam"), "click_model": "ud", "device": "cuda"}
    alone = run(tmp_path / "0", ManyImages(), **options, threads=0)
    assert run(tmp_path / "2", ManyImages(), **options, num_proc=2).equals(alone)


def test_the_next_image_is_encoded_in_another_thread_where_that_is_safe(tmp_path: Path) -> None:
    main = threading.current_thread().name
    for kind in (Watched, Shy):
        segmenter = kind()
        run(tmp_path / kind.__name__, segmenter=segmenter, threads=1)
        assert segmenter.encoded == 4  # once per image
        assert segmenter.threads["predict"] == {main}
        assert (segmenter.threads["encode"] == {main}) == (kind is Shy)


def test_errors_ahead_are_those_of_the_image_itself(tmp_path: Path) -> None:
    alone = run(tmp_path / "0", segmenter=FailsToEncode())
    assert sum(map(bool, alone["error"].to_pylist())) == len(RUNS)
    assert run(tmp_path / "2", segmenter=FailsToEncode(), threads=2).equals(alone)
    with pytest.raises(RclicksError, match=r"hot dog/1: RuntimeError: out of memory"):
        run(tmp_path / "fast", segmenter=FailsToEncode(), threads=2, fail_fast=True)


def test_ctrl_c_resumes_and_leaves_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(setup: Any, instance: Instance, *rest: Any) -> None:
        if instance.image[0, 0, 0] == 255:
            raise KeyboardInterrupt
        click_as_users(setup, instance, *rest)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("rclicks_hf.benchmark.engine.click_as_users", interrupt)
        run(tmp_path / "out", segmenter=Watched(), threads=2)
    assert len(list((tmp_path / "out" / "parts").iterdir())) == 1
    rest = Watched()
    resumed = run(tmp_path / "out", segmenter=rest, threads=2)
    assert rest.encoded == 3
    assert resumed.equals(run(tmp_path / "whole", segmenter=Watched()))
    gc.collect()
    end = time.monotonic() + 10
    while _own_threads() and time.monotonic() < end:
        time.sleep(0.05)
    assert not _own_threads()


def _own_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("rclicks")]


def test_workers_with_threads_and_a_killed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"segmenter": "helpers.benchmark_fakes:Dies", "click_model": "ud"}
    monkeypatch.setenv(KILL_SWITCH, "1")
    with pytest.raises(RclicksError, match="a worker process was killed"):
        run(tmp_path / "out", ManyImages(), **settings, num_proc=2, threads=2)
    assert not (tmp_path / "out" / "results.parquet").exists()
    assert not json.loads((tmp_path / "out" / "manifest.json").read_text())["is_finished"]
    assert not multiprocessing.active_children()
    monkeypatch.delenv(KILL_SWITCH)
    resumed = run(tmp_path / "out", ManyImages(), **settings, num_proc=2, threads=1)
    assert resumed.equals(run(tmp_path / "alone", ManyImages(), **settings))


def test_scores_of_click_models_with_threads_and_without(tmp_path: Path) -> None:
    instances = ManyImages().load()
    found = []
    for threads in (0, 2):
        path = run_click_scores(
            instances,
            None,
            ["ud", "dt"],
            tmp_path / str(threads),
            settings=ScoreSettings(resamples=5, halvings=2),
            num_proc=1,
            threads=threads,
            progress=False,
        )
        found.append(read_click_scores(path))
    assert found[0].equals(found[1])
