"""SAM-HQ (Ke et al., 2023) as a segmenter."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from transformers import SamHQModel

from rclicks_hf.segmenters.prompt.base import EncodedImage
from rclicks_hf.segmenters.prompt.mask_decoder import (
    PIECE,
    MaskDecoder,
    channels_last,
    nest,
    norm_channels,
    unnest,
)
from rclicks_hf.segmenters.prompt.sam import SamSegmenter


class SamHqSegmenter(SamSegmenter):
    """A ``SamHQModel`` of `transformers`, clicked on as in the paper.

    As `SamSegmenter`, but the high-quality mask is added to the best of the three masks; their sum
    is also the previous mask of the next click.
    """

    model_class = SamHQModel

    def _decoder(self) -> MaskDecoder:
        network = self.model.mask_decoder
        parts = (network.iou_token, network.mask_tokens, network.hq_token)
        tokens = torch.cat([part.weight for part in parts])
        positions = self.model.get_image_wide_positional_embeddings()
        return HqMaskDecoder(network, tokens, score_token=0, positions=positions)

    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        encoded = self.model.vision_encoder(pixel_values=pixel_values)
        image = encoded.last_hidden_state
        network = self.model.mask_decoder
        fine = network.activation(network.encoder_norm(network.encoder_conv1(image)))
        # The bias of the decoder's last convolution: it is the same for all prompts.
        fine = network.encoder_conv2(fine) + network.mask_conv2.bias[:, None, None]
        for early in encoded.intermediate_embeddings[:1]:  # of the first global attention
            hidden = network.compress_vit_conv1(early.permute(0, 3, 1, 2))
            hidden = network.activation(network.compress_vit_norm(hidden))
            fine = fine + network.compress_vit_conv2(hidden)
        return channels_last(image), (nest(fine.contiguous(), 2),)

    def _draw(self, state: EncodedImage, points: Tensor, dense: Tensor) -> Tensor:
        decoded = self._decode(state.features, points, dense, state.finer)
        best = decoded.best()
        return decoded.logits(best) + decoded.logits(torch.full_like(best, -1))


class HqMaskDecoder(MaskDecoder):
    """Decodes the high-quality mask too, as the last one; it has no expected IoU.

    ``SamHQMaskDecoder.forward`` of `transformers` 5.23 upscales the features that go into the
    attention blocks instead of those that come out, with height and width exchanged.
    """

    def __init__(self, network: Any, tokens: Tensor, score_token: int, positions: Tensor):
        super().__init__(network, tokens, score_token, positions)
        self._mask_networks.append(network.hq_mask_mlp)

    def _masks(self, features: Tensor, weights: Tensor, finer: tuple[Tensor, ...]) -> Tensor:
        upscaled = torch.cat([self._upscale(piece, []) for piece in features.split(PIECE, 1)], 1)
        others, weight = weights[..., :-1], weights[..., -1:]
        mask = self._from_mask_features(upscaled, weight) + finer[0] @ weight
        return torch.cat([upscaled @ others, mask], dim=2)

    def _from_mask_features(self, upscaled: Tensor, weight: Tensor) -> Tensor:
        """Two convolutions and the product with (B, c, 1): (B, 16·h·w, c) to (B, 16·h·w, 1)."""
        network, (height, width) = self._network, self._grid
        maps = network.mask_conv1(unnest(upscaled, self._grid)).permute(0, 2, 3, 1)
        maps = network.activation(norm_channels(maps, network.mask_norm))
        # The second convolution and the product are one convolution with a single output channel,
        # that is, a product per offset and a sum of the nine shifted results.
        kernel = torch.einsum("bco,cdyx->byxd", weight, network.mask_conv2.weight).flip(1, 2)
        shifted = kernel.flatten(1, 2) @ maps.flatten(1, 2).mT
        return nest(F.fold(shifted, (4 * height, 4 * width), 3, padding=1), 2)
