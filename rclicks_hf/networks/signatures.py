"""How the network of an official checkpoint is recognised: by the names of its tensors."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase

#: Network -> patterns, each of which some key of its official checkpoint matches.
SIGNATURES: dict[str, tuple[str, ...]] = {
    "clickability": ("encoder_decoder.backbone.block1.*", "encoder_decoder.decode_head.*"),
    "saliency": ("encoder.encoder.*", "decoder.TransEncoder1.*"),
    "ritm": ("feature_extractor.stage2.*", "feature_extractor.ocr_distri_head.*"),
    "simpleclick": ("backbone.blocks.*", "patch_embed_coords.*", "neck.down_4.*", "head.convs.*"),
    # The published network is SimpleClick's: the keys do not distinguish them.
    "cfr_icl": ("backbone.blocks.*", "patch_embed_coords.*", "neck.down_4.*", "head.convs.*"),
    "adaptive_click": ("backbone.blocks.*", "click_aware_decoder.*", "pixel_decoder.*"),
    "gpcis": ("model.backbone.layer1.*", "u_mlp.*", "omega"),
    "cdnet": ("feature_extractor.backbone.layer1.*", "feature_extractor.FDM.*"),
    "sam": ("image_encoder.blocks.*", "mask_decoder.iou_token.weight"),
    "sam_hq": (
        "image_encoder.blocks.*",
        "mask_decoder.iou_token.weight",
        "mask_decoder.hf_token.weight",
    ),
    "sam2": ("image_encoder.trunk.*", "sam_mask_decoder.*"),
    "mobile_sam": ("image_encoder.layers.*.attention_biases", "mask_decoder.iou_token.weight"),
}

#: The same for networks that share parts with these but cannot be converted here.
RELATIVES: dict[str, tuple[str, ...]] = {
    "light HQ-SAM": (*SIGNATURES["mobile_sam"], "mask_decoder.hf_token.weight"),
    "HQ-SAM 2": (*SIGNATURES["sam2"], "sam_mask_decoder.hf_token.weight"),
    "EdgeTAM": (*SIGNATURES["sam2"], "spatial_perceiver.*"),
    "EfficientSAM": (*SIGNATURES["sam"], "mask_decoder.final_output_upscaling_layers.*"),
    "a SAM of transformers (its folder is loaded as it is)": (
        "vision_encoder.*",
        "shared_image_embedding.positional_embedding",
    ),
    "SAM 3 (facebook/sam3 on the Hub needs no conversion)": (
        "detector.backbone.vision_backbone.trunk.*",
        "tracker.*",
    ),
}


def likely_networks(keys: Collection[str]) -> list[str]:
    """Networks whose signature the keys have; of nested signatures, those of the longest.

    Example:
        >>> likely_networks(["image_encoder.trunk.pos_embed", "sam_mask_decoder.conv_s0.bias"])
        ['sam2']
    """
    found = {
        name: len(patterns)
        for name, patterns in (SIGNATURES | RELATIVES).items()
        if all(any(fnmatchcase(key, pattern) for key in keys) for pattern in patterns)
    }
    return [name for name, length in found.items() if length == max(found.values())]
