"""MobileSAM (Zhang et al., 2023): SAM with a TinyViT as image encoder.

The encoder is ours; prompt encoder and mask decoder are those of SAM in `transformers`. Modules of
the encoder are named as in the published checkpoint.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from transformers import SamModel, SamPreTrainedModel
from transformers import initialization as init
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.sam.modeling_sam import (
    SamMaskDecoder,
    SamPositionalEmbedding,
    SamPromptEncoder,
    SamVisionNeck,
)

from .configuration_mobile_sam import MobileSamConfig, MobileSamVisionConfig

_MERGE_STRIDES = (2, 2, 1)  # after each stage but the last


class MobileSamConvNorm(nn.Module):
    """A convolution without bias, and a batch norm."""

    def __init__(
        self, in_channels: int, channels: int, kernel: int, stride: int = 1, groups: int = 1
    ):
        super().__init__()
        padding = kernel // 2
        self.c = nn.Conv2d(
            in_channels, channels, kernel, stride, padding, groups=groups, bias=False
        )
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, channels, H/stride, W/stride)."""
        return self.bn(self.c(hidden))


class MobileSamPatchEmbed(nn.Module):
    """Two convolutions with stride 2."""

    def __init__(self, config: MobileSamVisionConfig):
        super().__init__()
        channels = config.hidden_sizes[0]
        self.seq = nn.Sequential(
            MobileSamConvNorm(config.num_channels, channels // 2, 3, stride=2),
            nn.GELU(),
            MobileSamConvNorm(channels // 2, channels, 3, stride=2),
        )

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """(B, 3, S, S) to (B, C, S/4, S/4)."""
        return self.seq(pixel_values)


class MobileSamBottleneck(nn.Module):
    """1x1, depthwise 3x3 (with the stride) and 1x1 convolutions."""

    def __init__(self, in_channels: int, inner: int, channels: int, stride: int):
        super().__init__()
        self.conv1 = MobileSamConvNorm(in_channels, inner, 1)
        self.conv2 = MobileSamConvNorm(inner, inner, 3, stride, groups=inner)
        self.conv3 = MobileSamConvNorm(inner, channels, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to (B, channels, H/stride, W/stride)."""
        return self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(hidden)))))


class MobileSamConvLayer(MobileSamBottleneck):
    """A residual bottleneck: the block of the first stage."""

    def __init__(self, channels: int, expand_ratio: float):
        super().__init__(channels, int(channels * expand_ratio), channels, stride=1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        return F.gelu(super().forward(hidden) + hidden)


class MobileSamAttention(nn.Module):
    """Multi-head self-attention within a window, with a bias per head and offset."""

    def __init__(self, size: int, heads: int, window: int, eps: float):
        super().__init__()
        self.heads, self.window = heads, window
        self.norm = nn.LayerNorm(size, eps=eps)
        self.qkv = nn.Linear(size, 3 * size)
        self.proj = nn.Linear(size, size)
        self.attention_biases = nn.Parameter(torch.zeros(heads, window**2))
        index = torch.empty(window**2, window**2, dtype=torch.long)
        self.register_buffer("attention_bias_idxs", index, persistent=False)

    def bias_index(self) -> torch.Tensor:
        """(N, N) number of the offset (|dy|, |dx|) between two of a window's N pixels."""
        places = torch.cartesian_prod(*[torch.arange(self.window)] * 2)
        offsets = (places[:, None] - places).abs()
        # The published order, that of first appearance, is row by row.
        return offsets[..., 0] * self.window + offsets[..., 1]

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, N, C) to the same shape."""
        # Per head its queries, keys and values.
        mixed = self.qkv(self.norm(hidden)).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        query, key, value = mixed.chunk(3, dim=-1)
        bias = self.attention_biases[:, self.attention_bias_idxs]
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return self.proj(context.transpose(1, 2).flatten(2))


class MobileSamMlp(nn.Module):
    """A layer norm, and two linear layers with a GELU between them."""

    def __init__(self, size: int, inner: int, eps: float):
        super().__init__()
        self.norm = nn.LayerNorm(size, eps=eps)
        self.fc1 = nn.Linear(size, inner)
        self.fc2 = nn.Linear(inner, size)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(..., C) to the same shape."""
        return self.fc2(F.gelu(self.fc1(self.norm(hidden))))


class MobileSamLayer(nn.Module):
    """Windowed attention, a depthwise convolution without a shortcut, and an MLP."""

    def __init__(self, config: MobileSamVisionConfig, stage: int):
        super().__init__()
        size, eps = config.hidden_sizes[stage], config.layer_norm_eps
        self.window = config.window_sizes[stage]
        self.attn = MobileSamAttention(size, config.num_attention_heads[stage], self.window, eps)
        self.local_conv = MobileSamConvNorm(size, size, 3, groups=size)
        self.mlp = MobileSamMlp(size, int(size * config.mlp_ratio), eps)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the same shape."""
        pixels = hidden.permute(0, 2, 3, 1)
        pixels = pixels + self._attend(pixels)
        pixels = self.local_conv(pixels.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return (pixels + self.mlp(pixels)).permute(0, 3, 1, 2)

    def _attend(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, H, W, C) to the same shape; windows over the edge are filled up with zeros."""
        count, height, width, size = pixels.shape
        below, right = -height % self.window, -width % self.window
        pixels = F.pad(pixels, (0, 0, 0, right, 0, below))
        rows, columns = (height + below) // self.window, (width + right) // self.window
        split = (count, rows, self.window, columns, self.window, size)
        windows = pixels.view(split).transpose(2, 3).reshape(-1, self.window**2, size)
        split = (count, rows, columns, self.window, self.window, size)
        merged = self.attn(windows).view(split).transpose(2, 3)
        return merged.reshape(count, height + below, width + right, size)[:, :height, :width]


class MobileSamStage(nn.Module):
    """The blocks of one stage, and what leads to the next one."""

    def __init__(self, config: MobileSamVisionConfig, stage: int):
        super().__init__()
        sizes = config.hidden_sizes
        self.blocks = nn.ModuleList(
            MobileSamLayer(config, stage)
            if stage
            else MobileSamConvLayer(sizes[0], config.expand_ratio)
            for _ in range(config.depths[stage])
        )
        if stage < len(_MERGE_STRIDES):
            after = sizes[stage + 1]
            self.downsample = MobileSamBottleneck(sizes[stage], after, after, _MERGE_STRIDES[stage])
        else:
            self.downsample = nn.Identity()

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) to the input of the next stage."""
        for block in self.blocks:
            hidden = block(hidden)
        return self.downsample(hidden)


class MobileSamVisionEncoder(nn.Module):
    """A TinyViT whose last stage stays at 1/16 of the input's side, and SAM's neck."""

    def __init__(self, config: MobileSamVisionConfig):
        super().__init__()
        self.image_size = config.image_size
        self.patch_embed = MobileSamPatchEmbed(config)
        self.layers = nn.ModuleList(
            MobileSamStage(config, stage) for stage in range(len(config.depths))
        )
        self.neck = SamVisionNeck(config)

    def get_input_embeddings(self) -> nn.Module:
        """The layer that takes the pixels."""
        return self.patch_embed

    def forward(self, pixel_values: torch.Tensor, **kwargs: Any) -> BaseModelOutput:
        """(B, 3, S, S) to ``last_hidden_state`` (B, C, S/16, S/16)."""
        side = self.image_size
        if tuple(pixel_values.shape[2:]) != (side, side):
            raise ValueError(
                f"pixel_values must be (B, 3, {side}, {side}), got {tuple(pixel_values.shape)}"
            )
        hidden = self.patch_embed(pixel_values)
        for stage in self.layers:
            hidden = stage(hidden)
        return BaseModelOutput(last_hidden_state=self.neck(hidden.permute(0, 2, 3, 1)))


class MobileSamModel(SamModel):
    """Draws the mask of an object from clicks, boxes or a mask; called as `SamModel` is.

    Example:
        >>> config = MobileSamConfig(
        ...     vision_config={"image_size": 64, "hidden_sizes": (8, 8, 8, 8),
        ...                    "depths": (1, 1, 1, 1), "num_attention_heads": (1, 1, 1, 1)},
        ...     prompt_encoder_config={"image_size": 64})
        >>> model = MobileSamModel(config).eval()
        >>> with torch.no_grad():
        ...     output = model(torch.rand(1, 3, 64, 64), input_points=torch.ones(1, 1, 2, 2))
        >>> output.pred_masks.shape
        torch.Size([1, 1, 3, 16, 16])
    """

    config_class = MobileSamConfig
    config: MobileSamConfig
    base_model_prefix = ""
    _no_split_modules = ["MobileSamConvLayer", "MobileSamLayer"]  # noqa: RUF012
    supports_gradient_checkpointing = False

    def __init__(self, config: MobileSamConfig):
        SamPreTrainedModel.__init__(self, config)  # SamModel's own would build SAM's encoder
        self.shared_image_embedding = SamPositionalEmbedding(config.vision_config)
        self.vision_encoder = MobileSamVisionEncoder(config.vision_config)
        self.prompt_encoder = SamPromptEncoder(config)
        config.mask_decoder_config._attn_implementation = config._attn_implementation
        self.mask_decoder = SamMaskDecoder(config.mask_decoder_config)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, MobileSamAttention):
            init.zeros_(module.attention_biases)
            init.copy_(module.attention_bias_idxs, module.bias_index())


__all__ = ["MobileSamModel"]
