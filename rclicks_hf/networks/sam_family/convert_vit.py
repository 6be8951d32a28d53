"""From the published `.pth` of SAM and SAM-HQ to `from_pretrained` folders."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from transformers import SamConfig, SamHQConfig

from rclicks_hf.networks.conversion import Converter, State
from rclicks_hf.networks.sam_family.official_keys import COMMON, Rules, count_layers, renamed

_ENCODER: Rules = (
    (r"^image_encoder\.patch_embed\.proj\.", "image_encoder.patch_embed.projection."),
    (r"^image_encoder\.blocks\.(\d+)\.norm", r"image_encoder.layers.\1.layer_norm"),
    (r"^image_encoder\.blocks\.", "image_encoder.layers."),
)
_HQ: Rules = (
    (r"\bhf_token\.", "hq_token."),
    (r"\bhf_mlp\.", "hq_mask_mlp."),
    *(
        (rf"\b{official}\.{number}\.", f"{name}_{layer}.")
        for official, name in (
            ("compress_vit_feat", "compress_vit"),
            ("embedding_encoder", "encoder"),
            ("embedding_maskfeature", "mask"),
        )
        for number, layer in ((0, "conv1"), (1, "norm"), (3, "conv2"))
    ),
)
_NAMES = {(768, 12): "ViT-B", (1024, 24): "ViT-L", (1280, 32): "ViT-H"}  # width and layers
_IGNORED = ("pixel_mean", "pixel_std")


def _rename(state: State) -> State:
    return renamed(state, (*_ENCODER, *_HQ, *COMMON))


def _sizes(state: State, config: Callable[..., Any]) -> dict[str, Any]:
    """The size that the shapes show, or that of ViT-B if they show none."""
    try:
        grid, _, width = state["vision_encoder.pos_embed"].shape[1:]
        patch = state["vision_encoder.patch_embed.projection.weight"].shape[2]
        depth = count_layers(state, "vision_encoder.layers.")
        layers = [f"vision_encoder.layers.{i}" for i in range(depth)]
        offsets = [state[f"{layer}.attn.rel_pos_h"].shape for layer in layers]
        is_global = [length == 2 * grid - 1 for length, _ in offsets]
        windows = {(length + 1) // 2 for length, _ in offsets if length != 2 * grid - 1}
        mlp_dim = state[f"{layers[0]}.mlp.lin1.weight"].shape[0]
        heads = width // offsets[0][1]
    except (KeyError, IndexError, ValueError, ZeroDivisionError):
        return {"ViT-B": config()}
    image_size = grid * patch
    vision = {
        "hidden_size": width,
        "num_hidden_layers": depth,
        "num_attention_heads": heads,
        "image_size": image_size,
        "patch_size": patch,
        "mlp_dim": mlp_dim,
        "global_attn_indexes": [i for i, found in enumerate(is_global) if found],
        "window_size": max(windows, default=14),
    }
    prompts = {"image_size": image_size, "patch_size": patch}
    decoder = {"vit_dim": width} if config is SamHQConfig else {}
    name = _NAMES.get((width, depth), f"ViT with {depth} layers of width {width}")
    return {
        name: config(
            vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder
        )
    }


# `SamHQModel` of transformers 5.23 draws wrong masks; the segmenter of this package corrects it.
convert_sam, convert_sam_hq = (
    Converter(network, partial(_sizes, config=config), ignored=_IGNORED, rename=_rename)
    for network, config in (("sam", SamConfig), ("sam_hq", SamHQConfig))
)
