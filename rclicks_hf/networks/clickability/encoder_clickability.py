"""MSCAN, the encoder of SegNeXt (Guo et al., 2022), for the clickability network."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_layers import GradientCheckpointingLayer

from .configuration_clickability import ClickabilityConfig
from .layers_clickability import (
    ClickabilityDropPath,
    ClickabilityPointwise,
    channels_last_on_cpu,
    depthwise,
    works_in_pieces,
)

_PIECE = 2**20  # largest number of inner values a feed-forward layer holds at once on the CPU


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

    def forward(self, pixel_values: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, C, H/4, W/4)."""
        return self.proj(pixel_values)


class ClickabilityPatchEmbedding(nn.Module):
    """Halves the resolution between two stages."""

    def __init__(self, in_channels: int, channels: int):
        super().__init__()
        self.proj = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, hidden: Tensor) -> Tensor:
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
        self.conv3 = ClickabilityPointwise(channels, channels, 1)

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) to the gated input and the gate, each of the same shape."""
        attention = self.conv0(hidden)
        total = attention + self.conv0_2(self.conv0_1(attention))
        total += self.conv1_2(self.conv1_1(attention))
        total += self.conv2_2(self.conv2_1(attention))
        gate = self.conv3(total)
        return gate * hidden, gate


class ClickabilityAttention(nn.Module):
    """The attention half of a block; its inner shortcut takes the normalised input."""

    def __init__(self, channels: int):
        super().__init__()
        self.proj_1 = ClickabilityPointwise(channels, channels, 1)
        self.activation = nn.GELU()
        self.spatial_gating_unit = ClickabilitySpatialGatingUnit(channels)
        self.proj_2 = ClickabilityPointwise(channels, channels, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        gated = self.spatial_gating_unit(self.activation(self.proj_1(hidden)))[0]
        return self.proj_2(gated) + hidden


class ClickabilityMlp(nn.Module):
    """The feed-forward half of a block, with a depthwise 3x3 convolution inside."""

    def __init__(self, channels: int, inner_channels: int):
        super().__init__()
        self.inner_channels = inner_channels
        self.fc1 = ClickabilityPointwise(channels, inner_channels, 1)
        self.dwconv = depthwise(inner_channels, 3, 3)
        self.activation = nn.GELU()
        self.fc2 = ClickabilityPointwise(inner_channels, channels, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        inner_values = hidden[:, 0].numel() * self.inner_channels
        if works_in_pieces(hidden) and inner_values > _PIECE:
            return self._in_strips(hidden, -(-inner_values // _PIECE))
        return self.fc2(self.activation(self.dwconv(self.fc1(hidden))))

    def _in_strips(self, hidden: Tensor, count: int) -> Tensor:
        """The same by strips of rows; each sees the row above and below that dwconv needs."""
        height = hidden.shape[2]
        rows = -(-height // count)
        strips = []
        for top in range(0, height, rows):
            bottom = min(top + rows, height)
            first, last = max(top - 1, 0), min(bottom + 1, height)
            inner = self.dwconv(self.fc1(hidden[:, :, first:last]))
            inner = inner[:, :, top - first : bottom - first]
            strips.append(self.fc2(self.activation(inner)))
        return torch.cat(strips, dim=2)


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

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        hidden = self._add(hidden, self.layer_scale_1, self.attn(self.norm1(hidden)))
        return self._add(hidden, self.layer_scale_2, self.mlp(self.norm2(hidden)))

    def _add(self, hidden: Tensor, scale: Tensor, branch: Tensor) -> Tensor:
        if self.training:
            return hidden + self.drop_path(scale[:, None, None] * branch)
        return torch.addcmul(hidden, scale[:, None, None], branch)


class ClickabilityEncoder(nn.Module):
    """All stages; the guidance joins after the stem."""

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

    def encode_image(self, pixel_values: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, C1, H/4, W/4): the part that does not depend on the masks."""
        embed: Any = self.patch_embed1
        return embed(channels_last_on_cpu(pixel_values))

    def forward(self, image_features: Tensor, guidance: Tensor) -> list[Tensor]:
        """Image features and guidance (B, C1, H/4, W/4) to the stages' (B, Ci, H/2^(i+1), ...)."""
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
