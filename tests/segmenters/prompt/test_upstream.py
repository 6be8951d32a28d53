"""SAM-like segmenters against the forward passes of transformers, and its faults that we avoid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from helpers.tiny_networks import FAMILIES, tiny_model, tiny_segmenter
from torch import Tensor, nn
from transformers import Sam3TrackerModel

from rclicks_hf.data import Click

IMAGE = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
CLICKS = [
    [Click(20, 15, True), Click(40, 30, False), Click(21, 16, True)],
    [Click(60, 45, True), Click(3, 2, True), Click(30, 9, True)],
]
THREE_MASKS = ("sam", "sam_hq", "rclicks_mobile_sam")  # the others draw one and decide by its stability


class UpdatesItsInput(nn.Module):
    """Attention blocks that write the image features that they return over those they got.

    ``SamHQMaskDecoder.forward`` goes on with the latter, height and width exchanged.
    """

    def __init__(self, blocks: nn.Module):
        super().__init__()
        self.blocks = blocks

    def forward(self, image_embeddings: Tensor, **others: Any) -> tuple[Tensor, Tensor]:
        tokens, updated = self.blocks(image_embeddings=image_embeddings, **others)
        shape = image_embeddings.shape
        image_embeddings.copy_(updated.transpose(2, 3).reshape(shape).transpose(2, 3))
        return tokens, updated


def correct(model: Any) -> Any:
    """The same network with the faults of transformers put right."""
    kind = model.config.model_type
    if kind == "sam_hq":
        model.mask_decoder.transformer = UpdatesItsInput(model.mask_decoder.transformer)
    elif kind == "sam3_tracker":  # without the level that is dropped, there is no fault
        config = model.config
        config.vision_config.scale_factors = config.vision_config.scale_factors[:3]
        smaller = Sam3TrackerModel(config).eval()
        smaller.load_state_dict(model.state_dict(), strict=False)
        return smaller
    return model


def draw(model: Any, segmenter: Any, clicks: list[Click], memory: Tensor) -> Tensor:
    """The low-resolution logits of transformers' forward pass for one trajectory."""
    resized = segmenter._resized(*IMAGE.shape[:2])
    scale = np.array(resized[::-1]) / np.array(IMAGE.shape[1::-1])
    places = np.array([(click.x, click.y) for click in clicks]) * scale
    with torch.inference_mode():
        output = model(
            pixel_values=segmenter._pixel_values(IMAGE, resized),
            input_points=torch.tensor(places, dtype=torch.float32)[None, None],
            input_labels=torch.tensor([[[int(click.is_positive) for click in clicks]]]),
            input_masks=memory[None, None],
            multimask_output=model.config.model_type in THREE_MASKS,
        )
    return output.pred_masks[0, 0, output.iou_scores[0, 0].argmax()]


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("family", FAMILIES)
def test_our_decoder_draws_the_masks_of_transformers(family: str, batch_size: int) -> None:
    segmenter = tiny_segmenter(family, batch_size=batch_size)
    side = 4 * segmenter.model.prompt_encoder.image_embedding_size[0]
    memories = [*torch.randn(2, side, side, generator=torch.manual_seed(1))]
    found = segmenter.predict(segmenter.encode(IMAGE), CLICKS, memories)
    model = correct(tiny_model(family))
    for clicks, memory, prediction in zip(CLICKS, memories, found, strict=True):
        expected = draw(model, segmenter, clicks, memory)
        torch.testing.assert_close(prediction.memory, expected, rtol=1e-4, atol=1e-4)
        assert expected.std() > 0.01


def test_transformers_still_discards_the_features_that_sam_hq_needs() -> None:
    segmenter, memory = tiny_segmenter("sam_hq"), torch.zeros(32, 32)
    wrong, right = (
        draw(model, segmenter, CLICKS[0], memory)
        for model in (tiny_model("sam_hq"), correct(tiny_model("sam_hq")))
    )
    difference = (wrong - right).abs().max()
    assert difference > 0.01, "transformers is right now: take the note out of HqMaskDecoder"


def test_transformers_still_drops_the_embedding_that_sam_3_needs() -> None:
    model, pixels = tiny_model("sam3_tracker"), torch.rand(1, 3, 112, 112)
    before = model.get_image_embeddings(pixels)
    nn.init.zeros_(model.no_memory_embedding)
    for old, new in zip(before, model.get_image_embeddings(pixels), strict=True):
        message = "transformers is right now: take Sam3TrackerSegmenter._encode out"
        assert torch.equal(old, new), message
