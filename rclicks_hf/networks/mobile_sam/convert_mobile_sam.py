"""From the published `mobile_sam.pt` to a `from_pretrained` folder."""

from __future__ import annotations

import math
import os

from rclicks_hf.networks.conversion import Conversion, State, convert_official
from rclicks_hf.networks.mobile_sam.configuration_mobile_sam import MobileSamConfig
from rclicks_hf.networks.sam_family.official_keys import COMMON, count_layers, renamed

_PUBLISHED = "TinyViT-5M"
_CLASSIFIER = ("image_encoder.norm_head.*", "image_encoder.head.*")


def convert_checkpoint(path: str | os.PathLike[str], out_dir: str | os.PathLike[str]) -> Conversion:
    """Convert the published checkpoint to a folder for `MobileSamModel.from_pretrained`.

    Args:
        path: `mobile_sam.pt`; the tensors' shapes decide the size.
        out_dir: New folder: weights (safetensors) and config.

    Returns:
        The size, the classifier's keys, which the official code ignores, and the model.

    Raises:
        RclicksError: If the file is not such a checkpoint (what it is, or missing and extra keys
            are named), or `out_dir` exists.

    Example:
        >>> convert_checkpoint("mobile.pt", "mobile-sam")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: mobile.pt: no such file; give the published checkpoint \
mobile_sam.pt
    """
    return convert_official(
        "mobile_sam", path, out_dir, _sizes, rename=_rename, ignored=_CLASSIFIER
    )


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
        vision = {
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
    return {f"TinyViT of widths {'-'.join(map(str, vision['hidden_sizes']))}": config}
