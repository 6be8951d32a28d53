"""The RITM network: an HRNet with object context (OCR) that also sees the clicks.

Module names follow the published checkpoints, so converted tensors keep their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import initialization as init

from rclicks_hf.networks.click_map import ClickMapModel, ClickMapOutput, MapsTransform, ScaleLayer
from rclicks_hf.networks.ritm.configuration_ritm import RitmConfig

_EXPANSION = 4  # output channels of a bottleneck, per inner channel


@dataclass
class RitmOutput(ClickMapOutput):
    """What [`RitmModel`] returns.

    Attributes:
        auxiliary_logits: (B, 1, H, W), the first guess, from which the object context is gathered;
            the published networks are trained on both.
    """

    auxiliary_logits: Tensor | None = None


def _convolution(
    in_channels: int, channels: int, size: int, stride: int = 1, *, relu: bool = True
) -> nn.Sequential:
    """A convolution without bias, a batch norm and, by default, a ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(in_channels, channels, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(channels),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class RitmBottleneck(nn.Module):
    """A residual block of 1x1, 3x3 and 1x1 convolutions."""

    def __init__(self, in_channels: int, inner_channels: int):
        super().__init__()
        channels = inner_channels * _EXPANSION
        self.conv1 = nn.Conv2d(in_channels, inner_channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner_channels)
        self.conv2 = nn.Conv2d(inner_channels, inner_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(inner_channels)
        self.conv3 = nn.Conv2d(inner_channels, channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels)
        self.downsample: nn.Module = nn.Identity()
        if in_channels != channels:
            self.downsample = _convolution(in_channels, channels, 1, relu=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        branch = self.bn1(self.conv1(hidden)).relu_()
        branch = self.bn2(self.conv2(branch)).relu_()
        branch = self.bn3(self.conv3(branch))
        return branch.add_(self.downsample(hidden)).relu_()


class RitmBlock(nn.Module):
    """A residual block of two 3x3 convolutions."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        branch = self.bn1(self.conv1(hidden)).relu_()
        return self.bn2(self.conv2(branch)).add_(hidden).relu_()


class RitmModule(nn.Module):
    """Blocks on every branch, then each branch receives the sum of all, at its own resolution."""

    def __init__(self, channels: Sequence[int], num_blocks: int):
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*(RitmBlock(width) for _ in range(num_blocks))) for width in channels
        )
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_fusion(channels, source, target) for source in range(len(channels)))
            for target in range(len(channels))
        )

    def forward(self, hidden: list[Tensor]) -> list[Tensor]:
        """Branches (B, Ci, Hi, Wi), finest first, to the same shapes."""
        hidden = [branch(x) for branch, x in zip(self.branches, hidden, strict=True)]
        fused = []
        for target, like in enumerate(hidden):
            layers: Any = self.fuse_layers[target]
            total = layers[0](hidden[0])
            for source in range(1, len(hidden)):
                term = layers[source](hidden[source])
                term = term if source <= target else _resized(term, like)
                # Other targets need the first branch itself, which one target begins with.
                total = total + term if total is hidden[0] else total.add_(term)
            fused.append(total.relu_())
        return fused


def _fusion(channels: Sequence[int], source: int, target: int) -> nn.Module:
    """From one branch to another; what comes from a coarser one is enlarged afterwards."""
    if source == target:
        return nn.Identity()
    if source > target:
        return _convolution(channels[source], channels[target], 1, relu=False)
    width = channels[source]
    halvings = [_convolution(width, width, 3, 2) for _ in range(target - source - 1)]
    return nn.Sequential(*halvings, _convolution(width, channels[target], 3, 2, relu=False))


class RitmObjectAttention(nn.Module):
    """Gives every pixel the features of the object.

    In OCR a pixel attends to the regions by the similarity of ``f_pixel`` and ``f_object``. Here is
    one region, so its weight is 1 whatever the two are: they are in the checkpoints, but unused.
    """

    def __init__(self, channels: int, key_channels: int):
        super().__init__()
        self.f_pixel = _two_layers(channels, key_channels)
        self.f_object = _two_layers(channels, key_channels)
        self.f_down = _unit(channels, key_channels)
        self.f_up = _unit(key_channels, channels)

    def forward(self, hidden: Tensor, region: Tensor) -> Tensor:
        """Pixels (B, C, H, W) and the region (B, C, 1, 1) to the context (B, C, H, W)."""
        context = self.f_up(self.f_down(region))
        return context.expand(-1, -1, *hidden.shape[2:])


def _unit(in_channels: int, channels: int) -> nn.Sequential:
    """A 1x1 convolution, batch norm and ReLU, nested as in the checkpoints."""
    norm = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
    return nn.Sequential(nn.Conv2d(in_channels, channels, 1, bias=False), norm)


def _two_layers(in_channels: int, channels: int) -> nn.Sequential:
    return nn.Sequential(*_unit(in_channels, channels), *_unit(channels, channels))


class RitmObjectContext(nn.Module):
    """Adds the object's context to the pixels."""

    def __init__(self, channels: int, key_channels: int):
        super().__init__()
        self.object_context_block = RitmObjectAttention(channels, key_channels)
        self.conv_bn_dropout = nn.Sequential(*_unit(2 * channels, channels), nn.Dropout2d(0.05))

    def forward(self, hidden: Tensor, region: Tensor) -> Tensor:
        """Pixels (B, C, H, W) and the region (B, C, 1, 1) to (B, C, H, W)."""
        context = self.object_context_block(hidden, region)
        return self.conv_bn_dropout(torch.cat([context, hidden], 1))


class RitmBackbone(nn.Module):
    """HRNet whose stem also sees the guidance, and the object context on top of it."""

    def __init__(self, config: RitmConfig):
        super().__init__()
        stem, blocks = config.stem_channels, config.num_blocks
        widths = [config.hidden_size * 2**branch for branch in range(4)]
        self.conv1 = nn.Conv2d(3, stem, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.conv2 = nn.Conv2d(stem, stem, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(stem)
        first = stem * _EXPANSION
        self.layer1 = nn.Sequential(
            RitmBottleneck(stem, stem), *(RitmBottleneck(first, stem) for _ in range(blocks - 1))
        )
        self.transition1 = nn.ModuleList(
            [
                _convolution(first, widths[0], 3),
                nn.Sequential(_convolution(first, widths[1], 3, 2)),
            ]
        )
        for stage, modules in enumerate(config.num_modules, 2):
            if stage > 2:
                new = nn.Sequential(_convolution(widths[stage - 2], widths[stage - 1], 3, 2))
                kept = [nn.Identity() for _ in range(stage - 1)]
                self.add_module(f"transition{stage - 1}", nn.ModuleList([*kept, new]))
            made = (RitmModule(widths[:stage], blocks) for _ in range(modules))
            self.add_module(f"stage{stage}", nn.Sequential(*made))
        total, pixel = sum(widths), 2 * config.ocr_hidden_size
        self.aux_head = nn.Sequential(
            nn.Conv2d(total, total, 1),
            nn.BatchNorm2d(total),
            nn.ReLU(inplace=True),
            nn.Conv2d(total, 1, 1),
        )
        self.conv3x3_ocr = nn.Sequential(
            nn.Conv2d(total, pixel, 3, padding=1), nn.BatchNorm2d(pixel), nn.ReLU(inplace=True)
        )
        self.ocr_distri_head = RitmObjectContext(pixel, config.ocr_hidden_size)
        self.cls_head = nn.Conv2d(pixel, 1, 1)

    def forward(self, image: Tensor, guidance: Tensor) -> tuple[Tensor, Tensor]:
        """Image (B, 3, H, W) and guidance (B, C, H/2, W/2) to two (B, 1, H/4, W/4) logits."""
        # Step by step, so that nothing is kept longer than needed, and in place where a gradient
        # does not need the old values: memory that malloc gets anew costs page faults.
        hidden = self.bn1(self.conv1(image)).relu_() + guidance
        hidden = self.bn2(self.conv2(hidden)).relu_()
        hidden = self.layer1(hidden)
        branches = [transition(hidden) for transition in self.transition1]
        del hidden
        for stage in (2, 3, 4):
            if stage > 2:
                *kept, new = getattr(self, f"transition{stage - 1}")
                branches = [*(k(x) for k, x in zip(kept, branches, strict=True)), new(branches[-1])]
            branches = getattr(self, f"stage{stage}")(branches)
        finest = branches[0]
        hidden = torch.cat([finest, *(_resized(x, finest) for x in branches[1:])], 1)
        del branches, finest
        auxiliary = self.aux_head(hidden)
        hidden = self.conv3x3_ocr(hidden)
        weights = auxiliary.flatten(2).softmax(2)
        region = (weights @ hidden.flatten(2).mT).mT[..., None]
        return self.cls_head(self.ocr_distri_head(hidden, region)), auxiliary


def _resized(hidden: Tensor, like: Tensor) -> Tensor:
    """(B, C, h, w), bilinear between corner pixels, to the height and width of another map."""
    return F.interpolate(hidden, like.shape[2:], mode="bilinear", align_corners=True)


class RitmModel(ClickMapModel):
    """Segments the object that the clicks point at.

    RITM (Sofiiuk et al., ICIP 2022), the networks HR18, HR18s and HR32 of the RClicks paper.
    Logits are those of a probability: the object is where they are above 0.

    Example:
        >>> config = RitmConfig(hidden_size=4, ocr_hidden_size=4, stem_channels=4, num_blocks=1,
        ...                     num_modules=(1, 1, 1))
        >>> points = torch.tensor([[[20.0, 30.0, 0.0], [-1.0, -1.0, -1.0]]])  # row, column, index
        >>> with torch.no_grad():
        ...     output = RitmModel(config).eval()(torch.rand(1, 3, 48, 64), points)
        >>> tuple(output.logits.shape)
        (1, 1, 48, 64)
    """

    config_class = RitmConfig
    config: RitmConfig
    base_model_prefix = ""
    _no_split_modules = ["RitmModule", "RitmObjectContext"]  # noqa: RUF012

    def __init__(self, config: RitmConfig):
        super().__init__(config)
        maps = 3 if config.with_previous_mask else 2
        self.maps_transform = MapsTransform(
            maps, config.guidance_channels, config.stem_channels, leaky=True
        )
        self.feature_extractor = RitmBackbone(config)
        self.post_init()

    def segment(self, image: Tensor, guidance: Tensor, points: Tensor) -> RitmOutput:
        """See `ClickMapModel.segment`."""
        logits, auxiliary = self.feature_extractor(image, self.maps_transform(guidance))
        return RitmOutput(
            logits=_resized(logits, image), auxiliary_logits=_resized(auxiliary, image)
        )

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Conv2d):
            fan_out = module.weight[0, 0].numel() * module.out_channels
            init.normal_(module.weight, std=(2.0 / fan_out) ** 0.5)
            if module.bias is not None:
                init.zeros_(module.bias)
        elif isinstance(module, ScaleLayer):
            init.constant_(module.scale, module.initial)
        else:
            super()._init_weights(module)


__all__ = ["RitmModel", "RitmOutput"]
