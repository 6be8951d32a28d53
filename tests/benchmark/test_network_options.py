"""Device, precision and batch size of a benchmark: which of them its manifest ties results to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.benchmark_fakes import FakeSource

from rclicks_hf.benchmark import BenchmarkProtocol, run_benchmark
from rclicks_hf.benchmark.result_rows import read_result_table
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)


def run(out: Path, model: str, **options: Any) -> Path:
    return run_benchmark(
        FakeSource(),
        segmenter="geocut",
        click_model=model,
        out=out,
        runs=["g5"],
        protocol=BenchmarkProtocol(max_clicks=2),
        num_proc=1,
        progress=False,
        **options,
    )


def test_the_precision_is_part_of_the_identity_device_and_batch_are_not(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = str(tmp_path / "nano")
    ClickabilityModel(ClickabilityConfig.from_preset("nano", image_size=64)).save_pretrained(model)
    ClickabilityImageProcessor(size={"height": 64, "width": 64}).save_pretrained(model)
    path = run(tmp_path / "out", model)
    first = read_result_table(path)["x"].to_pylist()
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["dtype"] == "float32"
    run(tmp_path / "out", model, device="cpu", batch_size=1)  # resumes: nothing is left to do
    again = run(tmp_path / "again", model, device="cpu", batch_size=1)
    assert read_result_table(again)["x"].to_pylist() == first
    with pytest.raises(RclicksError, match=r"another dtype .'float32', not 'bfloat16'.; give anot"):
        run(tmp_path / "out", model, dtype="bfloat16")
    del manifest["dtype"]  # of an earlier version
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(manifest))
    run(tmp_path / "out", model)


def test_options_that_nothing_takes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RclicksError, match=r"batch_size: applies to networks .* not to geocut and dt"
    ):
        run(tmp_path / "out", "dt", batch_size=4)
    with pytest.raises(RclicksError, match="device 'gpu': unknown"):
        run(tmp_path / "out", "dt", device="gpu")
    assert not (tmp_path / "out").exists()
