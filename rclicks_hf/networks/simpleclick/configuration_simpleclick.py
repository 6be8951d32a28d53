"""Configurations of SimpleClick and of CFR-ICL, which uses its network."""

# Without postponed annotations: `strict` checks the fields by their types.
from typing import Any

from huggingface_hub.dataclasses import strict

from rclicks_hf.networks.limits import check_limits
from rclicks_hf.networks.plain_vit import PlainVitConfig

# Fields in which the published sizes differ from each other.
SIZES: dict[str, dict[str, Any]] = {
    "ViT-XT": {
        "hidden_size": 160,
        "num_hidden_layers": 8,
        "num_attention_heads": 4,
        "neck_sizes": (96, 192, 288, 384),
        "head_channels": 128,
    },
    "ViT-B": {
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "neck_sizes": (128, 256, 512, 1024),
    },
    "ViT-L": {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "neck_sizes": (192, 384, 768, 1536),
    },
    "ViT-H": {
        "patch_size": 14,
        "hidden_size": 1280,
        "num_hidden_layers": 32,
        "num_attention_heads": 16,
        "neck_sizes": (240, 480, 960, 1920),
    },
}


@strict
class SimpleClickConfig(PlainVitConfig):
    r"""Configuration of a [`SimpleClickModel`] (Liu et al., ICCV 2023).

    The defaults are the published ViT-B. Further fields are those of `PlainVitConfig`.

    Args:
        head_channels: Channels of the head.
        head_dropout: Dropout of whole channels before the last layer, in training.

    Raises:
        ValueError: If a number is not positive or far above the published ones, or two do not fit
            each other.

    Example:
        >>> SimpleClickConfig().hidden_size, SimpleClickConfig.from_size("ViT-H").patch_size
        (768, 14)
    """

    model_type = "rclicks_simpleclick"

    head_channels: int = 256
    head_dropout: float | int = 0.1

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        check_limits(self, {"head_channels": 4096})

    @classmethod
    def from_size(cls, name: str, **overrides: Any) -> "SimpleClickConfig":
        """Configuration of a published size.

        Args:
            name: `"ViT-XT"`, `"ViT-B"`, `"ViT-L"` or `"ViT-H"`.
            **overrides: Fields that differ from it.

        Returns:
            A new configuration.

        Raises:
            ValueError: If the size is unknown.

        Example:
            >>> SimpleClickConfig.from_size("ViT-XT").num_attention_heads
            4
        """
        if name not in SIZES:
            raise ValueError(f"size {name!r} is unknown; choose {', '.join(SIZES)}")
        return cls(**{"patch_size": 16, **SIZES[name], **overrides})


@strict
class CfrIclConfig(SimpleClickConfig):
    r"""Configuration of a [`CfrIclModel`] (Sun et al., AAAI 2024).

    The defaults are the published ViT-H; the fields are those of [`SimpleClickConfig`].

    Example:
        >>> CfrIclConfig().hidden_size
        1280
    """

    model_type = "rclicks_cfr_icl"

    patch_size: int = 14
    hidden_size: int = 1280
    num_hidden_layers: int = 32
    num_attention_heads: int = 16
    neck_sizes: list[int] | tuple[int, ...] = (240, 480, 960, 1920)


__all__ = ["SIZES", "CfrIclConfig", "SimpleClickConfig"]
