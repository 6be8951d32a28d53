"""SAM-like networks of `transformers`: one encoding per image, prompts embedded by the network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from rclicks_hf.data.instances import Click
from rclicks_hf.networks.placement import arithmetic, find_dtype
from rclicks_hf.segmenters.interface import Prediction
from rclicks_hf.segmenters.pretrained import display_name, explained, load_model, on_device
from rclicks_hf.segmenters.prompt.click_prompts import ClickPromptLoop, EncodedImage
from rclicks_hf.segmenters.prompt.mask_decoder import MaskDecoder


class PromptedSegmenter(ClickPromptLoop):
    """A network of `transformers` whose prompts are the clicks and its own last mask.

    Args:
        model: The network; it is put into evaluation mode, in 32-bit floats.
        name: What tables call it.
        device: For example ``"cuda:1"``; default: a GPU if there is one.
        dtype: Of the network's products and convolutions.
        batch_size: Trajectories per forward pass. Default: 16; on a CPU 1, because more is slower
            there (intermediate results leave the cache).
    """

    model_class: ClassVar[Any]
    repeated_prefix: ClassVar[str] = ""
    device: torch.device
    batched = encodes_ahead = True

    def __init__(
        self,
        model: Any,
        *,
        name: str,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        batch_size: int | None = None,
    ):
        self.name = name
        self.model, self._batch = on_device(model, device, batch_size)
        self.device = self.model.device
        self.dtype, self._dtype = dtype, find_dtype(dtype, self.device)
        self.input_size = int(model.prompt_encoder.input_image_size)
        with torch.inference_mode():
            self._decode = self._decoder()

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str,
        *,
        device: str | torch.device | None = None,
        dtype: str = "float32",
        batch_size: int | None = None,
    ) -> Self:
        """Load a network of ``model_class`` from a folder or the Hub, with safetensors weights."""
        model = load_model(name_or_path, cls.model_class, repeated_prefix=cls.repeated_prefix)
        name = display_name(name_or_path)
        with explained(name_or_path):
            return cls(model, name=name, device=device, dtype=dtype, batch_size=batch_size)

    @property
    def batch_size(self) -> int:  # type: ignore[override]
        """Trajectories per forward pass."""
        return self._batch.size

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
