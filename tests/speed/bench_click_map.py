"""Speed of the click-map networks beside plain forward passes of the same layers, as ratios.

    python tests/speed/bench_click_map.py

Both sides take turns on one thread; times are CPU seconds of the process, the best of several. The
plain side is tests/helpers/plain_click_map.py: functions over the state dict. Of GPCIS and CDNet
the backbone alone is compared. Weights are random: they do not change the time.
"""

from __future__ import annotations

import os
import runpy
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


def in_turn(*calls: Callable[[], object]) -> list[float]:
    """Best CPU seconds of each call."""
    best = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        for i, call in enumerate(calls):
            start = time.process_time()
            call()
            best[i] = min(best[i], time.process_time() - start)
    return best


def compare(title: str, plain: Callable[[], Tensor], ours: Callable[[], Tensor]) -> None:
    """Print both times, at equal output."""
    expected, found = plain(), ours()
    gap = ((expected - found).abs().max() / expected.abs().max()).item()
    if gap > 1e-3:
        raise SystemExit(f"{title}: the two differ by {gap:.1e}, so their speeds mean nothing")
    slow, fast = in_turn(plain, ours)
    print(
        f"{title}: plain {slow:.3f} s, ours {fast:.3f} s, ours/plain {fast / slow:.3f}", flush=True
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
    with torch.inference_mode():
        main()
