"""SAM-like networks of `transformers`: one encoding per image, prompts embedded by the network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from rclicks_hf.data.instances import Click
from rclicks_hf.networks.placement import arithmetic
from rclicks_hf.segmenters.interface import Prediction
from rclicks_hf.segmenters.pretrained import PretrainedSegmenter, load_model
from rclicks_hf.segmenters.prompt.click_prompts import ClickPromptLoop, EncodedImage
from rclicks_hf.segmenters.prompt.mask_decoder import MaskDecoder


class PromptedSegmenter(PretrainedSegmenter, ClickPromptLoop):
    """A network of `transformers` whose prompts are the clicks and its own last mask."""

    model_class: ClassVar[Any]
    repeated_prefix: ClassVar[str] = ""
    batched = True

    def __init__(self, model: Any, **options: Any):
        super().__init__(model, **options)
        self.input_size = int(model.prompt_encoder.input_image_size)
        with torch.inference_mode():
            self._decode = self._decoder()

    @classmethod
    def _load(cls, place: str) -> Any:
        return load_model(place, cls.model_class, repeated_prefix=cls.repeated_prefix)

    def encode(self, image: np.ndarray) -> EncodedImage:
        """Run the image encoder; see `Segmenter.encode`."""
        with arithmetic(self.device, self._dtype):
            return super().encode(image)

    def predict(
        self, state: EncodedImage, clicks: Sequence[Sequence[Click]], previous: Sequence[Any]
    ) -> list[Prediction]:
        """See `Segmenter.predict`; the memory of a prediction is the network's mask, as logits."""
        predict = super().predict
        return self._batch.run(lambda: predict(state, clicks, previous))

    def _logits(
        self, state: EncodedImage, places: np.ndarray, signs: np.ndarray, masks: list[Tensor]
    ) -> Tensor:
        with arithmetic(self.device, self._dtype):
            points, dense = self.model.prompt_encoder(
                input_points=torch.tensor(places, device=self.device)[:, None],
                input_labels=torch.tensor(signs, device=self.device)[:, None],
                input_boxes=None,
                input_masks=torch.stack(masks)[:, None] if masks else None,
            )
            return self._draw(state, points, dense).float()

    @abstractmethod
    def _decoder(self) -> MaskDecoder:
        """The model's mask decoder."""

    @abstractmethod
    def _draw(self, state: EncodedImage, points: Tensor, dense: Tensor) -> Tensor:
        """Embedded prompts of B trajectories to (B, 4h', 4w') logits of the mask to use."""
