"""Processes that share the images of one results folder, by claims alone or launched together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from helpers.benchmark_fakes import KILL_SWITCH, PARTS_FOLDER, PID_FOLDER, FakeSource
from helpers.benchmark_processes import TESTS, start, wait_until
from helpers.commands import run_launched, run_python, run_rclicks_here

from rclicks_hf.benchmark import BenchmarkProtocol, run_benchmark
from rclicks_hf.benchmark.result_rows import TIMING_COLUMNS, read_result_table

LOADED = ("rclicks_hf.benchmark.worker", "rclicks_hf.data.loading", "accelerate")
# `accelerate launch`, whose processes are not cold ones but forks of what it has loaded.
ACCELERATE_LAUNCH = """
import importlib, runpy, signal, sys
import torch.distributed.run as torchrun
from accelerate.commands.launch import main

for name in {loaded}:
    importlib.import_module(name)
read = torchrun.config_from_args

def run(*words):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # what a cold process does, not the launcher
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)

def in_forks(arguments):
    config, python, (unbuffered, flag, *words) = read(arguments)
    assert (python, unbuffered, flag) == (sys.executable, "-u", "-m")
    return config, run, words

torchrun.config_from_args = in_forks
main()
"""
SHORT = BenchmarkProtocol(max_clicks=3)


def results(out: Path) -> pa.Table:
    return read_result_table(out).drop_columns(list(TIMING_COLUMNS))


def alone(out: Path, segmenter: str = "Disks") -> pa.Table:
    """The results of one process."""
    run_benchmark(
        FakeSource(),
        segmenter=f"helpers.benchmark_fakes:{segmenter}",
        click_model="ud",
        out=out,
        protocol=SHORT,
        num_proc=1,
        progress=False,
    )
    return results(out)


def test_a_slow_image_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The marked image ends only when another process has done the three others."""
    environment = {PARTS_FOLDER: str(tmp_path / "out/parts")}
    with (
        start(tmp_path, "TakesTurns", 1, **environment) as main,
        start(tmp_path, "TakesTurns", 1, is_main=False, **environment) as helper,
    ):
        assert (main.wait(120), helper.wait(120)) == (0, 0)
    monkeypatch.setenv(PARTS_FOLDER, str(tmp_path / "out/parts"))
    assert results(tmp_path / "out").equals(alone(tmp_path / "alone", "TakesTurns"))


def test_the_images_of_a_dead_helper_are_taken_over(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    manifest_of_main = tmp_path / "out/manifest.json"
    whole = alone(tmp_path / "out", "Sleeps")
    (tmp_path / "out/parts/095.parquet").unlink()
    with start(tmp_path, "Sleeps", 1, is_main=False, **{PID_FOLDER: str(pids)}) as helper:
        wait_until(lambda: any(pids.iterdir()))  # it has claimed the image
        with start(tmp_path, "Sleeps", 1) as main:
            wait_until(lambda: not json.loads(manifest_of_main.read_text())["is_finished"])
            with pytest.raises(subprocess.TimeoutExpired):
                main.wait(0.5)  # the image is the helper's
            helper.kill()
            assert main.wait(120) == 0
    assert results(tmp_path / "out").equals(whole)


@pytest.fixture(scope="module")
def repo_of_scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset repo of five tiny images, one of them marked and one with two objects."""
    from rclicks_hf import data, simulation

    source, name = data.MemoryStore(), "simulated_scenes"
    for stem in ("a", "b", "c", "d", "two.objects"):
        image = np.full((24, 32, 3), 90, np.uint8)
        image[6:18, 4:14], image[4:16, 18:28] = 255, 160
        image[0, 0] = 255 if stem == "b" else 0
        objects = {"": image[..., 0] == 255}
        if stem == "two.objects":
            objects = {"1": image[..., 0] == 255, "2": image[..., 0] == 160}
        source.add(stem, image, objects)
    rounds = simulation.simulate_rounds(source, dataset=name, progress=False)
    repo = tmp_path_factory.mktemp("repo") / "rclicks"
    sources = {name: data.StoreWithPrevious(source, rounds.previous_masks)}
    splits = {name: {stem: "test" for stem, _ in source.objects()}}
    data.build_dataset(rounds.clicks, sources, repo, splits=splits, progress=False)
    return repo


def words_of(repo: Path, out: Path) -> list[str]:
    words = ["rclicks_hf.benchmark", "--repo", str(repo), "--dataset", "simulated_scenes"]
    words += ["--segmenter", "helpers.benchmark_fakes:Dies", "--click-model", "ud"]
    return [*words, "--runs", "base,g5,nuser", "--out", str(out)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS)]), **more}


def launch(processes: int, repo: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return run_launched(processes, words_of(repo, out), loaded=LOADED, env=environment())


@pytest.fixture(scope="module")
def of_one(repo_of_scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    out = tmp_path_factory.mktemp("one") / "run"
    words = ["benchmark", *words_of(repo_of_scenes, out)[1:], "--num-proc", "1"]
    done = run_rclicks_here(" ".join(words), cwd=out.parent)
    assert done.returncode == 0, done.stderr
    return results(out)


def test_a_launch_with_a_killed_process_is_resumed_by_another_and_gives_what_one_gives(
    repo_of_scenes: Path, of_one: pa.Table, tmp_path: Path
) -> None:
    """Two processes of `accelerate launch`, then three of a launch alone."""
    out = tmp_path / "run"
    launcher = ["-c", ACCELERATE_LAUNCH.format(loaded=LOADED), "--multi_gpu", "--num_machines", "1"]
    launcher += ["--mixed_precision", "no", "--dynamo_backend", "no"]
    launcher += ["--main_process_port", "0", "--num_processes", "2", "-m"]
    words = [*launcher, *words_of(repo_of_scenes, out)]
    start_method = {"PET_START_METHOD": "fork"}  # an option of torchrun that accelerate lacks
    killed = run_python(words, env=environment(**{KILL_SWITCH: "1"}, **start_method))
    assert killed.returncode != 0
    assert f"exitcode  : {-signal.SIGKILL}" in killed.stderr
    assert not (out / "results.parquet").exists()
    again = launch(3, repo_of_scenes, out)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("simulated_scenes") == 1  # the table, from the main process alone
    assert "rclicks benchmark --repo" in json.loads((out / "manifest.json").read_text())["command"]
    assert results(out).equals(of_one)
    assert of_one.num_rows == 6 * 3
