"""Speed of the clickability network beside the paper's way to write it: one run, as ratios.

Both sides take turns on one thread; times are CPU seconds of the process, the best of several. The
other side is tests/helpers/plain_clickability.py. Run: python tests/speed/bench_clickability.py

Every part runs in a process of its own, so that peaks of memory and malloc's habits stay apart.
"""

from __future__ import annotations

import copy
import os
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from rclicks_hf.click_models import draw_clicks
from rclicks_hf.networks.clickability import ClickabilityConfig, ClickabilityModel

PLAIN = Path(__file__).resolve().parents[1] / "helpers" / "plain_clickability.py"
SIDE, ROUNDS, TRAJECTORIES = 416, 3, 11
NO_TRIMMING = {"MALLOC_TRIM_THRESHOLD_": str(2**33), "MALLOC_MMAP_MAX_": "0"}


def make_model() -> ClickabilityModel:
    """The published shape with random weights."""
    torch.manual_seed(0)
    return ClickabilityModel(ClickabilityConfig.from_preset("base")).eval()


def make_inputs(batch: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Noise, an object and its lower half."""
    mask = torch.zeros(batch, 1, SIDE, SIDE)
    mask[..., 100:300, 120:320] = 1
    error = mask.clone()
    error[..., :200, :] = 0
    return torch.randn(batch, 3, SIDE, SIDE), mask, error


def in_turn(*calls: Callable[[], object]) -> list[float]:
    """Best CPU seconds of each call."""
    best = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for i, call in enumerate(calls):
            start = time.process_time()
            call()
            best[i] = min(best[i], time.process_time() - start)
    return best


def speed(batch: int) -> None:
    """Plain against ours, at equal output."""
    plain = runpy.run_path(str(PLAIN))["plain_forward"]
    model, inputs = make_model(), make_inputs(batch)
    state = model.state_dict()
    difference = (model(*inputs).click_map - plain(state, *inputs)[1]).abs().max().item()
    if difference > 1e-4:
        raise SystemExit(f"the two differ by {difference:.1e}, so their speeds mean nothing")
    slow, fast = in_turn(lambda: plain(state, *inputs), lambda: model(*inputs))
    print(
        f"batch {batch}: plain {slow / batch:.3f} s/image  ours {fast / batch:.3f} s/image  "
        f"x{slow / fast:.2f}  largest difference of the maps {difference:.1e}"
    )


def memory(batch: int, side: str) -> None:
    """How far one forward pass raises the peak of the process."""
    model, inputs = make_model(), make_inputs(batch)
    state, plain = model.state_dict(), runpy.run_path(str(PLAIN))["plain_forward"]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _ = model(*inputs) if side == "ours" else plain(state, *inputs)
    raised = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"batch {batch}: peak memory of a forward pass, {side}: +{raised:.0f} MiB")


def half() -> None:
    """Time and error of bfloat16; the weights are random, so it is no statement on trained ones."""
    model, inputs = make_model(), make_inputs(1)
    low = copy.deepcopy(model).to(torch.bfloat16)
    low_inputs = [tensor.to(torch.bfloat16) for tensor in inputs]
    error = (low(*low_inputs).click_map - model(*inputs).click_map).abs()
    full, less = in_turn(lambda: model(*inputs), lambda: low(*low_inputs))
    print(
        f"bfloat16, random weights: {less:.3f} s against {full:.3f} s in float32; error of the map "
        f"mean {error.mean():.4f}, largest {error.max():.4f}"
    )


def first_map() -> None:
    """From a folder on the disk to the first map, without the imports."""
    with tempfile.TemporaryDirectory() as folder:
        make_model().save_pretrained(folder)
        inputs = make_inputs(1)
        start, work = time.perf_counter(), time.process_time()
        ClickabilityModel.from_pretrained(folder).eval()(*inputs)
        wall, work = time.perf_counter() - start, time.process_time() - work
        print(f"from_pretrained and first map: {wall:.2f} s, {work:.2f} s of them CPU time")


def trajectories() -> None:
    """Many masks on one image: the image's part once, or every time."""
    model, (pixels, mask, error) = make_model(), make_inputs(TRAJECTORIES)
    one = pixels[:1]

    def shared() -> object:
        return model(None, mask, error, image_features=model.encode_image(one))

    every, once = in_turn(lambda: model(one.expand_as(pixels), mask, error), shared)
    encode = in_turn(lambda: model.encode_image(one))[0]
    print(
        f"{TRAJECTORIES} trajectories on one image: {every:.2f} s, with the image's part once "
        f"{once:.2f} s (that part: {encode:.3f} s)"
    )
    draw = in_turn(lambda: draw_clicks(torch.rand(8, SIDE, SIDE), error[:8, 0], 20))[0]
    print(f"drawing 20 clicks on each of 8 maps of {SIDE} x {SIDE}: {draw:.3f} s")


PARTS: dict[str, Callable[..., None]] = {
    "speed": speed,
    "memory": memory,
    "half": half,
    "first_map": first_map,
    "trajectories": trajectories,
}


def apart(part: str, *arguments: int | str, **variables: str) -> None:
    """Run one part in a process of its own."""
    command = [sys.executable, __file__, part, *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    subprocess.run(command, env=environment, check=True)


def main() -> None:
    """Measure and print."""
    print(f"preset base, {SIDE} x {SIDE}, float32, one thread, load {os.getloadavg()[0]:.1f}")
    for batch in (1, 8):
        apart("speed", batch)
    print("the same where malloc gives nothing back (both sides):", NO_TRIMMING, flush=True)
    for batch in (1, 8):
        apart("speed", batch, **NO_TRIMMING)
    for batch in (1, 8):
        for side in ("plain", "ours"):
            apart("memory", batch, side)
    for part in ("half", "first_map", "trajectories"):
        apart(part)


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) > 1:
        with torch.inference_mode():
            PARTS[sys.argv[1]](*(int(a) if a.isdigit() else a for a in sys.argv[2:]))
    else:
        main()
