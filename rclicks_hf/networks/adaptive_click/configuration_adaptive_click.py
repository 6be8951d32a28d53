"""Configuration of AdaptiveClick."""

# Without postponed annotations: `strict` checks the fields by their types.
from typing import Any

from huggingface_hub.dataclasses import strict

from rclicks_hf.networks.limits import check_limits
from rclicks_hf.networks.plain_vit import PlainVitConfig

_LIMITS = {
    "neck_sizes": 8192,
    "decoder_size": 4096,
    "mask_size": 4096,
    "feedforward_size": 16384,
    "num_encoder_layers": 64,
    "num_decoder_layers": 64,
    "num_decoder_heads": 64,
    "num_queries": 1024,
    "num_points": 64,
    "num_groups": 4096,
}


@strict
class AdaptiveClickConfig(PlainVitConfig):
    r"""Configuration of an [`AdaptiveClickModel`] (Lin et al., IEEE TNNLS 2024).

    The defaults are the published ViT-B. Further fields are those of `PlainVitConfig`.

    Args:
        decoder_size: Width of both decoders.
        mask_size: Channels of the features from which the masks are made.
        feedforward_size: Width of the feed-forward layers of the mask decoder; those of the pixel
            decoder have half of it.
        num_encoder_layers: Layers of deformable attention in the pixel decoder.
        num_decoder_layers: Layers of the mask decoder.
        num_decoder_heads: Attention heads of both decoders.
        num_queries: Masks that are proposed and added up.
        num_points: Points that deformable attention samples per scale.
        num_groups: Groups of the pixel decoder's group norms.

    Raises:
        ValueError: If a number is not positive or far above the published ones, or two do not fit
            each other.

    Example:
        >>> AdaptiveClickConfig().num_queries
        10
    """

    model_type = "rclicks_adaptive_click"

    neck_sizes: list[int] | tuple[int, ...] = (256, 512, 1024, 2048)
    decoder_size: int = 256
    mask_size: int = 256
    feedforward_size: int = 2048
    num_encoder_layers: int = 4
    num_decoder_layers: int = 9
    num_decoder_heads: int = 8
    num_queries: int = 10
    num_points: int = 4
    num_groups: int = 32

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        check_limits(self, _LIMITS)
        for name, divisor in (
            ("num_decoder_heads", self.num_decoder_heads),
            ("num_groups", self.num_groups),
            ("the position embedding's parts", 4),
        ):
            if self.decoder_size % divisor:
                raise ValueError(
                    f"decoder_size {self.decoder_size} is not a multiple of {name}, {divisor}"
                )
        if self.feedforward_size % 2:
            raise ValueError(f"feedforward_size {self.feedforward_size} is not even")


__all__ = ["AdaptiveClickConfig"]
