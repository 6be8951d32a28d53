"""Segment Anything 2 and 2.1 (Ravi et al., 2024) as segmenters of still images."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from transformers import Sam2Model

from rclicks_hf.segmenters.prompt.base import EncodedImage, PromptedSegmenter
from rclicks_hf.segmenters.prompt.mask_decoder import (
    DecodedPrompts,
    MaskDecoder,
    channels_last,
    nest,
)

LARGEST_LOGIT = 32.0  # of a previous mask


class Sam2Segmenter(PromptedSegmenter):
    """A ``Sam2Model`` of `transformers`, clicked on as in the paper.

    The image is resized to a square of 1024. The mask for unambiguous prompts is used if it is
    stable, that is, if it hardly changes with its threshold; otherwise the one of the other three
    with the highest expected IoU. Its logits, clipped to ±32, are the previous mask of the next
    click.
    """

    model_class = Sam2Model

    def _decoder(self) -> MaskDecoder:
        network = self.model.mask_decoder
        parts = (network.obj_score_token, network.iou_token, network.mask_tokens)
        tokens = torch.cat([part.weight for part in parts])
        positions = self.model.get_image_wide_positional_embeddings()
        return MaskDecoder(network, tokens, score_token=1, positions=positions)

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        return self.input_size, self.input_size

    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        four_times, twice, features = self.model.get_image_embeddings(pixel_values)
        return channels_last(features), (nest(twice, 1), nest(four_times, 2))

    def _draw(self, state: EncodedImage, points: Tensor, dense: Tensor) -> Tensor:
        decoded = self._decode(state.features, points, dense, state.finer)
        return decoded.logits(self._index(decoded))

    def _index(self, decoded: DecodedPrompts) -> Tensor:
        """(B,) index of the mask to use."""
        config = self.model.config.mask_decoder_config
        best = decoded.best()
        if not config.dynamic_multimask_via_stability:
            return torch.zeros_like(best)
        single = decoded.logits(torch.zeros_like(best)).flatten(1)
        delta = config.dynamic_multimask_stability_delta
        narrow, wide = (single > delta).sum(1), (single > -delta).sum(1)
        stability = torch.where(wide > 0, narrow / wide, 1.0)
        return torch.where(stability >= config.dynamic_multimask_stability_thresh, 0, best)

    def _enlarge(self, logits: Tensor, state: EncodedImage) -> Tensor:
        maps = logits[:, None]
        return F.interpolate(maps, state.shape, mode="bilinear", align_corners=False)[:, 0]

    def _memory(self, logits: Tensor) -> Tensor:
        return logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)
