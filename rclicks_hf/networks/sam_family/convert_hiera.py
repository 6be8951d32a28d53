"""From the published `.pt` of SAM 2 and SAM 2.1 to a `from_pretrained` folder."""

from __future__ import annotations

from typing import Any

import torch
from transformers import Sam2Config

from rclicks_hf.networks.conversion import Converter, State
from rclicks_hf.networks.sam_family.official_keys import COMMON, Rules, renamed

_RULES: Rules = (
    (r"^sam_prompt_encoder\.", "prompt_encoder."),
    (r"^sam_mask_decoder\.", "mask_decoder."),
    (r"^no_mem_embed$", "no_memory_embedding"),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"vision_encoder.neck.convs.\1."),
    (r"^image_encoder\.trunk\.", "image_encoder.backbone."),
    (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"\.blocks\.(\d+)\.norm", r".blocks.\1.layer_norm"),
    (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
    (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    (r"\.out_proj\.", ".o_proj."),
    *COMMON,
)
_VIDEO = (  # parts for videos, which still images do not use
    "mask_downsample.*",
    "maskmem_tpos_enc",
    "memory_attention.*",
    "memory_encoder.*",
    "no_mem_pos_enc",
    "no_obj_embed_spatial",
    "no_obj_ptr",
    "obj_ptr_proj.*",
    "obj_ptr_tpos_proj.*",
)
_POINTS = "prompt_encoder.point_embed"


def _rename(state: State) -> State:
    found = renamed(state, _RULES)
    points = [key for key in (f"{_POINTS}.{i}.weight" for i in range(4)) if key in found]
    if points:
        found[f"{_POINTS}.weight"] = torch.cat([found.pop(key) for key in points])
    return found


def _config(
    width: int, blocks: list[int], heads: int, global_blocks: list[int], **backbone: Any
) -> Sam2Config:
    widths = [width * 2**stage for stage in range(len(blocks))]
    vision = {
        "backbone_config": {
            "model_type": "sam2_hiera_det_model",
            "hidden_size": width,
            "num_attention_heads": heads,
            "embed_dim_per_stage": widths,
            "num_attention_heads_per_stage": [heads * 2**stage for stage in range(len(blocks))],
            "blocks_per_stage": blocks,
            "global_attention_blocks": global_blocks,
            **backbone,
        },
        "backbone_channel_list": widths[::-1],
    }
    return Sam2Config(vision_config=vision)


SIZES: dict[str, Sam2Config] = {
    "Hiera-T": _config(96, [1, 2, 7, 2], 1, [5, 7, 9]),
    "Hiera-S": _config(96, [1, 2, 11, 2], 1, [7, 10, 13]),
    "Hiera-B+": _config(
        112,
        [2, 3, 16, 3],
        2,
        [12, 16, 20],
        window_positional_embedding_background_size=[14, 14],
    ),
    "Hiera-L": _config(144, [2, 6, 36, 4], 2, [23, 33, 43], window_size_per_stage=[8, 4, 16, 8]),
}

convert_sam2 = Converter("sam2", SIZES, ignored=_VIDEO, rename=_rename)
