"""Configuration of CDNet."""

# Without postponed annotations: `strict` checks the fields by their types.
from typing import Any

from huggingface_hub.dataclasses import strict

from rclicks_hf.networks.deeplab import DeepLabConfig
from rclicks_hf.networks.limits import check_limits


@strict
class CdnetConfig(DeepLabConfig):
    r"""Configuration of a [`CdnetModel`]: conditional diffusion (Chen et al., ICCV 2021).

    The defaults are the published ResNet-34, which has no previous mask. Further fields are those
    of `DeepLabConfig`.

    Args:
        num_masks: Masks of the auxiliary head that is used in training.
        context_radius: Radius in pixels of the disks that steer the feature diffusion.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> CdnetConfig().context_radius
        24
    """

    model_type = "rclicks_cdnet"

    bottleneck: bool = False
    decoder_channels: int = 128
    aspp_dropout: float = 0.2
    guidance_features: int = 64
    num_masks: int = 4
    context_radius: int = 24
    with_previous_mask: bool = False

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        check_limits(self, {"num_masks": 64, "context_radius": 1024})


__all__ = ["CdnetConfig"]
