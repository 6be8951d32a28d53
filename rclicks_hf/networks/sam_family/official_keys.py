"""From the tensor names of SAM's official code to those of `transformers`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

from rclicks_hf.errors import RclicksError

Rules = Sequence[tuple[str, str]]  # regular expressions and what replaces their matches, in order

_MLP = r"(iou_prediction_head|output_hypernetworks_mlps\.\d+|hq_mask_mlp|pred_obj_score_head)"

#: Of the prompt encoder, the mask decoder and the encoder's neck.
COMMON: Rules = (
    (r"pe_layer\.positional_encoding_gaussian_matrix", "shared_embedding.positional_embedding"),
    (r"point_embeddings\.", "point_embed."),
    (r"mask_downscaling\.0\.", "mask_embed.conv1."),
    (r"mask_downscaling\.1\.", "mask_embed.layer_norm1."),
    (r"mask_downscaling\.3\.", "mask_embed.conv2."),
    (r"mask_downscaling\.4\.", "mask_embed.layer_norm2."),
    (r"mask_downscaling\.6\.", "mask_embed.conv3."),
    (r"output_upscaling\.0\.", "upscale_conv1."),
    (r"output_upscaling\.1\.", "upscale_layer_norm."),
    (r"output_upscaling\.3\.", "upscale_conv2."),
    (r"(mask_decoder\.transformer\..*)\bnorm", r"\1layer_norm"),
    (rf"{_MLP}\.layers\.0\.", r"\1.proj_in."),
    (rf"{_MLP}\.layers\.1\.", r"\1.layers.0."),
    (rf"{_MLP}\.layers\.2\.", r"\1.proj_out."),
    (r"^image_encoder\.neck\.0\.", "vision_encoder.neck.conv1."),
    (r"^image_encoder\.neck\.1\.", "vision_encoder.neck.layer_norm1."),
    (r"^image_encoder\.neck\.2\.", "vision_encoder.neck.conv2."),
    (r"^image_encoder\.neck\.3\.", "vision_encoder.neck.layer_norm2."),
    (r"^image_encoder\.", "vision_encoder."),
)

_POSITIONS = "prompt_encoder.shared_embedding.positional_embedding"


def renamed(state: Mapping[str, Tensor], rules: Rules) -> dict[str, Tensor]:
    """The same tensors under new names; the clicks' positional embedding is the image's too."""
    found: dict[str, Tensor] = {}
    for official, tensor in state.items():
        key = official
        for pattern, replacement in rules:
            key = re.sub(pattern, replacement, key)
        if key in found:
            raise RclicksError(
                f"the checkpoint has {key} under two names, one of them {official}; download the "
                "published checkpoint again"
            )
        found[key] = tensor
    if _POSITIONS in found:
        found["shared_image_embedding.positional_embedding"] = found[_POSITIONS]
    return found


def count_layers(state: Mapping[str, Tensor], prefix: str) -> int:
    """Number of different integers after a prefix of the keys."""
    found = (re.match(rf"{re.escape(prefix)}(\d+)\.", key) for key in state)
    return len({match[1] for match in found if match})
