"""What `--dtype` does to every printed number, on photographs with SIMULATED users.

    python tests/speed/measure_dtype.py [DATA] [OUT] [DTYPES]

DATA has GrabCut's layout. So that this takes minutes on one core, its photographs are scaled to a
longer side of 160 pixels and trajectories end after 5 clicks. Two parts, each in float32, bfloat16
and float16:

- CM: a *nano* clickability network, trained here for a few epochs on the simulated clicks, draws
  the clicks for GeoCut, which has no network; and its scores as a click model on the same clicks.
- SAM: a tiny network with RANDOM weights, clicked on by `dt`; its masks mean nothing, and the
  question is only how many of its clicks and scores move.

The same command resumes in OUT.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from rclicks_hf.benchmark import BenchmarkProtocol, run_benchmark
from rclicks_hf.benchmark.result_rows import read_result_table
from rclicks_hf.click_scoring import ScoreSettings, read_click_scores, run_click_scores
from rclicks_hf.data import Clicks, Instance, load_instances
from rclicks_hf.metrics import CLICK_METRICS
from rclicks_hf.networks.clickability import ClickabilityConfig
from rclicks_hf.report import benchmark_table, read_results
from rclicks_hf.support.network_options import DTYPES as KNOWN
from rclicks_hf.support.text.text_table import plain_table
from rclicks_hf.training import train

SIDE, CANVAS, EPOCHS, CLICKS = 160, 96, 8, 5
NUMBERS = (
    "sample_noc",
    "delta_sb",
    "delta_gr",
    "nsr",
    "nof",
    "nof_reference",
    "baseline_noc",
)


def scaled(instance: Instance) -> Instance:
    """The instance at a longer side of SIDE pixels."""
    height, width = instance.mask.shape
    factor = SIDE / max(height, width)
    size = round(width * factor), round(height * factor)
    clicks = instance.clicks
    x, y = ((axis * factor).astype(np.int32) for axis in (clicks.x, clicks.y))
    inside = x.clip(0, size[0] - 1), y.clip(0, size[1] - 1)
    return replace(
        instance,
        image=cv2.resize(instance.image, size, interpolation=cv2.INTER_AREA),
        mask=cv2.resize(instance.mask, size, interpolation=cv2.INTER_NEAREST),
        clicks=Clicks(*inside, clicks.device),
        box=None,
    )


def photographs(data: Path, out: Path) -> list[Instance]:
    """First-round instances with the clicks of simulated users."""
    from measure_protocols import NAME, build  # beside this script, on no package's path

    if not (out / "rclicks").exists():
        build(data, out / "rclicks")
    return [scaled(one) for one in load_instances(out / "rclicks", NAME, rounds="first")]


def networks(instances: list[Instance], out: Path) -> tuple[str, str]:
    """Folders of the clickability network, and of the tiny SAM with random weights."""
    from helpers.tiny_networks import save_tiny

    nano, sam = out / "nano", out / "tiny-sam-random"
    if not nano.exists():
        config = ClickabilityConfig.from_preset("nano", image_size=CANVAS)
        train(instances[:16], instances[16:], nano, config=config, epochs=EPOCHS, batch_size=4)
    if not sam.exists():
        save_tiny("sam", sam)
    return str(nano), str(sam)


def moved(path: Path, exact: Path) -> str:
    """Clicks of all runs that are elsewhere than with float32, or missing, of those there are."""
    clicks = []
    for file in (path, exact):
        table = read_result_table(file)
        keys = zip(table["full_stem"].to_pylist(), table["run"].to_pylist(), strict=True)
        columns = [table[name].to_pylist() for name in ("x", "y", "is_positive")]
        clicks.append(dict(zip(keys, map(_listed, *columns), strict=True)))
    ours, theirs = clicks
    total = sum(map(len, theirs.values()))
    equal = sum(
        one == other for key in theirs for one, other in zip(ours[key], theirs[key], strict=False)
    )
    return f"{total - equal} of {total}"


def _listed(*columns: list[Any]) -> list[tuple[Any, ...]]:
    return list(zip(*columns, strict=True))


def benchmark(
    instances: list[Instance], out: Path, models: dict[str, str], dtypes: list[str]
) -> None:
    """Print the numbers of the benchmark by precision."""
    lines, exact = [], out / dtypes[0] / "results.parquet"
    for dtype in dtypes:
        path = run_benchmark(
            instances,
            **models,
            out=out / dtype,
            dtype=dtype,
            device="cpu",
            protocol=BenchmarkProtocol(max_clicks=CLICKS),
            num_proc=1,
        )
        [row] = benchmark_table(read_results(path))
        numbers = (getattr(row, name) for name in NUMBERS)
        lines.append([dtype, *(f"{number:.3f}" for number in numbers), moved(path, exact)])
    print(plain_table([["dtype", *NUMBERS, "clicks elsewhere"], *lines], left=1), flush=True)


def scores(instances: list[Instance], out: Path, model: str, dtypes: list[str]) -> None:
    """Print the scores of the click model by precision."""
    lines = []
    for dtype in dtypes:
        path = run_click_scores(
            instances,
            None,
            {"CM": model},
            out / f"scores_{dtype}",
            settings=ScoreSettings(halvings=0),
            dtype=dtype,
            device="cpu",
            num_proc=1,
        )
        means = read_click_scores(path)[list(CLICK_METRICS)].mean()
        lines.append([dtype, *(f"{mean:.6g}" for mean in means)])
    print(plain_table([["dtype", *CLICK_METRICS], *lines], left=1), flush=True)


def main(data: Path, out: Path, dtypes: list[str]) -> None:
    """Prepare, measure, print."""
    instances = photographs(data, out)
    nano, sam = networks(instances, out)
    print(f"\nCM nano, trained here on simulated clicks, for GeoCut ({len(instances)} photographs)")
    benchmark(instances, out / "cm", {"segmenter": "geocut", "click_model": nano}, dtypes)
    print("\nits scores")
    scores(instances, out, nano, dtypes)
    print("\ntiny SAM with random weights, click model dt")
    benchmark(instances, out / "sam", {"segmenter": sam, "click_model": "dt"}, dtypes)


if __name__ == "__main__":
    torch.set_num_threads(1)
    tests = Path(__file__).resolve().parents[1]
    sys.path.append(str(tests))
    defaults = [
        str(tests.parents[1] / "shared" / "data" / "GrabCut"),
        "measure_dtype",
        ",".join(KNOWN),
    ]
    words = [*sys.argv[1:], *defaults[len(sys.argv) - 1 :]]
    main(Path(words[0]), Path(words[1]), words[2].split(","))
