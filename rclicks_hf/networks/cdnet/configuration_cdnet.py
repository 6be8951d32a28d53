"""Configuration of CDNet."""

from huggingface_hub.dataclasses import strict

from rclicks_hf.networks.deeplab import DeepLabConfig


@strict
class CdnetConfig(DeepLabConfig):
    r"""Configuration of a [`CdnetModel`]: conditional diffusion (Chen et al., ICCV 2021).

    The defaults are the published ResNet-34.

    Args:
        bottleneck: Whether residual blocks are bottlenecks.
        depths: Residual blocks per stage.
        hidden_sizes: Inner channels per stage.
        decoder_channels: Channels of the decoder.
        skip_channels: Channels that the decoder takes from the first stage.
        guidance_channels: Channels between the two convolutions of the guidance maps.
        guidance_features: Channels that are added to the stem's output.
        aspp_dropout: Dropout after the atrous pyramid, in training.
        num_masks: Masks of the auxiliary head that is used in training.
        click_radius: Radius in pixels of the disks at the input.
        context_radius: Radius in pixels of the disks that steer the feature diffusion.
        with_previous_mask: Whether the previous probability is an input; the published one has
            none.

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

    def limits(self) -> dict[str, int]:
        """The most that each number may be."""
        more = {"guidance_features": 2048, "num_masks": 64, "context_radius": 1024}
        return super().limits() | more


__all__ = ["CdnetConfig"]
