"""Segment Anything (Kirillov et al., 2023) as a segmenter."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from transformers import SamModel

from rclicks_hf.segmenters.prompt.base import EncodedImage, PromptedSegmenter
from rclicks_hf.segmenters.prompt.mask_decoder import MaskDecoder, channels_last


class SamSegmenter(PromptedSegmenter):
    """A ``SamModel`` of `transformers`, clicked on as in the paper.

    The image's longer side becomes 1024, with zeros on the right or below. Of the three masks the
    one with the highest expected IoU is taken; its logits are the next click's previous mask.

    Example:
        >>> import numpy as np
        >>> from rclicks_hf.data import Click
        >>> from transformers import SamConfig
        >>> shape = {"num_hidden_layers": 1, "hidden_size": 32, "num_attention_heads": 2}
        >>> network = SamModel(SamConfig(
        ...     vision_config={**shape, "image_size": 64},
        ...     prompt_encoder_config={"image_size": 64, "image_embedding_size": 4}))
        >>> segmenter = SamSegmenter(network, name="tiny", device="cpu")
        >>> state = segmenter.encode(np.zeros((20, 30, 3), np.uint8))
        >>> [prediction] = segmenter.predict(state, [[Click(15, 10, True)]], [None])
        >>> prediction.probability.shape, tuple(prediction.memory.shape)
        ((20, 30), (16, 16))
    """

    model_class = SamModel

    def _decoder(self) -> MaskDecoder:
        network = self.model.mask_decoder
        tokens = torch.cat([network.iou_token.weight, network.mask_tokens.weight])
        positions = self.model.get_image_wide_positional_embeddings()
        return MaskDecoder(network, tokens, score_token=0, positions=positions)

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        scale = self.input_size / max(height, width)
        # At least one pixel: a very long image would vanish.
        return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))

    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return channels_last(self.model.get_image_embeddings(pixel_values)), ()

    def _draw(self, state: EncodedImage, points: Tensor, dense: Tensor) -> Tensor:
        decoded = self._decode(state.features, points, dense)
        return decoded.logits(decoded.best())

    def _enlarge(self, logits: Tensor, state: EncodedImage) -> Tensor:
        # The reference enlarges the padding too, and cuts it off then; here one row and column of
        # it are enough, because a bilinear value depends on its neighbours alone.
        factor = self.input_size // logits.shape[-1]
        rows, columns = (-(-side // factor) + 1 for side in state.resized)
        maps = logits[:, None, :rows, :columns]
        maps = F.interpolate(maps, scale_factor=factor, mode="bilinear", align_corners=False)
        image = maps[:, :, : state.resized[0], : state.resized[1]]
        return F.interpolate(image, state.shape, mode="bilinear", align_corners=False)[:, 0]

    def _memory(self, logits: Tensor) -> Tensor:
        return logits
