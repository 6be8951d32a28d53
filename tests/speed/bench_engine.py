"""CPU work of the engine per image and per click, beside plain work on whole images, in one run.

    python tests/speed/bench_engine.py [SEGMENTER] [PRESET]

Prints milliseconds of CPU time on one thread for generated scenes of 480 x 640 and 1536 x 2048,
hours for one method over the five datasets, and the same on a GPU where there is one. The plain
work is tests/helpers/plain_engine.py; both take turns, and must give equal clicks and scores. Click
maps are timed without the network's forward pass, which is printed alone; its weights are random.

The hours: every published instance is clicked 20 times in 11 trajectories (all 841,720 predictions,
so an upper bound), 10 of which draw from a map. Milliseconds per click are taken to be linear in
the image's pixels, through both measured sizes; images of a dataset have the size in `SIZES`.
"""

from __future__ import annotations

import runpy
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from rclicks_hf.benchmark import BenchmarkProtocol, Clicker
from rclicks_hf.benchmark.evaluation_setup import EvaluationSetup
from rclicks_hf.click_models.clickability import ClickabilityClickModel
from rclicks_hf.data import SOURCE_DATASETS, Click, Instance
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.segmenters import load_segmenter
from rclicks_hf.simulation.scenes.generation import generate_scene

PLAIN = runpy.run_path(str(Path(__file__).resolve().parents[1] / "helpers" / "plain_engine.py"))
GROUP, CLICKS, ROUNDS = (0.3, 0.4), 8, 3
# Megapixels of a typical image (TETRIS: the largest), and the number of images.
SIZES = {
    "grabcut": (0.29, 50),
    "berkeley": (0.154, 96),
    "davis": (0.41, 345),
    "coco_mval": (0.307, 800),
    "tetris": (3.146, 2000),
}
PARTS = ("click map", "clicker", "metrics")


class Stopwatch:
    """CPU seconds by part; those of the network's forward pass are taken off."""

    def __init__(self, model: ClickabilityClickModel):
        self.seconds: dict[str, float] = defaultdict(float)
        self._network, self._forward = 0.0, model.model.forward
        model.model.forward = self._timed

    def _timed(self, *args: Any, **options: Any) -> Any:
        start = time.process_time()
        try:
            return self._forward(*args, **options)
        finally:
            self._network += time.process_time() - start

    def __call__(self, part: str, call: Callable[..., Any], *args: Any) -> Any:
        start, network = time.process_time(), self._network
        result = call(*args)
        of_network = self._network - network
        self.seconds[part] += time.process_time() - start - of_network
        self.seconds["forward pass"] += of_network
        return result


def click_model(kind: Any, preset: str, device: str) -> ClickabilityClickModel:
    """A click model with random weights of real shape."""
    torch.manual_seed(0)
    network = ClickabilityModel(ClickabilityConfig.from_preset(preset))
    return kind(network, ClickabilityImageProcessor(), device=device)


def predictions(mask: np.ndarray) -> list[np.ndarray]:
    """Masks that grow more like the object, after the empty one."""
    rng = np.random.default_rng(0)
    height, width = mask.shape
    found = [np.zeros(mask.shape, bool)]
    for click in range(1, CLICKS):
        noise = cv2.resize(rng.normal(0, 1.2 / click, (24, 32)), (width, height))
        found.append(cv2.GaussianBlur((mask == 1) + noise, (0, 0), 3) > 0.5)
    return found


def ours(model: ClickabilityClickModel, instance: Instance, masks: list[np.ndarray]) -> Any:
    """Seconds by part, and the clicks and scores."""
    watch, results = Stopwatch(model), []
    unused: Any = None
    setup = EvaluationSetup(unused, model, BenchmarkProtocol())
    clicker = Clicker(instance.mask, group=GROUP)
    watch("once: image", setup.on_images.on, instance.image)
    watch("once: object", setup.scores, instance, [])
    for mask in masks:
        target = watch("clicker", clicker.target, mask)
        [found] = watch("click map", setup.click_maps, [(instance, target)])
        click = watch("clicker", clicker.click, target, found)
        results.append((click, *watch("metrics", setup.scores, instance, [mask])))
    return watch.seconds, results


def plain(model: ClickabilityClickModel, instance: Instance, masks: list[np.ndarray]) -> Any:
    """The same with plain work."""
    watch, results = Stopwatch(model), []
    score = PLAIN["PlainScorer"](instance.mask)
    clicker, rng = Clicker(instance.mask), np.random.RandomState(42)
    free = np.ones(instance.mask.shape, bool)
    for mask in masks:
        target = watch("clicker", clicker.target, mask)
        triple = (instance.image, instance.object_mask, target.error_mask)
        found = watch("click map", model.click_map, *triple)
        weights = watch("clicker", np.multiply, found, target.error_mask & free)
        x, y = watch("clicker", PLAIN["plain_draw"], weights, GROUP, rng)
        free[y, x] = False
        click = clicker.add(Click(x, y, target.is_positive))
        results.append((click, watch("metrics", score, mask)))
    return watch.seconds, results


def best(runs: list[dict[str, float]], part: str) -> float:
    """Milliseconds of a part in the best run."""
    return min(run.get(part, 0.0) for run in runs) * 1e3


def measure(height: int, width: int, spec: str, preset: str, device: str) -> dict[str, float]:
    """Print one size; milliseconds per click or image by part."""
    scene = generate_scene(0, size=(height, width))
    instance = Instance(
        "a", "a", "", "tetris", "test", "first", "none", scene.image, scene.masks[0]
    )
    masks = predictions(instance.mask)
    fast_runs, slow_runs = [], []
    for _ in range(ROUNDS):
        fast, results = ours(click_model(ClickabilityClickModel, preset, device), instance, masks)
        slow, expected = plain(
            click_model(PLAIN["PlainClickModel"], preset, device), instance, masks
        )
        if results != expected:
            raise SystemExit("the two disagree, so their speeds mean nothing")
        fast_runs.append(fast)
        slow_runs.append(slow)
    print(f"\n{height} x {width}, {device}: ms per click       ours    plain   plain/ours")
    found, total = {}, [0.0, 0.0]
    for part in PARTS:
        found[part], slow = best(fast_runs, part) / len(masks), best(slow_runs, part) / len(masks)
        total = [total[0] + found[part], total[1] + slow]
        print(f"  {part:34s} {found[part]:8.2f} {slow:8.2f} {slow / found[part]:8.1f}")
    print(f"  {'all of it':34s} {total[0]:8.2f} {total[1]:8.2f} {total[1] / total[0]:8.1f}")
    found["forward pass"] = best(fast_runs, "forward pass") / len(masks)
    print(f"  {'forward pass of ' + preset:34s} {found['forward pass']:8.2f}")
    for part in ("once: image", "once: object"):
        print(f"  {part:34s} {best(fast_runs, part):8.2f}")
    segmenter = load_segmenter(spec)
    start = time.process_time()
    state = segmenter.encode(instance.image)
    found["encode"] = (time.process_time() - start) * 1e3 + best(fast_runs, "once: image")
    click = Clicker(instance.mask).next(masks[0])
    start = time.process_time()
    segmenter.predict(state, [[click]], [None])
    found["decode"] = (time.process_time() - start) * 1e3
    print(f"  encode (per image) {found['encode']:.1f}, decode {found['decode']:.1f} ({spec})")
    return found


def extrapolate(
    small: dict[str, float], large: dict[str, float], pixels: tuple[float, ...]
) -> None:
    """Print hours of CPU time for one method."""
    hours: dict[str, float] = defaultdict(float)
    for name, (size, images) in SIZES.items():
        clicks = SOURCE_DATASETS[name].instances * 20 * 11
        for part in small:
            slope = (large[part] - small[part]) / (pixels[1] - pixels[0])
            each = max(0.0, small[part] + slope * (size - pixels[0]))
            share = 10 / 11 if part in ("click map", "forward pass") else 1
            hours[part] += each * (images if part == "encode" else clicks * share) / 3.6e6
    text = ", ".join(f"{part} {value:.1f}" for part, value in hours.items())
    print(f"\nhours for all five datasets: {sum(hours.values()):.1f} ({text})")


def main() -> None:
    """Measure and print."""
    spec, preset = (*sys.argv[1:], *("geocut", "nano")[len(sys.argv) - 1 :])
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        small = measure(480, 640, spec, preset, device)
        large = measure(1536, 2048, spec, preset, device)
        extrapolate(small, large, (0.3072, 3.1457))


if __name__ == "__main__":
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    main()
