"""Images per second of a training: of its feed alone, and of the network.

    python tests/speed/bench_training.py [PRESET] [SIDE]

The feed is `ClickMapDataset` with simulated clicks on generated scenes of 480 x 640, read by 0, 1
and 2 loading processes: first uncached, then from the cache. A feed that is slower than the network
starves it: then more loading processes help (`rclicks train --num-workers`), up to one per core.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from rclicks_hf.data import Clicks, Instance
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.simulation.annotators import simulate_clicks
from rclicks_hf.simulation.scenes.generation import generate_scene
from rclicks_hf.support.text.text_table import plain_table
from rclicks_hf.training.click_dataset import ClickMapDataset

BATCH, IMAGES = 4, 32


def feed(instances: list[Instance], side: int, workers: int) -> list[float]:
    """Images per second of the first pass, and of the second, from the cache."""
    with tempfile.TemporaryDirectory() as folder:
        dataset = ClickMapDataset(
            instances,
            ClickabilityImageProcessor(size={"height": side, "width": side}),
            flip_probability=0.5,
            cache_folder=Path(folder) if workers else None,
        )
        loader = DataLoader(dataset, BATCH, num_workers=workers, persistent_workers=workers > 0)
        next(iter(loader))  # the processes have started; a few images are cached already
        rates = []
        for _ in range(2):
            start = time.perf_counter()
            count = sum(len(batch["labels"]) for batch in loader)
            rates.append(count / (time.perf_counter() - start))
    return rates


def network(preset: str, side: int) -> float:
    """Images per second of forward and backward passes on the device."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = ClickabilityModel(ClickabilityConfig.from_preset(preset, image_size=side)).to(device)
    masks = torch.ones(BATCH, 1, side, side, device=device)
    pixels = torch.rand(BATCH, 3, side, side, device=device)
    steps = 20 if device == "cuda" else 2
    for step in range(steps + 1):
        if step == 1:
            start = time.perf_counter()
        loss = model(pixels, masks, masks, labels=masks).loss
        loss.backward()
        loss.item()  # waits for the device
    return BATCH * steps / (time.perf_counter() - start)


def main() -> None:
    """Measure and print."""
    preset, side = (*sys.argv[1:], *("nano", "416")[len(sys.argv) - 1 :])
    made = [generate_scene(index, size=(480, 640)) for index in range(IMAGES)]
    instances = []
    for index, scene in enumerate(made):
        mask = scene.masks[0]
        places = simulate_clicks(mask == 1, mask == 1, 20, rng=np.random.default_rng(index))
        clicks = Clicks(*places, np.array(["pc"] * 20))
        instances.append(
            Instance(
                *(str(index), str(index), "", "tetris", "train", "first", "none"),
                scene.image,
                mask,
                clicks=clicks,
            )
        )
    lines = [
        [str(workers), *(f"{rate:.1f}" for rate in feed(instances, int(side), workers))]
        for workers in (0, 1, 2)
    ]
    print(plain_table([["loading processes", "uncached", "cached"], *lines], left=1))
    print(f"network ({preset}, {side}): {network(preset, int(side)):.1f} images/s")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
