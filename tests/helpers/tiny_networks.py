"""Networks of segmenters with few random weights: a whole prediction takes milliseconds."""

from __future__ import annotations

from typing import Any

import torch
from transformers import (
    Sam2Config,
    Sam2Model,
    Sam2VideoConfig,
    Sam2VideoModel,
    SamConfig,
    SamModel,
)

from rclicks_hf.networks import NETWORKS
from rclicks_hf.segmenters.registry import SEGMENTERS, segmenter_class

FAMILIES = ("sam", "sam2")
CLICK_MAP_FAMILIES = ("ritm", "simpleclick", "cfr_icl", "adaptive_click", "gpcis", "cdnet")
_SIDE = 128


def tiny_model(model_type: str) -> Any:
    """A network of a ``model_type`` in `SEGMENTERS`, the same at every call."""
    torch.manual_seed(0)
    return _TINY[model_type]().eval()


def tiny_segmenter(family: str, **options: Any) -> Any:
    [model_type, *_] = SEGMENTERS[family].model_types
    return segmenter_class(model_type)(tiny_model(model_type), name=family, device="cpu", **options)


def _sam_config() -> SamConfig:
    vision = {
        "image_size": _SIDE,
        "num_hidden_layers": 2,
        "hidden_size": 32,
        "num_attention_heads": 2,
        "global_attn_indexes": [1],
        "initializer_range": 0.05,  # the default, 1e-10, leaves nothing of the image
    }
    prompts = {"image_size": _SIDE, "image_embedding_size": _SIDE // 16}
    return SamConfig(vision_config=vision, prompt_encoder_config=prompts, initializer_range=0.1)


def _sam2_parts() -> dict[str, Any]:
    widths = [8, 16, 32, 64]
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "image_size": [_SIDE, _SIDE],
        "hidden_size": widths[0],
        "num_attention_heads": 1,
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": widths,
        "num_attention_heads_per_stage": [1, 1, 1, 1],
        "window_size_per_stage": [4, 4, 4, 4],
        "global_attention_blocks": [3],
    }
    vision = {
        "backbone_config": backbone,
        "backbone_channel_list": widths[::-1],
        "backbone_feature_sizes": [[_SIDE // step] * 2 for step in (4, 8, 16)],
    }
    return {
        "vision_config": vision,
        "prompt_encoder_config": {"image_size": _SIDE},
        "initializer_range": 0.1,
    }


def _click_map(name: str, **fields: Any) -> Any:
    network = NETWORKS[name]
    return network.load("model")(network.load("config")(**fields))


_VIT = {
    "image_size": 224,
    "hidden_size": 16,
    "num_hidden_layers": 8,
    "num_attention_heads": 2,
    "neck_sizes": (8, 8, 8, 8),
    "patch_size": 16,
    "predictor": {"size": [224, 224]},
}
_DEEP_LAB = {
    "depths": (1,) * 4,
    "hidden_sizes": (4,) * 4,
    "decoder_channels": 8,
    "predictor": {"size": [64, 64]},
}
_DECODERS = {
    "decoder_size": 32,
    "mask_size": 8,
    "feedforward_size": 16,
    "num_encoder_layers": 1,
    "num_decoder_layers": 3,
}
_RITM = {
    "hidden_size": 4,
    "ocr_hidden_size": 4,
    "stem_channels": 4,
    "num_blocks": 1,
    "num_modules": (1, 1, 1),
    "predictor": {"size": 64},
}
_TINY = {
    "rclicks_ritm": lambda: _click_map("ritm", **_RITM),
    "rclicks_simpleclick": lambda: _click_map("simpleclick", **_VIT, head_channels=8),
    "rclicks_cfr_icl": lambda: _click_map("cfr_icl", **_VIT, head_channels=8),
    "rclicks_adaptive_click": lambda: _click_map("adaptive_click", **_VIT, **_DECODERS),
    "rclicks_gpcis": lambda: _click_map("gpcis", **_DEEP_LAB, guidance_features=8),
    "rclicks_cdnet": lambda: _click_map("cdnet", **_DEEP_LAB),
    "sam": lambda: SamModel(_sam_config()),
    "sam2": lambda: Sam2Model(Sam2Config(**_sam2_parts())),
    "sam2_video": lambda: Sam2VideoModel(Sam2VideoConfig(**_sam2_parts())),
}
