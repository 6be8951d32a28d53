"""AdaptiveClick: a plain vision transformer, and a decoder whose attention follows the clicks.

The decoders are Mask2Former's (Cheng et al., CVPR 2022) with another attention mask. Module names
follow the published checkpoints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import initialization as init

from rclicks_hf.networks.click_map import ClickMapOutput
from rclicks_hf.networks.plain_vit import PlainVitPreTrainedModel, PlainVitPyramid

from .configuration_adaptive_click import AdaptiveClickConfig

_SCALES = 3  # 1/32, 1/16 and 1/8 of the input, in this order, enter attention


@dataclass
class AdaptiveClickOutput(ClickMapOutput):
    """What [`AdaptiveClickModel`] returns.

    Attributes:
        class_queries_logits: (B, Q, 2), no object and object.
        masks_queries_logits: (B, Q, h, w) at 1/4 of the input's size.
    """

    class_queries_logits: Tensor | None = None
    masks_queries_logits: Tensor | None = None


class AdaptiveClickDeformableAttention(nn.Module):
    """Every position looks at a few sampled points of every scale."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        size, self.heads, self.points = (
            config.decoder_size,
            config.num_decoder_heads,
            config.num_points,
        )
        samples = self.heads * _SCALES * self.points
        self.sampling_offsets = nn.Linear(size, 2 * samples)
        self.attention_weights = nn.Linear(size, samples)
        self.value_proj = nn.Linear(size, size)
        self.output_proj = nn.Linear(size, size)

    def forward(
        self, query: Tensor, hidden: Tensor, centres: Tensor, sizes: list[torch.Size]
    ) -> Tensor:
        """(B, N, C), the positions of all scales, to the same shape; centres (N, 2) in [0, 1]."""
        per_head = (self.heads, _SCALES, self.points)
        weights = self.attention_weights(query).unflatten(-1, (self.heads, -1)).softmax(-1)
        weights = weights.unflatten(-1, per_head[1:]).transpose(1, 2).flatten(0, 1).float()
        offsets = self.sampling_offsets(query).unflatten(-1, (*per_head, 2))
        offsets = offsets.transpose(1, 2).flatten(0, 1).float()
        # (B, heads, channels per head, N)
        values = self.value_proj(hidden).unflatten(-1, (self.heads, -1)).permute(0, 2, 3, 1)
        values = values.flatten(0, 1).float()
        scales = values.split([height * width for height, width in sizes], -1)
        total = torch.zeros_like(values)
        for i, ((height, width), value) in enumerate(zip(sizes, scales, strict=True)):
            places = centres[:, None] + offsets[:, :, i] / offsets.new_tensor((width, height))
            sampled = F.grid_sample(
                value.unflatten(-1, (height, width)),
                2 * places - 1,
                mode="bilinear",
                padding_mode="zeros",
                align_corners=False,
            )
            total = total + (sampled * weights[:, None, :, i]).sum(-1)
        merged = total.unflatten(0, (-1, self.heads)).flatten(1, 2).mT
        return self.output_proj(merged.to(hidden.dtype))


class AdaptiveClickEncoderLayer(nn.Module):
    """Deformable attention and a feed-forward part, with a norm after each."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        size, inner = config.decoder_size, config.feedforward_size // 2
        self.self_attn = AdaptiveClickDeformableAttention(config)
        self.norm1 = nn.LayerNorm(size)
        self.linear1 = nn.Linear(size, inner)
        self.linear2 = nn.Linear(inner, size)
        self.norm2 = nn.LayerNorm(size)

    def forward(
        self, hidden: Tensor, positions: Tensor, centres: Tensor, sizes: list[torch.Size]
    ) -> Tensor:
        """(B, N, C) to the same shape."""
        attended = self.self_attn(hidden + positions, hidden, centres, sizes)
        hidden = self.norm1(hidden + attended)
        return self.norm2(hidden + self.linear2(torch.relu(self.linear1(hidden))))


class AdaptiveClickEncoder(nn.Module):
    """The layers of deformable attention."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        self.layers = nn.ModuleList(
            AdaptiveClickEncoderLayer(config) for _ in range(config.num_encoder_layers)
        )

    def forward(self, hidden: Tensor, positions: Tensor, sizes: list[torch.Size]) -> Tensor:
        """(B, N, C) to the same shape."""
        centres = torch.cat([_centres(size, hidden.device) for size in sizes])
        for layer in self.layers:
            hidden = layer(hidden, positions, centres, sizes)
        return hidden


class AdaptiveClickTransformer(nn.Module):
    """Deformable attention over the positions of several maps."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        self.level_embed = nn.Parameter(torch.empty(_SCALES, config.decoder_size))
        self.encoder = AdaptiveClickEncoder(config)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Maps (B, C, h, w) to as many of the same shapes."""
        sizes = [level.shape[-2:] for level in maps]
        positions = torch.cat(
            [
                _sine_positions(level) + embedding
                for level, embedding in zip(maps, self.level_embed, strict=True)
            ],
            1,
        )
        hidden = torch.cat([level.flatten(2).mT for level in maps], 1)
        parts = self.encoder(hidden, positions, sizes).mT.split(
            [height * width for height, width in sizes], -1
        )
        return [part.unflatten(-1, size) for part, size in zip(parts, sizes, strict=True)]


class AdaptiveClickPixelDecoder(nn.Module):
    """From the transformer's map to features of four scales."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        size, groups = config.decoder_size, config.num_groups

        def convolution(channels: int, kernel: int, *last: nn.Module) -> nn.Sequential:
            layer = nn.Conv2d(channels, size, kernel, padding=kernel // 2)
            return nn.Sequential(layer, nn.GroupNorm(groups, size), *last)

        self.neck = PlainVitPyramid(config)
        self.input_proj = nn.ModuleList(
            convolution(channels, 1) for channels in config.neck_sizes[:0:-1]
        )
        self.transformer = AdaptiveClickTransformer(config)
        self.lateral_convs = nn.ModuleList([convolution(config.neck_sizes[0], 1, nn.ReLU())])
        self.output_convs = nn.ModuleList([convolution(size, 3, nn.ReLU())])
        self.mask_features = nn.Conv2d(size, config.mask_size, 1)

    def forward(self, hidden: Tensor) -> tuple[list[Tensor], Tensor]:
        """(B, C, h, w) to maps at 1/32, 1/16 and 1/8 of the input, and mask features at 1/4."""
        largest, *smaller = self.neck(hidden)
        maps = self.transformer(
            [layer(level) for layer, level in zip(self.input_proj, smaller[::-1], strict=True)]
        )
        fine = self.lateral_convs[0](largest)
        fine = fine + _resized(maps[-1], fine.shape[-2:])
        return maps, self.mask_features(self.output_convs[0](fine))


class AdaptiveClickAttention(nn.Module):
    """Multi-head attention."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        size, self.heads = config.decoder_size, config.num_decoder_heads
        self.q_proj = nn.Linear(size, size)
        self.k_proj = nn.Linear(size, size)
        self.v_proj = nn.Linear(size, size)
        self.out_proj = nn.Linear(size, size)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """Query (B, Q, C); key and value (B, N, C); mask (B, Q, N), True where it may look."""
        query, key, value = (
            layer(hidden).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer, hidden in ((self.q_proj, query), (self.k_proj, key), (self.v_proj, value))
        )
        mask = None if mask is None else mask[:, None]
        context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.out_proj(context.transpose(1, 2).flatten(2))


class AdaptiveClickCrossAttentionLayer(nn.Module):
    """Queries look at one scale of the image."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        self.multihead_attn = AdaptiveClickAttention(config)
        self.norm = nn.LayerNorm(config.decoder_size)

    def forward(
        self, queries: Tensor, places: Tensor, level: Tensor, positions: Tensor, mask: Tensor
    ) -> Tensor:
        """Queries (B, Q, C) and their embedding; a level (B, N, C) and its positions."""
        attended = self.multihead_attn(queries + places, level + positions, level, mask)
        return self.norm(queries + attended)


class AdaptiveClickSelfAttentionLayer(nn.Module):
    """Queries look at each other."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        self.self_attn = AdaptiveClickAttention(config)
        self.norm = nn.LayerNorm(config.decoder_size)

    def forward(self, queries: Tensor, places: Tensor) -> Tensor:
        """Queries (B, Q, C) and their embedding."""
        placed = queries + places
        return self.norm(queries + self.self_attn(placed, placed, queries))


class AdaptiveClickFeedForwardLayer(nn.Module):
    """Two linear layers with a ReLU between them."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        self.linear1 = nn.Linear(config.decoder_size, config.feedforward_size)
        self.linear2 = nn.Linear(config.feedforward_size, config.decoder_size)
        self.norm = nn.LayerNorm(config.decoder_size)

    def forward(self, queries: Tensor) -> Tensor:
        """(B, Q, C) to the same shape."""
        return self.norm(queries + self.linear2(torch.relu(self.linear1(queries))))


class AdaptiveClickMaskEmbedding(nn.Module):
    """From a query to the weights of its mask."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        size = config.decoder_size
        self.layers = nn.ModuleList(
            [nn.Linear(size, size), nn.Linear(size, size), nn.Linear(size, config.mask_size)]
        )

    def forward(self, queries: Tensor) -> Tensor:
        """(B, Q, C) to (B, Q, mask channels)."""
        *inner, last = self.layers
        for layer in inner:
            queries = torch.relu(layer(queries))
        return last(queries)


class AdaptiveClickMaskDecoder(nn.Module):
    """Queries that become masks; each looks at its last mask and, if it is an object, at clicks."""

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__()
        size, layers = config.decoder_size, range(config.num_decoder_layers)
        # The names of the published checkpoints.
        self.transformer_cross_attention_layers = nn.ModuleList(
            AdaptiveClickCrossAttentionLayer(config) for _ in layers
        )
        self.transformer_self_attention_layers = nn.ModuleList(
            AdaptiveClickSelfAttentionLayer(config) for _ in layers
        )
        self.transformer_ffn_layers = nn.ModuleList(
            AdaptiveClickFeedForwardLayer(config) for _ in layers
        )
        self.decoder_norm = nn.LayerNorm(size)
        self.query_feat = nn.Embedding(config.num_queries, size)
        self.query_embed = nn.Embedding(config.num_queries, size)
        self.level_embed = nn.Embedding(_SCALES, size)
        self.class_embed = nn.Linear(size, 2)
        self.mask_embed = AdaptiveClickMaskEmbedding(config)

    def forward(
        self, maps: list[Tensor], mask_features: Tensor, clicks: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Maps, mask features and disks (B, 1, H, W) to logits (B, Q, 2) and (B, Q, h, w)."""
        numbers = torch.arange(_SCALES, device=clicks.device)
        embeddings = self.level_embed(numbers)
        levels = [
            level.flatten(2).mT + embedding
            for level, embedding in zip(maps, embeddings, strict=True)
        ]
        positions = [_sine_positions(level) for level in maps]
        near = [_near_clicks(clicks, level.shape[-2:]) for level in maps]
        every = torch.arange(self.query_feat.num_embeddings, device=clicks.device)
        queries = self.query_feat(every).expand(clicks.shape[0], -1, -1)
        places = self.query_embed(every)
        classes, masks = self._predict(queries, mask_features)
        for i, (cross_attention, self_attention, feed_forward) in enumerate(
            zip(
                self.transformer_cross_attention_layers,
                self.transformer_self_attention_layers,
                self.transformer_ffn_layers,
                strict=True,
            )
        ):
            scale = i % _SCALES
            mask = _attention_mask(classes, masks, near[scale], maps[scale].shape[-2:])
            queries = cross_attention(queries, places, levels[scale], positions[scale], mask)
            queries = feed_forward(self_attention(queries, places))
            classes, masks = self._predict(queries, mask_features)
        return classes, masks

    def _predict(self, queries: Tensor, mask_features: Tensor) -> tuple[Tensor, Tensor]:
        queries = self.decoder_norm(queries)
        weights = self.mask_embed(queries)
        masks = torch.einsum("bqc,bchw->bqhw", weights, mask_features)
        return self.class_embed(queries), masks


@torch.no_grad()
def _attention_mask(classes: Tensor, masks: Tensor, near: Tensor, size: torch.Size) -> Tensor:
    """(B, Q, N), True where a query may look: its mask, and clicks if it is an object."""
    inside = (_resized(masks, size).sigmoid() >= 0.5).flatten(2)
    is_object = classes.argmax(-1, keepdim=True) == 1
    mask = inside | (is_object & near)
    return mask | ~mask.any(-1, keepdim=True)


@torch.no_grad()
def _near_clicks(clicks: Tensor, size: torch.Size) -> Tensor:
    """Disks (B, 1, H, W) to (B, 1, N), True at positions of a smaller map that are at a click."""
    for _ in range(int(math.log(clicks.shape[-1] / size[-1], 2))):
        clicks = F.max_pool2d(clicks, 3, stride=2, padding=1)
    return (_resized(clicks, size) >= 0.5).flatten(2)


def _resized(maps: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(maps, size=size, mode="bilinear", align_corners=False)


def _centres(size: torch.Size, device: torch.device) -> Tensor:
    """(h * w, 2), the centres of a map's positions as (x, y) in [0, 1]."""
    rows, columns = (
        (torch.arange(side, device=device, dtype=torch.float32) + 0.5) / side for side in size
    )
    grid = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack(grid[::-1], -1).flatten(0, 1)


def _sine_positions(level: Tensor) -> Tensor:
    """(1, h * w, C), sines and cosines of the rows, then of the columns, of a map (B, C, h, w)."""
    height, width = level.shape[-2:]
    half = level.shape[1] // 2
    steps = torch.arange(half, device=level.device, dtype=torch.float32)
    periods = 10000 ** (2 * torch.div(steps, 2, rounding_mode="floor") / half)

    def waves(side: int) -> Tensor:
        places = torch.arange(1, side + 1, device=level.device, dtype=torch.float32)
        angles = (places / (side + 1e-6) * 2 * math.pi)[:, None] / periods
        return torch.stack([angles[:, 0::2].sin(), angles[:, 1::2].cos()], -1).flatten(1)

    rows = waves(height)[:, None].expand(-1, width, -1)
    columns = waves(width).expand(height, -1, -1)
    return torch.cat([rows, columns], -1).flatten(0, 1)[None].to(level.dtype)


class AdaptiveClickModel(PlainVitPreTrainedModel):
    """Segments the object that the clicks point at (Lin et al., IEEE TNNLS 2024).

    Images must be square; their sides are divided into windows of about 224 pixels.

    Example:
        >>> from rclicks_hf.networks.adaptive_click import AdaptiveClickConfig
        >>> config = AdaptiveClickConfig(
        ...     image_size=224, hidden_size=16, num_hidden_layers=8, num_attention_heads=2,
        ...     neck_sizes=(8, 8, 8, 8), decoder_size=32, mask_size=8, feedforward_size=16,
        ...     num_encoder_layers=1, num_decoder_layers=3)
        >>> model = AdaptiveClickModel(config).eval()
        >>> points = torch.tensor([[[60.0, 80.0, 0.0], [-1.0, -1.0, -1.0]]])
        >>> with torch.no_grad():
        ...     output = model(torch.rand(1, 3, 224, 224), points)
        >>> tuple(output.logits.shape), tuple(output.masks_queries_logits.shape)
        ((1, 1, 224, 224), (1, 10, 56, 56))
    """

    config_class = AdaptiveClickConfig
    config: AdaptiveClickConfig

    def __init__(self, config: AdaptiveClickConfig):
        super().__init__(config)
        self.pixel_decoder = AdaptiveClickPixelDecoder(config)
        self.click_aware_decoder = AdaptiveClickMaskDecoder(config)
        self.post_init()

    def segment(self, image: Tensor, guidance: Tensor, points: Tensor) -> AdaptiveClickOutput:
        """The sum of all masks' logits, each times the probability that it is an object.

        Raises:
            ValueError: If the image is not square.
        """
        height, width = image.shape[-2:]
        if height != width:
            raise ValueError(f"AdaptiveClick needs square images, got {height} x {width} pixels")
        hidden = self.backbone(image, self.patch_embed_coords(guidance))
        maps, mask_features = self.pixel_decoder(hidden)
        positive = guidance[:, -2:-1]
        classes, masks = self.click_aware_decoder(maps, mask_features, positive)
        total = torch.einsum("bq,bqhw->bhw", classes[..., 1].sigmoid(), masks)[:, None]
        return AdaptiveClickOutput(
            # Resizing is linear: the sum is resized instead of every mask.
            logits=F.interpolate(total, size=(height, width), mode="bilinear", align_corners=True),
            class_queries_logits=classes,
            masks_queries_logits=masks,
        )

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, AdaptiveClickTransformer):
            init.normal_(module.level_embed)
        elif isinstance(module, AdaptiveClickDeformableAttention):
            for layer in (module.sampling_offsets, module.attention_weights):
                init.zeros_(layer.weight)
                init.zeros_(layer.bias)
            init.copy_(module.sampling_offsets.bias, _ring(module).to(self.dtype))


def _ring(attention: AdaptiveClickDeformableAttention) -> Tensor:
    """First offsets: every head looks in its own direction, at 1, 2, ... positions' distance."""
    angles = torch.arange(attention.heads) * (2 * math.pi / attention.heads)
    directions = torch.stack([angles.cos(), angles.sin()], -1)
    directions = directions / directions.abs().amax(-1, keepdim=True)
    distances = torch.arange(1, attention.points + 1)
    offsets = directions[:, None, None] * distances[:, None]
    return offsets.expand(-1, _SCALES, -1, -1).flatten()


__all__ = ["AdaptiveClickModel", "AdaptiveClickOutput"]
