"""Configuration of GPCIS."""

# Without postponed annotations: `strict` checks the fields by their types.
from typing import Any

from huggingface_hub.dataclasses import strict

from rclicks_hf.networks.deeplab import DeepLabConfig


@strict
class GpcisConfig(DeepLabConfig):
    r"""Configuration of a [`GpcisModel`]: Gaussian process classification (Zhou et al., CVPR 2023).

    The defaults are the published ResNet-50.

    Args:
        bottleneck: Whether residual blocks are bottlenecks.
        depths: Residual blocks per stage.
        hidden_sizes: Inner channels per stage.
        decoder_channels: Channels of the decoder.
        skip_channels: Channels that the decoder takes from the first stage.
        guidance_channels: Channels between the two convolutions of the guidance maps.
        guidance_features: Channels that are added to the stem's output.
        aspp_dropout: Dropout after the atrous pyramid, in training.
        feature_channels: Channels of the features that the deep kernel compares.
        num_bases: Random Fourier bases of the prior.
        target_channels: Width of the network that gives each click its target value.
        jitter: Added to the kernel's diagonal in evaluation.
        training_jitter: The same in training.
        click_radius: Radius of the disks in pixels.
        with_previous_mask: Whether the previous probability is an input.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> GpcisConfig(depths=(1, 1, 1, 1)).jitter
        1e-07
    """

    model_type = "rclicks_gpcis"

    guidance_features: int = 256
    feature_channels: int = 48
    num_bases: int = 256
    target_channels: int = 96
    jitter: float = 1e-7
    training_jitter: float = 1e-2
    with_previous_mask: bool = True

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        for name in ("jitter", "training_jitter"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give more than 0 to 1")

    def limits(self) -> dict[str, int]:
        """The most that each number may be."""
        more = ("guidance_features", "feature_channels", "num_bases", "target_channels")
        return super().limits() | dict.fromkeys(more, 2048)


__all__ = ["GpcisConfig"]
