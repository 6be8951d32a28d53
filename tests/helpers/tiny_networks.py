"""Networks of segmenters with few random weights: a whole prediction takes milliseconds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import (
    Sam2Config,
    Sam2Model,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam3TrackerConfig,
    Sam3TrackerModel,
    Sam3VideoConfig,
    Sam3VideoModel,
    SamConfig,
    SamHQConfig,
    SamHQModel,
    SamModel,
)

from rclicks_hf.networks import NETWORKS
from rclicks_hf.networks.mobile_sam import MobileSamConfig, MobileSamModel
from rclicks_hf.segmenters.registry import SEGMENTERS, segmenter_class

FAMILIES = ("sam", "sam_hq", "rclicks_mobile_sam", "sam2", "sam3_tracker")
CLICK_MAP_FAMILIES = ("ritm", "simpleclick", "cfr_icl", "adaptive_click", "gpcis", "cdnet")
_SIDE = 128
_DECODER = 32  # width of prompt encoder and mask decoder
_SAM3_SIDE = 112  # a multiple of its patches' 14


def tiny_model(model_type: str) -> Any:
    """A network of a ``model_type`` in `SEGMENTERS`, the same at every call."""
    torch.manual_seed(0)
    return _TINY[model_type]().eval()


_shared = cache(tiny_model)


def save_tiny(model_type: str, folder: Path) -> None:
    """Save a tiny network as the published ones are saved."""
    model = tiny_model(model_type)
    model.save_pretrained(folder)
    if model_type == "sam3_video":  # save_pretrained of transformers 5.23 repeats a prefix
        weights = {key: value.contiguous() for key, value in model.state_dict().items()}
        save_file(weights, folder / "model.safetensors", {"format": "pt"})


def tiny_segmenter(family: str, **options: Any) -> Any:
    """A tiny network of a family, or of a ``model_type``, as a segmenter.

    All share the network: a test that changes it makes a segmenter of a `tiny_model`.
    """
    [model_type, *_] = SEGMENTERS[family].model_types if family in SEGMENTERS else [family]
    return segmenter_class(model_type)(_shared(model_type), name=family, device="cpu", **options)


_EMBEDDINGS = {"output_channels": _DECODER, "num_pos_feats": _DECODER // 2}
_MEMORY = {
    "memory_attention_num_layers": 1,
    "memory_attention_feed_forward_hidden_size": 16,
    "memory_fuser_num_layers": 1,
}
_MASKS = {"hidden_size": _DECODER, "mlp_dim": _DECODER, "iou_head_hidden_dim": _DECODER}


def _prompts(side: int) -> dict[str, int]:
    return {"image_size": side, "hidden_size": _DECODER}


def _sam_parts() -> dict[str, Any]:
    vision = {
        "image_size": _SIDE,
        "num_hidden_layers": 2,
        "hidden_size": 32,
        "num_attention_heads": 2,
        "global_attn_indexes": [1],
        "initializer_range": 0.05,  # the default, 1e-10, leaves nothing of the image
        **_EMBEDDINGS,
    }
    prompts = {"image_embedding_size": _SIDE // 16, **_prompts(_SIDE)}
    return {
        "vision_config": vision,
        "prompt_encoder_config": prompts,
        "mask_decoder_config": _MASKS,
        "initializer_range": 0.22,
    }


def _mobile_sam() -> MobileSamModel:
    vision = {
        "image_size": _SIDE,
        "hidden_sizes": [8, 16, 16, 32],
        "depths": [1, 1, 2, 1],
        "num_attention_heads": [1, 2, 2, 4],
        "window_sizes": [7, 5, 3, 7],
        **_EMBEDDINGS,
    }
    parts = {**_sam_parts(), "vision_config": vision}
    return MobileSamModel(MobileSamConfig(**parts))


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
        "fpn_hidden_size": _DECODER,
    }
    return {
        "vision_config": vision,
        "prompt_encoder_config": _prompts(_SIDE),
        "mask_decoder_config": _MASKS,
        "initializer_range": 0.22,
    }


def _sam3_parts() -> dict[str, Any]:
    grid = _SAM3_SIDE // 14
    backbone = {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "image_size": _SAM3_SIDE,
        "window_size": 4,
        "global_attn_indexes": [1],
        "pretrain_image_size": _SAM3_SIDE // 2,
    }
    vision = {
        "model_type": "sam3_vision_model",
        "backbone_config": backbone,
        "backbone_feature_sizes": [[grid * step] * 2 for step in (4, 2, 1)],
        "fpn_hidden_size": _DECODER,
    }
    return {
        "vision_config": vision,
        "prompt_encoder_config": _prompts(_SAM3_SIDE),
        "mask_decoder_config": _MASKS,
        "initializer_range": 0.22,
    }


def _sam3_tracker() -> Sam3TrackerModel:
    model = Sam3TrackerModel(Sam3TrackerConfig(**_sam3_parts()))
    torch.nn.init.normal_(model.no_memory_embedding)  # zero in a new network
    return model


def _sam3_video() -> Sam3VideoModel:
    tracker = {**_sam3_parts(), "image_size": _SAM3_SIDE, **_MEMORY}
    small = {"hidden_size": 32, "num_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    text = {
        "model_type": "clip_text_model",
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "max_position_embeddings": 16,
    }
    detector = {
        "vision_config": tracker["vision_config"],
        "text_config": text,
        "geometry_encoder_config": small,
        "detr_encoder_config": small,
        "detr_decoder_config": small,
        "mask_decoder_config": {"hidden_size": 32},
    }
    return Sam3VideoModel(Sam3VideoConfig(detector_config=detector, tracker_config=tracker))


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
    "sam": lambda: SamModel(SamConfig(**_sam_parts())),
    "sam_hq": lambda: SamHQModel(
        SamHQConfig(**_sam_parts() | {"mask_decoder_config": {"vit_dim": 32, **_MASKS}})
    ),
    "rclicks_mobile_sam": _mobile_sam,
    "rclicks_ritm": lambda: _click_map("ritm", **_RITM),
    "rclicks_simpleclick": lambda: _click_map("simpleclick", **_VIT, head_channels=8),
    "rclicks_cfr_icl": lambda: _click_map("cfr_icl", **_VIT, head_channels=8),
    "rclicks_adaptive_click": lambda: _click_map("adaptive_click", **_VIT, **_DECODERS),
    "rclicks_gpcis": lambda: _click_map("gpcis", **_DEEP_LAB, guidance_features=8),
    "rclicks_cdnet": lambda: _click_map("cdnet", **_DEEP_LAB),
    "sam2": lambda: Sam2Model(Sam2Config(**_sam2_parts())),
    "sam2_video": lambda: Sam2VideoModel(Sam2VideoConfig(**_sam2_parts(), **_MEMORY)),
    "sam3_tracker": _sam3_tracker,
    "sam3_video": _sam3_video,
}
