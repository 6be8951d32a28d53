"""The plain vision transformer under SimpleClick and AdaptiveClick, and the pyramid on its output.

Most blocks attend within windows of the pre-training's 224 pixels, every group's last one to the
whole image. Module names follow the published checkpoints, so converted tensors keep their names.
"""

# Without postponed annotations: `strict` checks the fields by their types.
from math import isqrt
from typing import Any

import torch
from huggingface_hub.dataclasses import strict
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import initialization as init
from transformers.configuration_utils import PreTrainedConfig
from transformers.modeling_layers import GradientCheckpointingLayer

from rclicks_hf.networks.click_map import ClickMapModel
from rclicks_hf.networks.limits import check_limits

#: Keys of published checkpoints that the networks do without, as patterns.
UNUSED = ("backbone.cls_token", "backbone.fc_norm.*", "backbone.head.*", "maps_transform.*")

_HEADS = {160: 4, 768: 12, 1024: 16, 1280: 16}  # published widths; no shape determines the heads
_WINDOW = 224  # pixels

_LIMITS = {
    "image_size": 8192,
    "patch_size": 32,
    "hidden_size": 4096,
    "num_hidden_layers": 64,
    "num_attention_heads": 64,
    "mlp_ratio": 16,
    "neck_sizes": 8192,
    "click_radius": 256,
}


@strict
class PlainVitConfig(PreTrainedConfig):
    r"""What the configurations of networks on the plain vision transformer share.

    Args:
        image_size: Side in pixels of the square input for which the position embedding is stored;
            it is resized for others.
        patch_size: Side of a patch in pixels.
        hidden_size: Width of the transformer.
        num_hidden_layers: Blocks of the transformer, a multiple of 4, at least 8.
        num_attention_heads: Attention heads per block.
        mlp_ratio: Expansion of the feed-forward layers.
        layer_norm_eps: Epsilon of the transformer's layer norms.
        neck_sizes: Channels of the pyramid at 1/4, 1/8, 1/16 and 1/32 of the input (for patches of
            16 pixels).
        click_radius: Radius of the disks at clicks in pixels.
        with_previous_mask: Whether the network sees its previous probability.
        initializer_range: Standard deviation of the initial weights.

    Raises:
        ValueError: If a number is not positive or far above the published ones, or two do not fit
            each other.

    Example:
        >>> PlainVitConfig(hidden_size=100)
        Traceback (most recent call last):
        ...
        ValueError: hidden_size 100 is not a multiple of its 12 heads
    """

    image_size: int = 448
    patch_size: int = 16
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    mlp_ratio: int = 4
    layer_norm_eps: float = 1e-6
    neck_sizes: list[int] | tuple[int, ...] = (128, 256, 512, 1024)
    click_radius: int = 5
    with_previous_mask: bool = True
    initializer_range: float = 0.02

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**kwargs)
        check_limits(self, _LIMITS)
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} is not a multiple of its "
                f"{self.num_attention_heads} heads"
            )
        if self.num_hidden_layers % 4 or self.num_hidden_layers < 8:
            raise ValueError(
                f"num_hidden_layers is {self.num_hidden_layers}; give a multiple of 4, at least 8"
            )
        if len(self.neck_sizes) != 4:
            raise ValueError(f"neck_sizes needs 4 numbers, got {self.neck_sizes}")
        windows_of(self.image_size, self.patch_size)


def read_fields(state: dict[str, Tensor], neck: str) -> dict[str, Any]:
    """Fields of a `PlainVitConfig` that the shapes in an official state dict determine.

    ``neck`` is the prefix of the pyramid's keys.

    Raises:
        KeyError: If a tensor is missing, or no published network has that width.
        ValueError: If a tensor has another number of axes.
    """
    width, _, patch, _ = state["backbone.patch_embed.proj.weight"].shape
    _, positions, _ = state["backbone.pos_embed"].shape
    names = [f"{neck}.{name}.weight" for name in ("down_4.5", "down_8.2", "down_16.0", "down_32.2")]
    return {
        "image_size": isqrt(positions - 1) * patch,
        "patch_size": patch,
        "hidden_size": width,
        "num_hidden_layers": count(state, "backbone.blocks.{}.norm1.weight"),
        "num_attention_heads": _HEADS[width],
        "mlp_ratio": state["backbone.blocks.0.mlp.fc1.weight"].shape[0] // width,
        "neck_sizes": tuple(state[name].shape[0] for name in names),
        "with_previous_mask": state["patch_embed_coords.proj.weight"].shape[1] == 3,
    }


def count(state: dict[str, Tensor], key: str) -> int:
    """Number of layers in a state dict, whose keys are ``key`` with 0, 1, ..."""
    return next(i for i in range(len(state) + 1) if key.format(i) not in state)


def windows_of(side: int, patch_size: int) -> int:
    """Number of windows along a side of the input in pixels; ValueError if it is not whole."""
    patches, per_window = side // patch_size, _WINDOW // patch_size
    windows = patches // per_window
    if not windows or patches % windows:
        raise ValueError(
            f"an input side of {side} pixels cannot be divided into windows of about {_WINDOW}; "
            f"give a multiple of {_WINDOW}"
        )
    return windows


class PlainVitPatchEmbedding(nn.Module):
    """One vector per patch of an image or of guidance maps."""

    def __init__(self, config: PlainVitConfig, channels: int):
        super().__init__()
        side = config.patch_size
        self.proj = nn.Conv2d(channels, config.hidden_size, side, stride=side)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to (B, hidden size, h, w)."""
        return self.proj(maps)


class PlainVitAttention(nn.Module):
    """Multi-head self-attention."""

    def __init__(self, config: PlainVitConfig):
        super().__init__()
        self.heads = config.num_attention_heads
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, N, C) to the same shape."""
        parts = self.qkv(hidden).unflatten(-1, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind()
        context = F.scaled_dot_product_attention(query, key, value)
        return self.proj(context.transpose(1, 2).flatten(2))


class PlainVitFeedForward(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, config: PlainVitConfig):
        super().__init__()
        inner = config.mlp_ratio * config.hidden_size
        self.fc1 = nn.Linear(config.hidden_size, inner)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(inner, config.hidden_size)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, N, C) to the same shape."""
        return self.fc2(self.act(self.fc1(hidden)))


class PlainVitBlock(GradientCheckpointingLayer):
    """One transformer layer with a norm before each half."""

    def __init__(self, config: PlainVitConfig):
        super().__init__()
        self.norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.attn = PlainVitAttention(config)
        self.norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = PlainVitFeedForward(config)

    def forward(self, hidden: Tensor) -> Tensor:
        """(B, N, C) to the same shape."""
        hidden = hidden + self.attn(self.norm1(hidden))
        return hidden + self.mlp(self.norm2(hidden))


class PlainVitBackbone(nn.Module):
    """The transformer, without class token and final norm."""

    def __init__(self, config: PlainVitConfig):
        super().__init__()
        self.side = config.image_size // config.patch_size
        self.patch_embed = PlainVitPatchEmbedding(config, 3)
        # The first position is that of the class token, which the networks do without.
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + self.side**2, config.hidden_size))
        depth = config.num_hidden_layers
        self.blocks = nn.ModuleList(PlainVitBlock(config) for _ in range(depth))
        self.group = 6 if depth == 12 else depth // 4

    def forward(self, image: Tensor, guidance: Tensor, rows: int, columns: int) -> Tensor:
        """(B, 3, H, W), embedded guidance (B, C, h, w) and numbers of windows to (B, C, h, w)."""
        hidden = self.patch_embed(image) + guidance
        hidden = (hidden + self._positions(hidden)).permute(0, 2, 3, 1)
        (height, width), is_split = hidden.shape[1:3], False
        for i, block in enumerate(self.blocks, 1):
            if i % self.group:
                if not is_split:
                    hidden = _split(hidden, rows, columns)
                hidden, is_split = block(hidden), True
            else:
                if is_split:
                    hidden = _joined(hidden, rows, columns, height, width)
                hidden = block(hidden.flatten(1, 2)).unflatten(1, (height, width))
                is_split = False
        return hidden.permute(0, 3, 1, 2)

    def _positions(self, hidden: Tensor) -> Tensor:
        """The position embedding as (1, C, h, w), resized if the input has another size."""
        positions = self.pos_embed[:, 1:].mT.unflatten(2, (self.side, self.side))
        if positions.shape[-2:] == hidden.shape[-2:]:
            return positions
        resized = F.interpolate(
            positions.float(), size=hidden.shape[-2:], mode="bicubic", align_corners=False
        )
        return resized.to(hidden.dtype)


def _split(hidden: Tensor, rows: int, columns: int) -> Tensor:
    """(B, H, W, C) to windows, (B * rows * columns, positions, C)."""
    windows = hidden.unflatten(2, (columns, -1)).unflatten(1, (rows, -1)).transpose(2, 3)
    return windows.flatten(0, 2).flatten(1, 2)


def _joined(hidden: Tensor, rows: int, columns: int, height: int, width: int) -> Tensor:
    """Windows back to (B, height, width, C)."""
    hidden = hidden.unflatten(1, (height // rows, width // columns))
    hidden = hidden.unflatten(0, (-1, rows, columns)).transpose(2, 3)
    return hidden.flatten(3, 4).flatten(1, 2)


class PlainVitPyramid(nn.Module):
    """Feature maps of four scales from the transformer's one."""

    def __init__(self, config: PlainVitConfig):
        super().__init__()
        size, sizes = config.hidden_size, config.neck_sizes
        inner = [max(2 * sizes[0], size // 2), max(sizes[1], size // 2), max(sizes[3], 2 * size)]
        # The names of the published checkpoints.
        self.down_4 = nn.Sequential(
            nn.ConvTranspose2d(size, inner[0], 2, stride=2),
            nn.GroupNorm(1, inner[0]),
            nn.GELU(),
            nn.ConvTranspose2d(inner[0], inner[0] // 2, 2, stride=2),
            nn.GroupNorm(1, inner[0] // 2),
            *_last(inner[0] // 2, sizes[0]),
        )
        self.down_8 = nn.Sequential(
            nn.ConvTranspose2d(size, inner[1], 2, stride=2),
            nn.GroupNorm(1, inner[1]),
            *_last(inner[1], sizes[1]),
        )
        self.down_16 = nn.Sequential(*_last(size, sizes[2]))
        self.down_32 = nn.Sequential(
            nn.Conv2d(size, inner[2], 2, stride=2),
            nn.GroupNorm(1, inner[2]),
            *_last(inner[2], sizes[3]),
        )

    def forward(self, hidden: Tensor) -> list[Tensor]:
        """(B, C, h, w) to maps of 4, 2, 1 and 1/2 times its sides."""
        return [scale(hidden) for scale in (self.down_4, self.down_8, self.down_16, self.down_32)]


def _last(in_channels: int, out_channels: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(in_channels, out_channels, 1), nn.GroupNorm(1, out_channels), nn.GELU()


class PlainVitPreTrainedModel(ClickMapModel):
    """Weight initialisation and loading."""

    config: PlainVitConfig
    base_model_prefix = ""
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _no_split_modules = ["PlainVitBlock"]  # noqa: RUF012

    def __init__(self, config: PlainVitConfig):
        super().__init__(config)
        self.patch_embed_coords = PlainVitPatchEmbedding(config, 2 + config.with_previous_mask)
        self.backbone = PlainVitBackbone(config)

    def encode(self, image: Tensor, guidance: Tensor) -> Tensor:
        """(B, 3, H, W) and guidance maps of its size to features (B, C, h, w)."""
        rows, columns = (windows_of(side, self.config.patch_size) for side in image.shape[-2:])
        return self.backbone(image, self.patch_embed_coords(guidance), rows, columns)

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, PlainVitBackbone):
            init.normal_(module.pos_embed, std=self.config.initializer_range)
