"""From the published `mobile_sam.pt` to a `from_pretrained` folder."""

from __future__ import annotations

import math
from typing import Any

from rclicks_hf.networks.conversion import Converter, State
from rclicks_hf.networks.mobile_sam.configuration_mobile_sam import MobileSamConfig
from rclicks_hf.networks.sam_family.official_keys import COMMON, count_layers, renamed

_PUBLISHED = "TinyViT-5M"
_CLASSIFIER = ("image_encoder.norm_head.*", "image_encoder.head.*")


def _rename(state: State) -> State:
    return renamed(state, COMMON)


def _sizes(state: State) -> dict[str, MobileSamConfig]:
    """The size that the shapes show, or the published one if they show none."""
    published = {_PUBLISHED: MobileSamConfig()}
    stages = [f"vision_encoder.layers.{i}.blocks" for i in range(4)]
    try:
        first = state[f"{stages[0]}.0.conv1.c.weight"].shape
        biases = [state[f"{stage}.0.attn.attention_biases"].shape for stage in stages[1:]]
        sizes = [state[f"{stage}.0.mlp.norm.weight"].shape[0] for stage in stages[1:]]
        vision: dict[str, Any] = {
            "hidden_sizes": [first[1], *sizes],
            "depths": [count_layers(state, f"{stage}.") for stage in stages],
            "num_attention_heads": [1, *(heads for heads, _ in biases)],
            "window_sizes": [1, *(math.isqrt(offsets) for _, offsets in biases)],
            "expand_ratio": first[0] / first[1],
            "mlp_ratio": state[f"{stages[1]}.0.mlp.fc1.weight"].shape[0] / sizes[0],
        }
        config = MobileSamConfig(vision_config=vision)
    except (KeyError, IndexError, ValueError, ZeroDivisionError):
        return published
    usual = published[_PUBLISHED].vision_config
    if all(list(getattr(usual, key)) == vision[key] for key in ("hidden_sizes", "depths")):
        return published
    widths = "-".join(map(str, config.vision_config.hidden_sizes))
    return {f"TinyViT of widths {widths}": config}


convert_checkpoint = Converter("mobile_sam", _sizes, ignored=_CLASSIFIER, rename=_rename)
