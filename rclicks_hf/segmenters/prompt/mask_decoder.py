"""The mask decoder of a SAM-like network, at half the time per click on a CPU.

The attention blocks are those of `transformers`. Its decoder copies the image features per prompt
and permutes them between channels first and channels last; here they stay channels last, what all
prompts share is not copied, and the masks are upscaled piece by piece.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

PIECE = 1024  # pixels of the image features that are upscaled at a time: they stay in the cache


@dataclass(frozen=True, eq=False)
class DecodedPrompts:
    """What the decoder computes for B prompts, before a mask is chosen."""

    scores: Tensor  # (B, M) expected IoU per mask; mask 0 is the one for unambiguous prompts
    nested: Tensor  # (B, 16·h·w, M or more) logits of the masks, pixels in the order of `nest`
    grid: tuple[int, int]  # (h, w) of the image features

    def best(self) -> Tensor:
        """(B,) index, from 1, of the mask with the highest expected IoU among all but mask 0."""
        return self.scores[:, 1:].argmax(1) + 1

    def logits(self, index: Tensor) -> Tensor:
        """(B, 4h, 4w) logits of one mask per prompt, given its (B,) index."""
        prompts = torch.arange(len(index), device=index.device)
        return unnest(self.nested[prompts, :, index, None], self.grid)[:, 0]


class MaskDecoder:
    """Runs a ``SamMaskDecoder`` or ``Sam2MaskDecoder`` of `transformers` for B prompts at once.

    Args:
        network: The decoder module, in evaluation mode; its weights must not change afterwards.
        tokens: (T, C) its output tokens, in its order.
        score_token: Index of the token for the expected IoUs; those of the masks follow it.
        positions: (1, C, h, w) positional embedding of the image features.
    """

    def __init__(self, network: Any, tokens: Tensor, score_token: int, positions: Tensor):
        self._network = network
        self._tokens = tokens
        self._score_token = score_token
        self._positions = channels_last(positions)
        self._grid = (positions.shape[2], positions.shape[3])
        self._mask_networks = [*network.output_hypernetworks_mlps]
        self._upscalings = [_as_linear(network.upscale_conv1), _as_linear(network.upscale_conv2)]

    def __call__(
        self, image: Tensor, points: Tensor, dense: Tensor, finer: tuple[Tensor, ...] = ()
    ) -> DecodedPrompts:
        """Decode B prompts on one image.

        ``image`` is (1, C, h, w), ``points`` (B, 1, N, C), ``dense`` (B, C, h, w) the embedded
        previous masks, and ``finer`` features at 2 and 4 times the resolution, ordered by `nest`.
        """
        tokens = torch.cat([self._tokens.expand(len(points), 1, -1, -1), points], dim=2)
        tokens, features = self._network.transformer(
            point_embeddings=tokens,
            image_embeddings=channels_last(image + dense),
            image_positional_embeddings=self._positions,
            attention_similarity=None,
        )
        tokens, first_mask = tokens[:, 0], self._score_token + 1
        weights = [mlp(tokens[:, first_mask + i]) for i, mlp in enumerate(self._mask_networks)]
        return DecodedPrompts(
            scores=self._network.iou_prediction_head(tokens[:, self._score_token]),
            nested=self._masks(features[:, 0], torch.stack(weights, dim=2), finer),
            grid=self._grid,
        )

    def _masks(self, features: Tensor, weights: Tensor, finer: tuple[Tensor, ...]) -> Tensor:
        """(B, h·w, C) features and (B, c, M) weights to (B, 16·h·w, M) logits, piece by piece."""
        pieces = [features.split(PIECE, dim=1)]
        pieces += [level.split(4 * PIECE * 4**i, dim=1) for i, level in enumerate(finer)]
        return torch.cat(
            [self._upscale(piece, rest) @ weights for piece, *rest in zip(*pieces, strict=True)],
            dim=1,
        )

    def _upscale(self, features: Tensor, finer: list[Tensor]) -> Tensor:
        """(B, h·w, C) to (B, 16·h·w, c), in the order of `nest`."""
        activation = self._network.activation
        features = _enlarge(features, self._upscalings[0])
        features = features + finer[0] if finer else features
        features = activation(norm_channels(features, self._network.upscale_layer_norm))
        features = _enlarge(features, self._upscalings[1])
        return activation(features + finer[1] if finer else features)


def channels_last(features: Tensor) -> Tensor:
    """The same (B, C, h, w) features with the channels of a pixel adjacent in memory."""
    return features.contiguous(memory_format=torch.channels_last)


def norm_channels(features: Tensor, norm: nn.LayerNorm) -> Tensor:
    """Apply a norm over the channels to features whose last axis they are."""
    return F.layer_norm(features, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def nest(features: Tensor, doublings: int) -> Tensor:
    """(B, C, H, W) to (B, H·W, C), so that the pixels inside one coarse pixel are adjacent.

    A coarse pixel has ``2**doublings`` pixels per side; coarse pixels, the quarters inside each,
    and the quarters inside those are in row-major order.

    Example:
        >>> nest(torch.arange(8).view(1, 1, 2, 4), 1).flatten().tolist()
        [0, 1, 4, 5, 2, 3, 6, 7]
    """
    count, channels, height, width = features.shape
    halves = [2] * doublings
    split = features.view(
        count, channels, height >> doublings, *halves, width >> doublings, *halves
    )
    rows, columns = range(2, 3 + doublings), range(3 + doublings, 4 + 2 * doublings)
    order = [axis for pair in zip(rows, columns, strict=True) for axis in pair]
    return split.permute(0, *order, 1).reshape(count, height * width, channels)


def unnest(values: Tensor, grid: tuple[int, int]) -> Tensor:
    """(B, 16·h·w, C) in the order of ``nest(..., 2)`` to (B, C, 4h, 4w), channels last in memory."""
    height, width = grid
    nested = values.reshape(len(values), height, width, 2, 2, 2, 2, -1)
    maps = nested.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(len(values), 4 * height, 4 * width, -1)
    return maps.permute(0, 3, 1, 2)


def _as_linear(layer: nn.ConvTranspose2d) -> tuple[Tensor, Tensor]:
    """A transposed convolution with stride = kernel size, as one linear map per pixel."""
    weight = layer.weight.detach()
    assert layer.bias is not None
    return (
        weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0]).contiguous(),
        layer.bias.detach().repeat(4),
    )


def _enlarge(features: Tensor, linear: tuple[Tensor, Tensor]) -> Tensor:
    """(B, P, C) to (B, 4P, c): every pixel becomes its four quarters."""
    count, pixels, _ = features.shape
    return F.linear(features, *linear).view(count, 4 * pixels, -1)
