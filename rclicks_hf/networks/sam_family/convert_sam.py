"""From the published `.pth` of SAM and SAM-HQ to `from_pretrained` folders."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from transformers import PreTrainedConfig, SamConfig, SamHQConfig

from rclicks_hf.networks.conversion import Conversion, State, convert_official
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


def convert_sam(path: str | os.PathLike[str], out_dir: str | os.PathLike[str]) -> Conversion:
    """Convert a published SAM checkpoint to a folder for `SamModel.from_pretrained`.

    Args:
        path: For example `sam_vit_b_01ec64.pth`; the tensors' shapes decide the size.
        out_dir: New folder: weights (safetensors) and config.

    Returns:
        The size, the keys that the official code ignores, and the model.

    Raises:
        RclicksError: If the file is not such a checkpoint (what it is, or missing and extra keys
            are named), or `out_dir` exists.

    Example:
        >>> convert_sam("sam_vit_b.pth", "sam-vit-base")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: sam_vit_b.pth: no such file; give the published \
checkpoint sam_vit_b_01ec64.pth, sam_vit_l_0b3195.pth or sam_vit_h_4b8939.pth
    """
    return convert_official(
        "sam", path, out_dir, partial(_sizes, config=SamConfig), rename=_rename, ignored=_IGNORED
    )


def convert_sam_hq(path: str | os.PathLike[str], out_dir: str | os.PathLike[str]) -> Conversion:
    """Convert a published SAM-HQ checkpoint to a folder for `SamHQModel.from_pretrained`.

    As [`convert_sam`]; `SamHQModel` of `transformers` 5.23 draws wrong masks, the segmenter of this
    package right ones.

    Args:
        path: For example `sam_hq_vit_l.pth`; the tensors' shapes decide the size.
        out_dir: New folder: weights (safetensors) and config.

    Returns:
        The size, the keys that the official code ignores, and the model.

    Raises:
        RclicksError: If the file is not such a checkpoint (what it is, or missing and extra keys
            are named), or `out_dir` exists.

    Example:
        >>> convert_sam_hq("sam_hq.pth", "sam-hq")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: sam_hq.pth: no such file; give the published checkpoint \
sam_hq_vit_b.pth, sam_hq_vit_l.pth or sam_hq_vit_h.pth
    """
    return convert_official(
        "sam_hq",
        path,
        out_dir,
        partial(_sizes, config=SamHQConfig),
        rename=_rename,
        ignored=_IGNORED,
    )


_IGNORED = ("pixel_mean", "pixel_std")


def _rename(state: State) -> State:
    return renamed(state, (*_ENCODER, *_HQ, *COMMON))


def _sizes(state: State, config: type[PreTrainedConfig]) -> dict[str, Any]:
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
