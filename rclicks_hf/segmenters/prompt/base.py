"""SAM-like networks of `transformers`: one encoding per image, prompts embedded by the network."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from rclicks_hf.segmenters.pretrained import display_name, load_model, on_device
from rclicks_hf.segmenters.prompt.click_prompts import ClickPromptLoop, EncodedImage
from rclicks_hf.segmenters.prompt.mask_decoder import MaskDecoder


class PromptedSegmenter(ClickPromptLoop):
    """A network of `transformers` whose prompts are the clicks and its own last mask.

    Args:
        model: The network; it is put into evaluation mode, in 32-bit floats.
        name: What tables call it.
        device: For example ``"cuda:1"``; default: a GPU if there is one.
        batch_size: Trajectories per forward pass. Default: 16; on a CPU 1, because more is slower
            there (intermediate results leave the cache).
    """

    model_class: ClassVar[Any]
    batched = True

    def __init__(
        self,
        model: Any,
        *,
        name: str,
        device: str | torch.device | None = None,
        batch_size: int | None = None,
    ):
        self.name = name
        self.model, self.batch_size = on_device(model, device, batch_size)
        self.device = self.model.device
        self.input_size = int(model.prompt_encoder.input_image_size)
        with torch.inference_mode():
            self._decode = self._decoder()

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str,
        *,
        device: str | torch.device | None = None,
        batch_size: int | None = None,
    ) -> Self:
        """Load a network of ``model_class`` from a folder or the Hub, with safetensors weights."""
        model, name = load_model(name_or_path, cls.model_class), display_name(name_or_path)
        return cls(model, name=name, device=device, batch_size=batch_size)

    def _logits(
        self, state: EncodedImage, places: np.ndarray, signs: np.ndarray, masks: list[Tensor]
    ) -> Tensor:
        points, dense = self.model.prompt_encoder(
            input_points=torch.tensor(places, device=self.device)[:, None],
            input_labels=torch.tensor(signs, device=self.device)[:, None],
            input_boxes=None,
            input_masks=torch.stack(masks)[:, None] if masks else None,
        )
        return self._draw(state, points, dense)

    @abstractmethod
    def _decoder(self) -> MaskDecoder:
        """The model's mask decoder."""

    @abstractmethod
    def _draw(self, state: EncodedImage, points: Tensor, dense: Tensor) -> Tensor:
        """Embedded prompts of B trajectories to (B, 4h', 4w') logits of the mask to use."""
