"""Configuration of GPCIS."""

# Without postponed annotations: `strict` checks the fields by their types.
from typing import Any

from huggingface_hub.dataclasses import strict

from rclicks_hf.networks.deeplab import DeepLabConfig
from rclicks_hf.networks.limits import check_limits

_LIMITS = dict.fromkeys(("feature_channels", "num_bases", "target_channels"), 2048)


@strict
class GpcisConfig(DeepLabConfig):
    r"""Configuration of a [`GpcisModel`]: Gaussian process classification (Zhou et al., CVPR 2023).

    The defaults are the published ResNet-50. Further fields are those of `DeepLabConfig`.

    Args:
        feature_channels: Channels of the features that the deep kernel compares.
        num_bases: Random Fourier bases of the prior.
        target_channels: Width of the network that gives each click its target value.
        jitter: Added to the kernel's diagonal in evaluation.
        training_jitter: The same in training.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> GpcisConfig(depths=(1, 1, 1, 1)).jitter
        1e-07
    """

    model_type = "rclicks_gpcis"

    feature_channels: int = 48
    num_bases: int = 256
    target_channels: int = 96
    jitter: float = 1e-7
    training_jitter: float = 1e-2

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        check_limits(self, _LIMITS)
        for name in ("jitter", "training_jitter"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give more than 0 to 1")


__all__ = ["GpcisConfig"]
