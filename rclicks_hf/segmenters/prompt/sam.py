"""Segment Anything (Kirillov et al., 2023) as a segmenter."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor
from transformers import SamModel

from rclicks_hf.segmenters.prompt.base import PromptedSegmenter
from rclicks_hf.segmenters.prompt.click_prompts import EncodedImage, PaddedSquare
from rclicks_hf.segmenters.prompt.mask_decoder import MaskDecoder, channels_last


class SamSegmenter(PaddedSquare, PromptedSegmenter):
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

    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return channels_last(self.model.get_image_embeddings(pixel_values)), ()

    def _draw(self, state: EncodedImage, points: Tensor, dense: Tensor) -> Tensor:
        decoded = self._decode(state.features, points, dense)
        return decoded.logits(decoded.best())
