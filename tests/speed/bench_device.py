"""The whole benchmark with networks of real shape and RANDOM weights, on a GPU or a CPU.

    python tests/speed/bench_device.py [--device cuda] [--dtype bfloat16] [--compile] [--tiny]

For SAM-B, SAM-H and SimpleClick-H, clicked on by CM (preset base), and scenes of 480 x 640 and of
1536 x 2048 with one object each: milliseconds per image of encode, decode, click map, clicker and
metrics in one process; then the default workers, how busy the device is (mean of `nvidia-smi`; "-"
on a CPU), and hours for one method on all five datasets. No mask means anything: with random
weights no object is found, so every trajectory makes all 20 clicks, which is an upper bound. The
hours: seconds per instance are linear in the image's pixels, through both sizes; every published
instance counts as an image of its own; sizes are those of bench_engine.py. ``--tiny`` takes tiny
networks and few clicks, to try the script on a CPU.
"""

from __future__ import annotations

import argparse
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import torch
from transformers import SamConfig, SamModel

from rclicks_hf.benchmark import BenchmarkProtocol, run_benchmark
from rclicks_hf.benchmark.engine import run_image
from rclicks_hf.benchmark.evaluation_setup import EvaluationSetup
from rclicks_hf.click_models import load_click_model
from rclicks_hf.data import SOURCE_DATASETS, Instance
from rclicks_hf.jobs.workers import plan_workers
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.networks.simpleclick import SimpleClickConfig, SimpleClickModel
from rclicks_hf.segmenters import load_segmenter
from rclicks_hf.simulation.scenes.generation import generate_scene
from rclicks_hf.support.text.text_table import plain_table

SIZES = runpy.run_path(str(Path(__file__).with_name("bench_engine.py")))["SIZES"]
SHAPES = ((480, 640), (1536, 2048))
RUNS = ["base", *(f"g{number}" for number in range(1, 11))]
PARTS = ("encode", "decode", "click map", "clicker", "metrics")


def _sam(**vision: int | list[int]) -> SamModel:
    return SamModel(SamConfig(vision_config=vision))


def _sam_h() -> SamModel:
    layers = {"num_hidden_layers": 32, "global_attn_indexes": [7, 15, 23, 31]}
    return _sam(hidden_size=1280, num_attention_heads=16, mlp_dim=5120, **layers)


METHODS: dict[str, Any] = {
    "SAM-B": lambda: _sam(),
    "SAM-H": _sam_h,
    "SimpleClick-H": lambda: SimpleClickModel(SimpleClickConfig()),
}


def save(name: str, folder: Path, tiny: bool) -> str:
    """The folder of a segmenter with random weights."""
    from helpers.tiny_networks import tiny_model

    torch.manual_seed(0)
    small = "simpleclick" if name.startswith("Simple") else "sam"
    model = tiny_model(f"rclicks_{small}" if small != "sam" else small) if tiny else METHODS[name]()
    model.save_pretrained(folder / name)
    return str(folder / name)


def save_click_model(folder: Path, tiny: bool) -> str:
    """The folder of a clickability network with random weights."""
    torch.manual_seed(0)
    config = ClickabilityConfig.from_preset("nano" if tiny else "base")
    ClickabilityModel(config).save_pretrained(folder / "cm")
    side = {"height": config.image_size, "width": config.image_size}
    ClickabilityImageProcessor(size=side).save_pretrained(folder / "cm")
    return str(folder / "cm")


def scenes(shape: tuple[int, int], count: int) -> list[Instance]:
    """Images with one object each, enlarged four times; after the third they are repeated."""
    size, pairs = (shape[1], shape[0]), []
    for index in range(min(count, 3)):
        scene = generate_scene(index, size=(shape[0] // 4, shape[1] // 4))
        image = cv2.resize(scene.image, size, interpolation=cv2.INTER_CUBIC)
        pairs.append((image, cv2.resize(scene.masks[0], size, interpolation=cv2.INTER_NEAREST)))
    return [
        Instance(str(i), str(i), "", "tetris", "test", "first", "none", *pairs[i % len(pairs)])
        for i in range(count)
    ]


class Stopwatch:
    """Seconds of the parts of one image; the device finishes before a part counts as done."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def watching(self, segmenter: Any) -> Iterator[None]:
        """Time the segmenter's calls, and those for click maps."""
        maps = EvaluationSetup.click_maps
        kind = type(segmenter)
        encode, predict = kind.encode, kind.predict
        kind.encode = self._timed("encode", encode)
        kind.predict = self._timed("decode", predict)
        EvaluationSetup.click_maps = self._timed("click map", maps)  # type: ignore[method-assign]
        try:
            yield
        finally:
            kind.encode, kind.predict = encode, predict
            EvaluationSetup.click_maps = maps  # type: ignore[method-assign]

    def _timed(self, part: str, call: Any) -> Any:
        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            result = call(*arguments)
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.seconds[part] += time.perf_counter() - start
            return result

        return timed


def parts(instance: Instance, segmenter: Any, model: Any, protocol: Any) -> list[float]:
    """Milliseconds per image by part, in one process, after a first image."""
    for _ in range(2):
        watch = Stopwatch()
        with watch.watching(segmenter):
            rows = run_image([instance], segmenter, model, RUNS, protocol, fail_fast=True)
    found = dict(watch.seconds)
    found["clicker"] = sum(row.seconds_clicker for row in rows) - found["click map"]
    found["metrics"] = sum(row.seconds_metrics for row in rows)
    return [1e3 * found[part] for part in PARTS]


class Busy(threading.Thread):
    """Samples how busy the device is until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._ends, self._samples = threading.Event(), list[tuple[float, float]]()

    def run(self) -> None:
        """Ask `nvidia-smi` again and again."""
        query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self._ends.wait(0.2):
            text = subprocess.run(query, capture_output=True, text=True, check=False).stdout
            if text.strip():
                self._samples.append((time.time(), float(text.split()[0])))

    def mean(self, start: float, end: float) -> str:
        """Per cent in a span of time, once it is over."""
        self._ends.set()
        found = [value for at, value in self._samples if start <= at <= end]
        return f"{sum(found) / len(found):.0f} %" if found else "-"


def throughput(instances: list[Instance], out: Path, **options: Any) -> Any:
    """Seconds per image of the default workers in the second half of the run, and how busy it is.

    In the first half the workers start, and each meets its first image, which costs seconds more.
    """
    busy = Busy()
    if options["device"] != "cpu":
        busy.start()
    run_benchmark(instances, out=out, runs=RUNS, fail_fast=True, progress=False, **options)
    ends = sorted(part.stat().st_mtime for part in (out / "parts").iterdir())
    first = len(ends) // 2 - 1
    return (ends[-1] - ends[first]) / (len(ends) - 1 - first), busy.mean(ends[first], ends[-1])


def hours(seconds: list[float]) -> float:
    """Hours for all five datasets from the seconds per image of both sizes."""
    sizes = [height * width / 1e6 for height, width in SHAPES]
    slope = (seconds[1] - seconds[0]) / (sizes[1] - sizes[0])
    return sum(
        SOURCE_DATASETS[name].instances * max(0.0, seconds[0] + slope * (size - sizes[0])) / 3600
        for name, (size, _) in SIZES.items()
    )


def main() -> None:
    """Parse the options, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--compile", action="store_true", help="compile the clickability network")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--images", type=int, default=6, help="per worker, of each size")
    parser.add_argument("--tiny", action="store_true", help="tiny networks and 2 clicks")
    args = parser.parse_args()
    protocol = BenchmarkProtocol(max_clicks=2) if args.tiny else BenchmarkProtocol()
    plan = plan_workers(None, {}, args.device, uses_device=True)
    print(plan.note or f"{plan.processes} workers on a CPU", flush=True)
    options = {"device": args.device, "dtype": args.dtype}
    work = Path(tempfile.mkdtemp())
    lines, rates, start = [], [], time.perf_counter()
    try:
        cm = save_click_model(work, args.tiny)
        for name in args.methods.split(","):
            folder = save(name, work, args.tiny)
            segmenter = load_segmenter(folder, **options)
            model = load_click_model(cm, **options, compile=args.compile)
            both: list[float] = []
            for shape in SHAPES:
                instances = scenes(shape, args.images * plan.processes)
                numbers = parts(instances[0], segmenter, model, protocol)
                if shape == SHAPES[-1]:
                    del segmenter, model
                rate, busy = throughput(
                    instances,
                    work / f"{name}-{shape[0]}",
                    segmenter=folder,
                    click_model=cm,
                    protocol=protocol,
                    compile=args.compile,
                    **options,
                )
                both.append(rate)
                size = f"{shape[0]} x {shape[1]}"
                lines.append(
                    [name, size, *(f"{n:.0f}" for n in numbers), f"{1e3 * rate:.0f}", busy]
                )
                print(f"{time.perf_counter() - start:.0f} s:", *lines[-1], flush=True)
            rates.append(f"{name}: {hours(both):.2f} h for one method on all five datasets")
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    titles = ["random weights", "image", *PARTS, "all workers", "busy"]
    print(f"milliseconds per image (device {args.device}, {args.dtype})")
    print(plain_table([titles, *lines], left=2))
    print("\n".join(rates))


if __name__ == "__main__":
    here = Path(__file__).resolve()
    sys.path.append(str(here.parents[1]))
    os.environ["TQDM_DISABLE"] = "1"
    main()
