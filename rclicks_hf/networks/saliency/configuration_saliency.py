"""Configuration of the saliency network."""

# Without postponed annotations: `strict` checks the fields by their types.
from typing import Any

from huggingface_hub.dataclasses import strict
from transformers.configuration_utils import PreTrainedConfig

from rclicks_hf.networks.limits import check_limits

_LIMITS = {
    "image_size": 8192,
    "stem_channels": 1024,
    "depths": 64,
    "hidden_sizes": 8192,
    "num_attention_heads": 256,
    "intermediate_sizes": 32768,
    "num_hidden_layers": 64,
    "decoder_sizes": 4096,
}

STRIDES = (32, 16, 8)  # strides of the encoder stages that feed the decoder, deepest first


@strict
class SaliencyConfig(PreTrainedConfig):
    r"""Configuration of a [`SaliencyModel`]: TranSalNet (Lou et al., 2022) on a ResNet-50.

    The defaults are the published `TranSalNet_Res.pth`, which the RClicks paper (NeurIPS 2024)
    uses for its click models SI and SM. Lists of three start at the deepest stage.

    Args:
        image_size: (height, width) of the input in pixels; the position embeddings fix it.
        stem_channels: Channels after the first convolution; encoder stage i has this times 2^(i-1)
            inner channels and four times as many output channels.
        depths: Bottleneck blocks per encoder stage.
        hidden_sizes: Width of the transformer encoder on each of the last three stages.
        num_attention_heads: Attention heads of each transformer encoder.
        intermediate_sizes: Width of the feed-forward layers of each transformer encoder.
        num_hidden_layers: Layers per transformer encoder.
        decoder_sizes: Channels of the later decoder convolutions.
        layer_norm_eps: Epsilon of the transformer encoders' layer norms.
        initializer_range: Standard deviation of the initial position embeddings.

    Raises:
        ValueError: If a list has the wrong length, a number is not positive or far above the
            published ones, the heads do not divide a width, or a side is not a multiple of 32.

    Example:
        >>> SaliencyConfig().image_size
        (288, 384)
        >>> SaliencyConfig(image_size=(100, 96))
        Traceback (most recent call last):
        ...
        ValueError: image_size sides must be multiples of 32, got (100, 96)
    """

    model_type = "rclicks_saliency"

    image_size: list[int] | tuple[int, ...] = (288, 384)
    stem_channels: int = 64
    depths: list[int] | tuple[int, ...] = (3, 4, 6, 3)
    hidden_sizes: list[int] | tuple[int, ...] = (768, 768, 512)
    num_attention_heads: list[int] | tuple[int, ...] = (12, 12, 8)
    intermediate_sizes: list[int] | tuple[int, ...] = (3072, 3072, 2048)
    num_hidden_layers: int = 2
    decoder_sizes: list[int] | tuple[int, ...] = (256, 128, 64, 32)
    layer_norm_eps: float = 1e-6
    initializer_range: float = 0.02

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        wanted = {
            "image_size": 2,
            "depths": 4,
            "hidden_sizes": 3,
            "num_attention_heads": 3,
            "intermediate_sizes": 3,
            "decoder_sizes": 4,
        }
        for name, length in wanted.items():
            if len(getattr(self, name)) != length:
                raise ValueError(f"{name} needs {length} numbers, got {getattr(self, name)}")
        check_limits(self, _LIMITS)
        if any(side % STRIDES[0] for side in self.image_size):
            raise ValueError(
                f"image_size sides must be multiples of {STRIDES[0]}, got {tuple(self.image_size)}"
            )
        for size, heads in zip(self.hidden_sizes, self.num_attention_heads, strict=True):
            if size % heads:
                raise ValueError(f"hidden size {size} is not a multiple of its {heads} heads")

    @property
    def num_recorded_layers(self) -> int:
        """Layers of all transformer encoders, by which transformers counts hidden states."""
        return len(self.hidden_sizes) * self.num_hidden_layers


__all__ = ["STRIDES", "SaliencyConfig"]
