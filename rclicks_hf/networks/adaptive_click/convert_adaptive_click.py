"""From the official checkpoints of AdaptiveClick to `from_pretrained` folders."""

from __future__ import annotations

import re
from typing import Any

from rclicks_hf.networks.adaptive_click.configuration_adaptive_click import AdaptiveClickConfig
from rclicks_hf.networks.conversion import Converter, State
from rclicks_hf.networks.plain_vit import UNUSED, count, read_fields

# The first two are `lateral_convs.0` and `output_convs.0` under second names.
_UNUSED = (*UNUSED, "pixel_decoder.adapter_1.*", "pixel_decoder.layer_1.*", "criterion.*")
_SAMPLES = 3 * 4  # scales times points per head, fixed in the original code


def _renamed(state: State) -> State:
    """The joint input projection of query, key and value as three layers."""
    renamed: State = {}
    for key, tensor in state.items():
        joint = re.fullmatch(r"(click_aware_decoder\..+)\.in_proj_(weight|bias)", key)
        if joint and tensor.shape[0] % 3 == 0:
            for name, part in zip("qkv", tensor.chunk(3), strict=True):
                renamed[f"{joint[1]}.{name}_proj.{joint[2]}"] = part.clone()
        else:
            renamed[key] = tensor
    return renamed


def _sizes(state: State) -> dict[str, Any]:
    """The one size that the shapes determine; the published size, if they determine none."""
    published = {"ViT-B": AdaptiveClickConfig()}
    decoder, encoder = "click_aware_decoder", "pixel_decoder.transformer.encoder.layers"
    try:
        queries, width = state[f"{decoder}.query_feat.weight"].shape
        samples = state[f"{encoder}.0.self_attn.attention_weights.weight"].shape[0]
        config = AdaptiveClickConfig(
            **read_fields(state, "pixel_decoder.neck"),
            decoder_size=width,
            mask_size=state["pixel_decoder.mask_features.weight"].shape[0],
            feedforward_size=state[f"{decoder}.transformer_ffn_layers.0.linear1.weight"].shape[0],
            num_encoder_layers=count(state, f"{encoder}.{{}}.norm1.weight"),
            num_decoder_layers=count(state, f"{decoder}.transformer_ffn_layers.{{}}.norm.weight"),
            num_decoder_heads=samples // _SAMPLES,
            num_queries=queries,
        )
    except (KeyError, ValueError):
        return published
    if config.to_dict() == published["ViT-B"].to_dict():
        return published
    width, depth = config.hidden_size, config.num_hidden_layers
    return {f"ViT of width {width} with {depth} blocks": config}


convert_checkpoint = Converter("adaptive_click", _sizes, ignored=_UNUSED, rename=_renamed)
