"""Speed of the click-map networks beside plain forward passes of the same layers, as ratios.

    python tests/speed/bench_click_map.py [--system-malloc]

Both sides take turns on one thread; times are CPU seconds of the process, the best of several. The
plain side is tests/helpers/plain_click_map.py: functions over the state dict. Of GPCIS and CDNet
the backbone alone is compared. Weights are random: they do not change the time.

glibc's malloc is told to keep the memory that it frees: by default it gives some back to the system
and gets it again, page by page, depending on what the process did before, which moves either side
by up to 10 %. ``--system-malloc`` leaves it alone; the page faults of a forward pass are printed.
"""

from __future__ import annotations

import ctypes
import os
import resource
import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rclicks_hf.networks import NETWORKS
from rclicks_hf.networks.cdnet import CdnetConfig
from rclicks_hf.networks.click_map import click_disks, normalised
from rclicks_hf.networks.gpcis import GpcisConfig
from rclicks_hf.networks.ritm import RitmConfig
from rclicks_hf.networks.simpleclick import SimpleClickConfig

PLAIN = runpy.run_path(str(Path(__file__).resolve().parents[1] / "helpers" / "plain_click_map.py"))
ROUNDS = 5


def keep_freed_memory() -> None:
    """Never give memory back to the system; without glibc, nothing."""
    trim_threshold, mmap_max = -1, -4  # of malloc.h
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(mmap_max, 0)


def in_turn(*calls: Callable[[], object]) -> list[tuple[float, int]]:
    """Best CPU seconds of each call, and the fewest page faults."""
    found: list[list[tuple[float, int]]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, times in zip(calls, found, strict=True):
            faults, start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt, time.process_time()
            call()
            seconds = time.process_time() - start
            times.append((seconds, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults))
    return [(min(t for t, _ in times), min(n for _, n in times)) for times in found]


def compare(title: str, plain: Callable[[], Tensor], ours: Callable[[], Tensor]) -> None:
    """Print both times, at equal output."""
    expected, found = plain(), ours()
    gap = ((expected - found).abs().max() / expected.abs().max()).item()
    if gap > 1e-3:
        raise SystemExit(f"{title}: the two differ by {gap:.1e}, so their speeds mean nothing")
    (slow, slow_faults), (fast, fast_faults) = in_turn(plain, ours)
    print(
        f"{title}: plain {slow:.3f} s, ours {fast:.3f} s, ours/plain {fast / slow:.3f} "
        f"({slow_faults:,} and {fast_faults:,} page faults)",
        flush=True,
    )


def network(name: str, config: Any) -> Any:
    """A network with random weights."""
    torch.manual_seed(0)
    return NETWORKS[name].load("model")(config).eval()


def main() -> None:
    """Measure and print."""
    print(f"float32, one thread, load {os.getloadavg()[0]:.1f}")
    points = torch.rand(22, 40, 3) * 1000
    compare(
        "disks of 40 clicks on 22 maps of 256 x 256",
        lambda: PLAIN["dense_disks"](points / 4, (256, 256)),
        lambda: click_disks(points / 4, (256, 256)),
    )
    one = torch.tensor([[[200.0, 200, 0], [-1, -1, -1]]]).repeat(2, 1, 1)

    def whole(title: str, model: Any, side: int, plain: Callable[..., Tensor], *more: Any) -> None:
        state, image = model.state_dict(), torch.rand(2, 3, side, side)

        def plain_forward() -> Tensor:
            previous = torch.zeros(2, 1, side, side)
            maps = torch.cat([previous, PLAIN["dense_disks"](one, (side, side))], 1)
            return plain(state, normalised(image), maps, *more)

        compare(title, plain_forward, lambda: model(image, one).logits)

    for preset in ("HRNet-W18-small", "HRNet-W18", "HRNet-W32"):
        config = RitmConfig.from_preset(preset)
        model = network("ritm", config)
        more = (config.num_blocks, config.num_modules)
        whole(f"RITM {preset}, 2 x 400 x 400", model, 400, PLAIN["ritm"], *more)
    for size in ("ViT-XT", "ViT-B"):
        config = SimpleClickConfig.from_size(size)
        model, more = network("simpleclick", config), (config.num_attention_heads, 16)
        whole(f"SimpleClick {size}, 2 x 448 x 448", model, 448, PLAIN["simpleclick"], *more)
    for name, prefix, config in (
        ("gpcis", "model.backbone.", GpcisConfig()),
        ("cdnet", "feature_extractor.backbone.", CdnetConfig()),
    ):
        model = network(name, config)
        state, image = model.state_dict(), torch.rand(1, 3, 384, 384)
        maps = torch.rand(1, config.guidance_features, 192, 192)
        backbone = model.get_submodule(prefix.rstrip("."))
        compare(
            f"{name}, backbone, 384 x 384",
            lambda s=state, p=prefix, i=image, m=maps: PLAIN["deeplab"](s, p, i, m)[1],
            lambda b=backbone, i=image, m=maps: b(i, m)[1],
        )


if __name__ == "__main__":
    torch.set_num_threads(1)
    if "--system-malloc" not in sys.argv:
        keep_freed_memory()
    with torch.inference_mode():
        main()
