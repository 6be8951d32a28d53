"""Checkpoints of SAM-like networks as their official code names the tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

_THREE_LAYERS = {"proj_in": 0, "layers.0": 1, "proj_out": 2}


def official(state: Mapping[str, Tensor], family: str) -> dict[str, Tensor]:
    """The tensors of a network of transformers, or of our MobileSAM, under their official names."""
    named = {}
    for key, tensor in state.items():
        if key == "shared_image_embedding.positional_embedding":
            continue  # the same tensor as that of the prompt encoder
        if key == "prompt_encoder.point_embed.weight":  # SAM 2: one table
            for i, row in enumerate(tensor):
                named[f"sam_prompt_encoder.point_embeddings.{i}.weight"] = row[None].clone()
            continue
        name = _prompts_and_decoder(key) or _encoder(key, family)
        if family == "sam2":
            name = re.sub(r"^(prompt_encoder|mask_decoder)\.", r"sam_\1.", name)
            name = name.replace(".o_proj.", ".out_proj.")
            name = re.sub(r"(transformer\.layers\.\d+\.mlp)\.proj_in", r"\1.layers.0", name)
            name = re.sub(r"(transformer\.layers\.\d+\.mlp)\.proj_out", r"\1.layers.1", name)
        assert name not in named, name
        named[name] = tensor
    return named


def _prompts_and_decoder(key: str) -> str:
    part, _, rest = key.partition(".")
    if part == "prompt_encoder":
        if rest == "shared_embedding.positional_embedding":
            return f"{part}.pe_layer.positional_encoding_gaussian_matrix"
        rest = re.sub(r"^point_embed\.", "point_embeddings.", rest)
        for name, number in (
            ("conv1", 0),
            ("layer_norm1", 1),
            ("conv2", 3),
            ("layer_norm2", 4),
            ("conv3", 6),
        ):
            rest = re.sub(rf"^mask_embed\.{name}\.", f"mask_downscaling.{number}.", rest)
        return f"{part}.{rest}"
    if part != "mask_decoder":
        return ""
    rest = rest.replace("layer_norm_final_attn", "norm_final_attn")
    rest = re.sub(r"^(transformer\.layers\.\d+)\.layer_norm", r"\1.norm", rest)
    rest = rest.replace("hq_token", "hf_token").replace("hq_mask_mlp", "hf_mlp")
    heads = r"^(iou_prediction_head|output_hypernetworks_mlps\.\d+|hf_mlp|pred_obj_score_head)"
    for name, number in _THREE_LAYERS.items():
        changed = re.sub(rf"{heads}\.{re.escape(name)}\.", rf"\1.layers.{number}.", rest)
        if changed != rest:
            rest = changed
            break
    for prefix, sequence, layers in (
        ("upscale", "output_upscaling", {"conv1": 0, "layer_norm": 1, "conv2": 3}),
        ("compress_vit", "compress_vit_feat", {"conv1": 0, "norm": 1, "conv2": 3}),
        ("encoder", "embedding_encoder", {"conv1": 0, "norm": 1, "conv2": 3}),
        ("mask", "embedding_maskfeature", {"conv1": 0, "norm": 1, "conv2": 3}),
    ):
        for name, number in layers.items():
            rest = re.sub(rf"^{prefix}_{name}\.", f"{sequence}.{number}.", rest)
    return f"{part}.{rest}"


def _encoder(key: str, family: str) -> str:
    if key == "no_memory_embedding":
        return "no_mem_embed"
    name = key.replace("vision_encoder.", "image_encoder.", 1)
    for layer, number in (("conv1", 0), ("layer_norm1", 1), ("conv2", 2), ("layer_norm2", 3)):
        name = name.replace(f"image_encoder.neck.{layer}.", f"image_encoder.neck.{number}.")
    if family == "mobile_sam":
        return name
    name = name.replace("patch_embed.projection.", "patch_embed.proj.")
    name = name.replace(".layer_norm", ".norm")
    if family == "sam2":
        name = re.sub(r"neck\.convs\.(\d+)\.", r"neck.convs.\1.conv.", name)
        name = name.replace("image_encoder.backbone.", "image_encoder.trunk.")
        return name.replace("mlp.proj_in.", "mlp.layers.0.").replace("mlp.proj_out.", "mlp.layers.1.")
    return name.replace("image_encoder.layers.", "image_encoder.blocks.")
