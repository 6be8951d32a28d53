"""DeepLabV3+ on a dilated ResNet (Chen et al., ECCV 2018), the body of GPCIS and CDNet.

Module names follow the published checkpoints, so converted tensors keep their names.
"""

# Without postponed annotations: `strict` checks the fields by their types.
from typing import Any

import torch
from huggingface_hub.dataclasses import strict
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import PreTrainedConfig
from transformers import initialization as init

from rclicks_hf.networks.click_map import ClickMapModel, ScaleLayer
from rclicks_hf.networks.limits import check_limits

_EXPANSION = 4  # ratio of a bottleneck's output channels to its inner channels

_LIMITS = {
    "depths": 64,
    "hidden_sizes": 2048,
    "decoder_channels": 2048,
    "skip_channels": 1024,
    "guidance_channels": 1024,
    "guidance_features": 2048,
    "click_radius": 256,
}


@strict
class DeepLabConfig(PreTrainedConfig):
    """What the configurations of GPCIS and CDNet share.

    Args:
        bottleneck: Whether residual blocks are bottlenecks.
        depths: Residual blocks per stage.
        hidden_sizes: Inner channels per stage.
        decoder_channels: Channels of the decoder.
        skip_channels: Channels that the decoder takes from the first stage.
        guidance_channels: Channels between the two convolutions of the guidance maps.
        guidance_features: Channels that are added to the stem's output.
        aspp_dropout: Dropout after the atrous pyramid, in training.
        click_radius: Radius in pixels of the disks at the input.
        with_previous_mask: Whether the previous probability is an input.

    Raises:
        ValueError: If a list has another length than 4, a number is not positive or far above the
            published ones, or the dropout is not a probability.
    """

    bottleneck: bool = True
    depths: list[int] | tuple[int, ...] = (3, 4, 6, 3)
    hidden_sizes: list[int] | tuple[int, ...] = (64, 128, 256, 512)
    decoder_channels: int = 256
    skip_channels: int = 32
    guidance_channels: int = 16
    guidance_features: int = 256
    aspp_dropout: float = 0.0
    click_radius: int = 5
    with_previous_mask: bool = True

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        for name in ("depths", "hidden_sizes"):
            if len(getattr(self, name)) != 4:
                raise ValueError(f"{name} needs 4 numbers, got {getattr(self, name)}")
        check_limits(self, _LIMITS)
        if not 0 <= self.aspp_dropout < 1:
            raise ValueError(f"aspp_dropout is {self.aspp_dropout}; give 0 to less than 1")


class DeepLabModel(ClickMapModel):
    """Initial weights of networks with this body."""

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Conv2d):
            init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, ScaleLayer):
            init.constant_(module.scale, module.initial)
        else:
            super()._init_weights(module)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, or a bottleneck around one, and a shortcut."""

    def __init__(
        self, in_channels: int, channels: int, bottleneck: bool, *, stride: int, dilations: tuple
    ):
        super().__init__()
        first, second = dilations
        out_channels = channels * (_EXPANSION if bottleneck else 1)

        def wide(channels_in: int, stride: int, dilation: int) -> nn.Conv2d:
            return nn.Conv2d(
                channels_in, channels, 3, stride, padding=dilation, dilation=dilation, bias=False
            )

        if bottleneck:
            self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(channels)
            self.conv2 = wide(channels, stride, first)
            self.bn2 = nn.BatchNorm2d(channels)
            self.conv3 = nn.Conv2d(channels, out_channels, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(out_channels)
        else:
            self.conv1 = wide(in_channels, stride, first)
            self.bn1 = nn.BatchNorm2d(channels)
            self.conv2 = wide(channels, 1, second)
            self.bn2 = nn.BatchNorm2d(channels)
        self.bottleneck = bottleneck
        self.downsample = nn.Sequential()
        if stride > 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the block's channels and stride."""
        # In place, as nothing else, not even a gradient, needs what a batch norm returns.
        inner = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu_()))
        if self.bottleneck:
            inner = self.bn3(self.conv3(inner.relu_()))
        return inner.add_(self.downsample(x)).relu_()


class DilatedResNet(nn.Module):
    """A ResNet of stride 8: its last two stages are dilated by 2 and 4 instead."""

    layer1: nn.Module
    layer2: nn.Module
    layer3: nn.Module
    layer4: nn.Module

    def __init__(self, config: DeepLabConfig):
        super().__init__()
        stem = config.hidden_sizes[0]
        if config.bottleneck:  # the "v1s" variant: three 3x3 convolutions in place of one 7x7
            sizes = (3, stem, stem, 2 * stem)
            layers: list[nn.Module] = []
            for i in range(3):
                layers += [
                    nn.Conv2d(sizes[i], sizes[i + 1], 3, 1 if i else 2, padding=1, bias=False),
                    nn.BatchNorm2d(sizes[i + 1]),
                    nn.ReLU(),
                ]
            stem = 2 * stem
            self.conv1: nn.Module = nn.Sequential(*layers[:-2])
        else:
            self.conv1 = nn.Conv2d(3, stem, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        channels = stem
        stages = zip(config.hidden_sizes, config.depths, (1, 2, 1, 1), (1, 1, 2, 4), strict=True)
        for number, (size, depth, stride, dilation) in enumerate(stages, 1):
            blocks = []
            for i in range(depth):
                first = dilation if i else max(1, dilation // 2)
                blocks.append(
                    ResidualBlock(
                        channels,
                        size,
                        config.bottleneck,
                        stride=1 if i else stride,
                        dilations=(first, dilation),
                    )
                )
                channels = size * (_EXPANSION if config.bottleneck else 1)
            setattr(self, f"layer{number}", nn.Sequential(*blocks))

    def forward(self, image: Tensor, guidance: Tensor) -> tuple[Tensor, Tensor]:
        """Maps of the first (stride 4) and of the last stage (stride 8).

        ``guidance`` (stride 2) is added to as many channels of the stem's output as it has; what
        it has more is left out.
        """
        x = self.bn1(self.conv1(image)).relu_()
        x = x + F.pad(guidance, (0, 0, 0, 0, 0, x.shape[1] - guidance.shape[1]))
        x = self.pool(x)
        first = self.layer1(x)
        return first, self.layer4(self.layer3(self.layer2(first)))


class SeparableConv(nn.Module):
    """A depthwise 3x3 and a 1x1 convolution, norm and ReLU."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False),
            nn.Conv2d(in_channels, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, out_channels, H, W)."""
        return self.body(x)


class SeparableHead(nn.Module):
    """Separable convolutions and a 1x1 convolution to the outputs."""

    def __init__(self, in_channels: int, middle: int, outputs: int, layers: int):
        super().__init__()
        sizes = [in_channels] + [middle] * layers
        convs = [SeparableConv(sizes[i], sizes[i + 1]) for i in range(layers)]
        self.layers = nn.Sequential(*convs, nn.Conv2d(middle, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, H, W)."""
        return self.layers(x)


class PooledContext(nn.Module):
    """The mean over the map, projected, at every place."""

    def __init__(self, in_channels: int, channels: int):
        super().__init__()
        self.gap = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_conv_norm_relu(in_channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, channels, H, W)."""
        return self.gap(x).expand(-1, -1, *x.shape[2:])


class AtrousPyramid(nn.Module):
    """Atrous spatial pyramid pooling with rates 12, 24 and 36."""

    def __init__(self, in_channels: int, channels: int, dropout: float):
        super().__init__()
        wide = (nn.Sequential(*_conv_norm_relu(in_channels, channels, r)) for r in (12, 24, 36))
        # The published checkpoints spell the name so.
        self.concurent = nn.ModuleList(
            [
                nn.Sequential(*_conv_norm_relu(in_channels, channels)),
                *wide,
                PooledContext(in_channels, channels),
            ]
        )
        layers = [*_conv_norm_relu(5 * channels, channels), nn.Dropout(dropout)]
        self.project = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, channels, H, W)."""
        return self.project(torch.cat([branch(x) for branch in self.concurent], 1))


class SkipProject(nn.Module):
    """The first stage's map in fewer channels."""

    def __init__(self, in_channels: int, channels: int):
        super().__init__()
        self.skip_project = nn.Sequential(*_conv_norm_relu(in_channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, channels, H, W)."""
        return self.skip_project(x)


class DeepLabHead(nn.Module):
    """Two separable convolutions and a 1x1 convolution."""

    def __init__(self, in_channels: int, channels: int, outputs: int):
        super().__init__()
        self.block = nn.Sequential(
            SeparableConv(in_channels, channels),
            SeparableConv(channels, channels),
            nn.Conv2d(channels, outputs, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, H, W)."""
        return self.block(x)


class DeepLab(nn.Module):
    """Image and guidance features to a map of stride 4."""

    def __init__(self, config: DeepLabConfig, outputs: int):
        super().__init__()
        factor = _EXPANSION if config.bottleneck else 1
        first, *_, last = (size * factor for size in config.hidden_sizes)
        channels = config.decoder_channels
        self.backbone = DilatedResNet(config)
        self.aspp = AtrousPyramid(last, channels, config.aspp_dropout)
        self.skip_project = SkipProject(first, config.skip_channels)
        self.head = DeepLabHead(channels + config.skip_channels, channels, outputs)

    def forward(self, image: Tensor, guidance: Tensor) -> Tensor:
        """(B, 3, H, W) and (B, G, H/2, W/2) to (B, outputs, H/4, W/4)."""
        first, last = self.backbone(image, guidance)
        return self.decode(self.aspp(last), first)

    def decode(self, x: Tensor, first: Tensor) -> Tensor:
        """The decoder on the pyramid's map and the first stage's."""
        skip = self.skip_project(first)
        return self.head(torch.cat([enlarge(x, skip.shape[2:]), skip], 1))


def enlarge(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Bilinear interpolation with aligned corners."""
    return F.interpolate(x, size, mode="bilinear", align_corners=True)


def _conv_norm_relu(in_channels: int, channels: int, dilation: int = 0) -> list[nn.Module]:
    kernel = 3 if dilation else 1
    convolution = nn.Conv2d(
        in_channels, channels, kernel, padding=dilation, dilation=max(1, dilation), bias=False
    )
    return [convolution, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
