"""Configuration of MobileSAM."""

# Without postponed annotations: `strict` checks the fields by their types.
from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from transformers import SamMaskDecoderConfig, SamPromptEncoderConfig
from transformers.configuration_utils import PreTrainedConfig

from rclicks_hf.networks.limits import check_limits

_LIMITS = {
    "image_size": 4096,
    "num_channels": 64,
    "hidden_sizes": 4096,
    "depths": 64,
    "num_attention_heads": 256,
    "window_sizes": 64,
    "expand_ratio": 16,
    "mlp_ratio": 16,
    "output_channels": 4096,
    "num_pos_feats": 2048,
}
_STAGES = 4
STRIDE = 16  # of the image features


@strict
class MobileSamVisionConfig(PreTrainedConfig):
    r"""Configuration of a [`MobileSamVisionEncoder`]: the TinyViT of MobileSAM.

    Args:
        image_size: Side of the square input in pixels, a multiple of 16.
        num_channels: Channels of the input.
        hidden_sizes: Width of each of the four stages.
        depths: Blocks per stage; the first stage is convolutional.
        num_attention_heads: Attention heads per stage; the first number is not used.
        window_sizes: Side of the attention windows per stage; the first number is not used.
        expand_ratio: Ratio of the inner to the outer width of a block of the first stage.
        mlp_ratio: Ratio of the inner to the outer width of the MLPs.
        layer_norm_eps: Epsilon of the layer norms in the blocks.
        output_channels: Channels of the image features.
        num_pos_feats: Half of the width of the positional embedding of clicks.
        scale: Standard deviation of the initial frequencies of that embedding.
        initializer_range: Standard deviation of initial weights.

    Raises:
        ValueError: If a list has the wrong length, a number is not positive or far above the
            published ones, the heads do not divide a width, or 16 does not divide `image_size`.

    Example:
        >>> MobileSamVisionConfig().depths
        (2, 2, 6, 2)
        >>> MobileSamVisionConfig(image_size=100)
        Traceback (most recent call last):
        ...
        ValueError: image_size must be a multiple of 16, got 100
    """

    base_config_key = "vision_config"
    model_type = "rclicks_mobile_sam_vision_model"

    image_size: int = 1024
    num_channels: int = 3
    hidden_sizes: list[int] | tuple[int, ...] = (64, 128, 160, 320)
    depths: list[int] | tuple[int, ...] = (2, 2, 6, 2)
    num_attention_heads: list[int] | tuple[int, ...] = (2, 4, 5, 10)
    window_sizes: list[int] | tuple[int, ...] = (7, 7, 14, 7)
    expand_ratio: float = 4.0
    mlp_ratio: float = 4.0
    layer_norm_eps: float = 1e-5
    output_channels: int = 256
    num_pos_feats: int = 128
    scale: float = 1.0
    initializer_range: float = 0.02

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        for name in _LIMITS:
            value = getattr(self, name)
            if isinstance(value, list | tuple) and len(value) != _STAGES:
                raise ValueError(f"{name} needs {_STAGES} numbers, got {value}")
        check_limits(self, _LIMITS)
        if self.image_size % STRIDE:
            raise ValueError(f"image_size must be a multiple of {STRIDE}, got {self.image_size}")
        for size, heads in zip(self.hidden_sizes[1:], self.num_attention_heads[1:], strict=True):
            if size % heads:
                raise ValueError(f"hidden size {size} is not a multiple of its {heads} heads")

    @property
    def hidden_size(self) -> int:
        """Width of the last stage, which SAM's neck takes."""
        return int(self.hidden_sizes[-1])


@strict
class MobileSamConfig(PreTrainedConfig):
    r"""Configuration of a [`MobileSamModel`]; the defaults are the published `mobile_sam.pt`.

    Args:
        vision_config: A [`MobileSamVisionConfig`], or its fields as a dict.
        prompt_encoder_config: A `SamPromptEncoderConfig`, or its fields as a dict.
        mask_decoder_config: A `SamMaskDecoderConfig`, or its fields as a dict.
        initializer_range: Standard deviation of initial weights.
        tie_word_embeddings: True shares the frequencies of the positional embedding, as in SAM.

    Raises:
        ValueError: If the image sizes of the parts differ.

    Example:
        >>> MobileSamConfig().vision_config.hidden_sizes
        (64, 128, 160, 320)
    """

    model_type = "rclicks_mobile_sam"
    sub_configs_defaults: ClassVar[dict[str, Any]] = {
        "vision_config": MobileSamVisionConfig,
        "prompt_encoder_config": SamPromptEncoderConfig,
        "mask_decoder_config": SamMaskDecoderConfig,
    }

    vision_config: Any = None
    prompt_encoder_config: Any = None
    mask_decoder_config: Any = None
    initializer_range: float = 0.02
    tie_word_embeddings: bool = True

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        sizes = {
            part: getattr(self, part).image_size
            for part in ("vision_config", "prompt_encoder_config")
        }
        if len({*sizes.values()}) > 1:
            raise ValueError(f"image_size must be the same in all parts, got {sizes}")


__all__ = ["STRIDE", "MobileSamConfig", "MobileSamVisionConfig"]
