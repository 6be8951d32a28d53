"""What one encoding an image saves, with a network of the shape of SAM's ViT-B and random weights.

    python tests/speed/bench_benchmark.py

One image of 480 x 640, 11 runs of 20 clicks, one thread on the CPU. Three ways, all with this
package's engine and decoder: one encoding for all runs, one encoding a run, and one encoding a
click, as the paper's public code does it. The two slow ways are timed on fewer clicks and scaled.
Times are of the CPU, so that what else runs on the machine counts little.
"""

from __future__ import annotations

import resource
import runpy
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from transformers import SamConfig, SamModel

from rclicks_hf.benchmark import RUNS, BenchmarkProtocol, Clicker, run_image
from rclicks_hf.benchmark.runs import USER_RUN
from rclicks_hf.click_models import load_click_model
from rclicks_hf.click_models.clickability import ClickabilityClickModel
from rclicks_hf.data import Click, Instance
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.segmenters import Prediction, Segmenter
from rclicks_hf.segmenters.prompt.sam import SamSegmenter

CLICKED_RUNS = [run for run in RUNS if run != USER_RUN]
CLICKS = 20
RECODED_CLICKS = 2  # of the slowest way; the rest is scaled
ENCODER_GFLOP, DECODER_GFLOP = 972.0, 3.8
TARGET_SHARE, TARGET_RATIO = 0.85, 60.0

BENCH_CLICKER = runpy.run_path(str(Path(__file__).with_name("bench_clicker.py")))


class Recoding:
    """A segmenter that encodes the image again at every click."""

    def __init__(self, segmenter: Segmenter):
        self.segmenter = segmenter
        self.name, self.threshold = segmenter.name, segmenter.threshold

    def encode(self, image: np.ndarray) -> np.ndarray:
        return image

    def predict(
        self, state: np.ndarray, clicks: Sequence[Sequence[Click]], previous: Sequence[Any]
    ) -> list[Prediction]:
        pairs = zip(clicks, previous, strict=True)
        return [
            self.segmenter.predict(self.segmenter.encode(state), [trajectory], [memory])[0]
            for trajectory, memory in pairs
        ]


def sam_b() -> SamSegmenter:
    """SAM's ViT-B, whose sizes are the defaults of its configuration."""
    torch.manual_seed(0)
    config = SamConfig()
    config.vision_config.initializer_range = 0.02
    return SamSegmenter(SamModel(config), name="sam-b", device="cpu")


def make_instance() -> Instance:
    """An image of noise with an ellipse to segment."""
    mask, _, _ = BENCH_CLICKER["make_case"]()
    image = np.random.default_rng(0).integers(0, 255, (*mask.shape, 3)).astype(np.uint8)
    return Instance("a", "a", "", "grabcut", "test", "first", "none", image, mask)


def cpu_seconds(call: Callable[[], Any], repeats: int = 1) -> float:
    """Best CPU time of some calls."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def run(instance: Instance, segmenter: Segmenter, runs: list[str], max_clicks: int) -> float:
    """CPU seconds of the engine on one image."""
    model, protocol = load_click_model("ud"), BenchmarkProtocol(max_clicks=max_clicks)
    return cpu_seconds(
        lambda: run_image([instance], segmenter, model, runs, protocol, fail_fast=True)
    )


def print_steps(instance: Instance, segmenter: SamSegmenter) -> None:
    """One encoding, and one click of the decoder in several ways."""
    start = time.process_time()
    state = segmenter.encode(instance.image)
    print(f"one encoding      {time.process_time() - start:8.2f} s")
    own = cpu_seconds(lambda: decode_with_transformers(segmenter, state), 5)
    print(f"one click         {1e3 * own:8.1f} ms  with the decoder of transformers, no upsampling")
    for clicks in (1, 10, 20):
        trajectory = [Click(30 * i, 20 * i, True) for i in range(clicks)]
        memory = torch.zeros(256, 256)
        click = cpu_seconds(lambda t=trajectory, m=memory: segmenter.predict(state, [t], [m]), 5)
        print(f"one click         {1e3 * click:8.1f} ms  with ours, after {clicks} clicks")


@torch.inference_mode()
def decode_with_transformers(segmenter: SamSegmenter, state: Any) -> None:
    model = segmenter.model
    points = torch.arange(20.0).view(1, 1, 10, 2) * 30
    sparse, dense = model.prompt_encoder(
        points, torch.ones(1, 1, 10, dtype=torch.long), None, torch.zeros(1, 1, 256, 256)
    )
    features = state.features.contiguous()
    positions = model.get_image_wide_positional_embeddings()
    model.mask_decoder(features, positions, sparse, dense, True)


def print_ratios(instance: Instance, segmenter: SamSegmenter) -> None:
    """The three ways, and how near the ratios are to those of the floating-point operations."""
    runs, total = len(CLICKED_RUNS), len(CLICKED_RUNS) * CLICKS
    once = run(instance, segmenter, CLICKED_RUNS, CLICKS)
    a_run = run(instance, segmenter, ["base"], CLICKS) * runs
    recoding = Recoding(segmenter)
    a_click = run(instance, recoding, ["base"], RECODED_CLICKS) * total / RECODED_CLICKS
    print(f"one encoding      {once:8.1f} s   {total} clicks")
    print(f"one a run         {a_run:8.1f} s   timed on 1 run of {runs}, scaled")
    print(f"one a click       {a_click:8.1f} s   timed on {RECODED_CLICKS} clicks, scaled")
    decoding = total * DECODER_GFLOP
    bound = ENCODER_GFLOP + decoding
    print_share("one a run", a_run / once, (runs * ENCODER_GFLOP + decoding) / bound)
    print_share("one a click", a_click / once, (total * ENCODER_GFLOP + decoding) / bound)
    print(
        f"target: at least {100 * TARGET_SHARE:.0f} %, and x{TARGET_RATIO:.0f} over one a click: "
        f"{'reached' if a_click / once >= TARGET_RATIO else 'MISSED'} the latter"
    )


def print_share(name: str, ratio: float, bound: float) -> None:
    share = ratio / bound
    verdict = "reached" if share >= TARGET_SHARE else "MISSED"
    print(
        f"over {name:12s} x{ratio:7.1f}    {100 * share:.0f} % of the x{bound:.1f} that the "
        f"operations allow: {verdict}"
    )


def print_clicker_and_click_models(instance: Instance) -> None:
    """What else a click costs."""
    mask, click_map, predictions = BENCH_CLICKER["make_case"]()
    group = BENCH_CLICKER["GROUP"]
    clickers = {
        "baseline clicker": lambda: Clicker(mask),
        "group's clicker": lambda: Clicker(mask, lambda _: click_map, group),
    }
    for name, make in clickers.items():
        print(f"{name:18s}{BENCH_CLICKER['best_ms'](make, predictions):7.1f} ms a click")
    network = ClickabilityModel(ClickabilityConfig())
    models = {
        "click model UD": load_click_model("ud"),
        "click model DT": load_click_model("dt"),
        "click model CM": ClickabilityClickModel(network, ClickabilityImageProcessor()),
    }
    size = network.num_parameters() / 1e6
    for name, model in models.items():
        arguments = ([instance.image], [instance.object_mask], [instance.object_mask])
        spent = cpu_seconds(lambda m=model, a=arguments: m.click_maps(*a), 3)
        note = f" ({size:.1f} M parameters, random)" if name.endswith("CM") else ""
        print(f"{name:18s}{1e3 * spent:7.1f} ms a map{note}")


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    instance, segmenter = make_instance(), sam_b()
    print("SAM ViT-B, random weights, 480 x 640, CPU, one thread; seconds of the CPU")
    print_clicker_and_click_models(instance)
    loaded = peak_gib()
    print_steps(instance, segmenter)
    encoded = peak_gib()
    print_ratios(instance, segmenter)
    print(
        f"peak memory: {loaded:.2f} GiB before, {encoded:.2f} with one encoding and one click, "
        f"{peak_gib():.2f} after all"
    )


if __name__ == "__main__":
    main()
