"""Segment Anything (Kirillov et al., 2023) as a segmenter."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from transformers import SamModel

from rclicks_hf.segmenters.prompt.base import EncodedImage, PromptedSegmenter
from rclicks_hf.segmenters.prompt.mask_decoder import MaskDecoder, channels_last


class SamSegmenter(PromptedSegmenter):
    """A ``SamModel`` of `transformers`, clicked on as in the paper.

    The image is scaled to a longer side of 1024 and padded with zeros on the right or below. Of the
    three masks, the one with the highest expected IoU is used; its logits are the previous mask of
    the next click.
    """

    model_class: ClassVar[Any] = SamModel

    def _decoder(self) -> MaskDecoder:
        network = self.model.mask_decoder
        tokens = torch.cat([network.iou_token.weight, network.mask_tokens.weight])
        positions = self.model.get_image_wide_positional_embeddings()
        return MaskDecoder(network, tokens, score_token=0, positions=positions)

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        scale = self.input_size / max(height, width)
        # At least one pixel, also for very long images.
        return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))

    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return channels_last(self.model.get_image_embeddings(pixel_values)), ()

    def _draw(self, state: EncodedImage, points: Tensor, dense: Tensor) -> Tensor:
        decoded = self._decode(state.features, points, dense)
        return decoded.logits(decoded.best())

    def _enlarge(self, logits: Tensor, state: EncodedImage) -> Tensor:
        # The reference enlarges the padding too and cuts it off afterwards; one row and column of
        # it are enough, because a bilinear value depends only on its neighbours.
        factor = self.input_size // logits.shape[-1]
        rows, columns = (-(-side // factor) + 1 for side in state.resized)
        maps = logits[:, None, :rows, :columns]
        maps = F.interpolate(maps, scale_factor=factor, mode="bilinear", align_corners=False)
        image = maps[:, :, : state.resized[0], : state.resized[1]]
        return F.interpolate(image, state.shape, mode="bilinear", align_corners=False)[:, 0]

    def _memory(self, logits: Tensor) -> Tensor:
        return logits
