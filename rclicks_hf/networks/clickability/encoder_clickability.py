"""MSCAN, the encoder of SegNeXt (Guo et al., 2022), as the paper's network uses it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from transformers.modeling_layers import GradientCheckpointingLayer

from .configuration_clickability import ClickabilityConfig
from .layers_clickability import (
    ClickabilityDropPath,
    channels_last_on_cpu,
    depthwise,
    pointwise,
    works_in_pieces,
)

_PIECE = 2**20  # values of a feed-forward layer's inner map that are held at once


class ClickabilityStem(nn.Module):
    """First patch embedding: two strided convolutions, to 1/4 of the input."""

    def __init__(self, channels: int):
        super().__init__()
        self.proj = nn.Sequential(
            nn.Conv2d(3, channels // 2, 3, stride=2, padding=1),
            nn.BatchNorm2d(channels // 2),
            nn.GELU(),
            nn.Conv2d(channels // 2, channels, 3, stride=2, padding=1),
            nn.BatchNorm2d(channels),
        )

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) to (B, C, H/4, W/4)."""
        return self.proj(pixel_values)


class ClickabilityPatchEmbedding(nn.Module):
    """Halves the resolution between two stages."""

    def __init__(self, in_channels: int, channels: int):
        super().__init__()
        self.proj = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, C', H/2, W/2)."""
        return self.norm(self.proj(hidden))


class ClickabilitySpatialGatingUnit(nn.Module):
    """Multi-scale convolutional attention: strip convolutions of 7, 11 and 21 px gate the input."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv0 = depthwise(channels, 5, 5)
        self.conv0_1 = depthwise(channels, 1, 7)
        self.conv0_2 = depthwise(channels, 7, 1)
        self.conv1_1 = depthwise(channels, 1, 11)
        self.conv1_2 = depthwise(channels, 11, 1)
        self.conv2_1 = depthwise(channels, 1, 21)
        self.conv2_2 = depthwise(channels, 21, 1)
        self.conv3 = nn.Conv2d(channels, channels, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        attention = self.conv0(hidden)
        attention = (
            attention
            + self.conv0_2(self.conv0_1(attention))
            + self.conv1_2(self.conv1_1(attention))
            + self.conv2_2(self.conv2_1(attention))
        )
        return pointwise(attention, self.conv3.weight, self.conv3.bias) * hidden


class ClickabilityAttention(nn.Module):
    """The attention half of a block; its inner shortcut takes the normalised input."""

    def __init__(self, channels: int):
        super().__init__()
        self.proj_1 = nn.Conv2d(channels, channels, 1)
        self.activation = nn.GELU()
        self.spatial_gating_unit = ClickabilitySpatialGatingUnit(channels)
        self.proj_2 = nn.Conv2d(channels, channels, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        gated = self.activation(pointwise(hidden, self.proj_1.weight, self.proj_1.bias))
        gated = self.spatial_gating_unit(gated)
        return pointwise(gated, self.proj_2.weight, self.proj_2.bias) + hidden


class ClickabilityMlp(nn.Module):
    """The feed-forward half of a block, with a depthwise 3x3 convolution inside."""

    def __init__(self, channels: int, inner_channels: int):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, inner_channels, 1)
        self.dwconv = depthwise(inner_channels, 3, 3)
        self.activation = nn.GELU()
        self.fc2 = nn.Conv2d(inner_channels, channels, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        inner_values = hidden[:, 0].numel() * self.fc1.out_channels
        if works_in_pieces(hidden) and inner_values > _PIECE:
            return self._in_pieces(hidden, -(-inner_values // _PIECE))
        inner = pointwise(hidden, self.fc1.weight, self.fc1.bias)
        return pointwise(self.activation(self.dwconv(inner)), self.fc2.weight, self.fc2.bias)

    def _in_pieces(self, hidden: torch.Tensor, pieces: int) -> torch.Tensor:
        """The same sum, over some of the inner channels at a time; between, each stays alone."""
        first: Any = self.fc1  # its bias and the next one's are never None
        between: Any = self.dwconv
        parameters = zip(
            first.weight.chunk(pieces),
            first.bias.chunk(pieces),
            between.weight.chunk(pieces),
            between.bias.chunk(pieces),
            self.fc2.weight.chunk(pieces, dim=1),
            strict=True,
        )
        total: Any = 0
        bias_2 = self.fc2.bias
        for weight_1, bias_1, weight, bias, weight_2 in parameters:
            inner = pointwise(hidden, weight_1, bias_1)
            inner = F.conv2d(inner, weight, bias, padding=1, groups=len(weight))
            total += pointwise(self.activation(inner), weight_2, bias_2)
            bias_2 = None
        return total


class ClickabilityBlock(GradientCheckpointingLayer):
    """One block of MSCAN: attention and feed-forward, each with a layer scale."""

    def __init__(self, channels: int, mlp_ratio: int, drop_path: float):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.attn = ClickabilityAttention(channels)
        self.norm2 = nn.BatchNorm2d(channels)
        self.mlp = ClickabilityMlp(channels, channels * mlp_ratio)
        self.layer_scale_1 = nn.Parameter(torch.empty(channels))
        self.layer_scale_2 = nn.Parameter(torch.empty(channels))
        self.drop_path = ClickabilityDropPath(drop_path)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        hidden = self._add(hidden, self.layer_scale_1, self.attn(self.norm1(hidden)))
        return self._add(hidden, self.layer_scale_2, self.mlp(self.norm2(hidden)))

    def _add(self, hidden: torch.Tensor, scale: torch.Tensor, branch: torch.Tensor) -> torch.Tensor:
        if self.training:
            return hidden + self.drop_path(scale[:, None, None] * branch)
        return torch.addcmul(hidden, scale[:, None, None], branch)


class ClickabilityEncoder(nn.Module):
    """MSCAN, the encoder of SegNeXt; the guidance joins after the stem."""

    def __init__(self, config: ClickabilityConfig):
        super().__init__()
        sizes = list(config.hidden_sizes)
        last_block = max(sum(config.depths) - 1, 1)
        # Plain floats: under `from_pretrained` tensors live on the meta device here.
        rates = [config.drop_path_rate * i / last_block for i in range(sum(config.depths))]
        self.num_stages = len(sizes)
        for stage, (channels, depth) in enumerate(zip(sizes, config.depths, strict=True), 1):
            embedding: nn.Module
            if stage == 1:
                embedding = ClickabilityStem(channels)
            else:
                embedding = ClickabilityPatchEmbedding(sizes[stage - 2], channels)
            blocks = nn.ModuleList(
                ClickabilityBlock(channels, config.mlp_ratios[stage - 1], rates.pop(0))
                for _ in range(depth)
            )
            self.add_module(f"patch_embed{stage}", embedding)
            self.add_module(f"block{stage}", blocks)
            self.add_module(f"norm{stage}", nn.LayerNorm(channels))

    def encode_image(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) to (B, C1, H/4, W/4): all that does not depend on the masks."""
        embed: Any = self.patch_embed1
        return embed(channels_last_on_cpu(pixel_values))

    def forward(self, image_features: torch.Tensor, guidance: torch.Tensor) -> list[torch.Tensor]:
        """Twice (B, C1, H/4, W/4) to the stages' maps (B, Ci, H/2^(i+1), ...)."""
        hidden = image_features + guidance
        stages = []
        for stage in range(1, self.num_stages + 1):
            if stage > 1:
                hidden = getattr(self, f"patch_embed{stage}")(hidden)
            for block in getattr(self, f"block{stage}"):
                hidden = block(hidden)
            norm = getattr(self, f"norm{stage}")
            hidden = norm(hidden.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            stages.append(hidden)
        return stages
