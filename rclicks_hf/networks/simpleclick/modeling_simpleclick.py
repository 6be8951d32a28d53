"""SimpleClick: interactive segmentation with a plain vision transformer.

Module names follow the published checkpoints, so converted tensors keep their names.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from rclicks_hf.networks.click_map import ClickMapOutput
from rclicks_hf.networks.plain_vit import PlainVitPreTrainedModel, PlainVitPyramid

from .configuration_simpleclick import CfrIclConfig, SimpleClickConfig


class SimpleClickConvolution(nn.Module):
    """A 1x1 convolution and a ReLU."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        return torch.relu(self.conv(hidden))


class SimpleClickHead(nn.Module):
    """From the pyramid to one value per position of its largest map."""

    def __init__(self, config: SimpleClickConfig):
        super().__init__()
        channels = config.head_channels
        self.convs = nn.ModuleList(
            SimpleClickConvolution(size, channels) for size in config.neck_sizes
        )
        self.fusion_conv = SimpleClickConvolution(4 * channels, channels)
        self.dropout = nn.Dropout2d(config.head_dropout)
        self.conv_seg = nn.Conv2d(channels, 1, 1)

    def forward(self, pyramid: list[Tensor]) -> Tensor:
        """Maps, largest first, to (B, 1, H, W)."""
        size = pyramid[0].shape[-2:]
        maps = [conv(level) for conv, level in zip(self.convs, pyramid, strict=True)]
        maps = maps[:1] + [
            F.interpolate(level, size=size, mode="bilinear", align_corners=False)
            for level in maps[1:]
        ]
        return self.conv_seg(self.dropout(self.fusion_conv(torch.cat(maps, 1))))


class SimpleClickModel(PlainVitPreTrainedModel):
    """Segments the object that the clicks point at (Liu et al., ICCV 2023).

    Sides of the input are divided into windows of about 224 pixels; other sides raise
    ValueError.

    Example:
        >>> from rclicks_hf.networks.simpleclick import SimpleClickConfig
        >>> model = SimpleClickModel(SimpleClickConfig.from_size("ViT-XT", image_size=224)).eval()
        >>> points = torch.tensor([[[60.0, 80.0, 0.0], [-1.0, -1.0, -1.0]]])
        >>> with torch.no_grad():
        ...     tuple(model(torch.rand(1, 3, 224, 224), points).logits.shape)
        (1, 1, 224, 224)
    """

    config_class = SimpleClickConfig

    def __init__(self, config: SimpleClickConfig):
        super().__init__(config)
        self.neck = PlainVitPyramid(config)
        self.head = SimpleClickHead(config)
        self.post_init()

    def segment(self, image: Tensor, guidance: Tensor, points: Tensor) -> ClickMapOutput:
        """The logits, of which the sigmoid is the probability of the object."""
        logits = self.head(self.neck(self.encode(image, guidance)))
        size = image.shape[-2:]
        return ClickMapOutput(
            logits=F.interpolate(logits, size=size, mode="bilinear", align_corners=True)
        )


class CfrIclModel(SimpleClickModel):
    """SimpleClick's network as CFR-ICL trained it (Sun et al., AAAI 2024).

    Its weights are licensed for non-commercial use only.
    """

    config_class = CfrIclConfig


__all__ = ["CfrIclModel", "SimpleClickModel"]
