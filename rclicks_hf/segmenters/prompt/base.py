"""What SAM-like segmenters share: one encoding per image, many trajectories, previous masks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from rclicks_hf.data.instances import Click
from rclicks_hf.segmenters.interface import Prediction, check_image
from rclicks_hf.segmenters.pretrained import display_name, load_model, on_device
from rclicks_hf.segmenters.prompt.mask_decoder import MaskDecoder


@dataclass(frozen=True, eq=False)
class EncodedImage:
    """An image as the network's decoder takes it."""

    shape: tuple[int, int]  # (H, W) of the image
    resized: tuple[int, int]  # (h, w) of the image in the network's square input
    features: Tensor  # (1, C, h', w'), channels last in memory
    finer: tuple[Tensor, ...] = ()  # higher resolutions, pixels in the order of `nest`


class PromptedSegmenter(ABC):
    """A network whose prompts are the clicks and its own last mask.

    As in the paper's code, the last mask is a prompt as soon as there are two clicks of one sign;
    after one positive and one negative click it is not. Only trajectories with the same number of
    clicks share a forward pass: the network would attend to the padding of shorter ones.

    Args:
        model: The network; it is put into evaluation mode, in 32-bit floats.
        name: What tables call it.
        device: For example ``"cuda:1"``; default: a GPU if there is one.
        batch_size: Trajectories per forward pass. Default: 16; on a CPU 1, because more is slower
            there (intermediate results leave the cache).
    """

    model_class: ClassVar[Any]
    mean: ClassVar[tuple[float, float, float]] = (0.485, 0.456, 0.406)  # of pixels in [0, 1]
    std: ClassVar[tuple[float, float, float]] = (0.229, 0.224, 0.225)
    threshold = 0.5
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

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> EncodedImage:
        """Run the image encoder; see `Segmenter.encode`."""
        check_image(image)
        height, width = image.shape[:2]
        resized = self._resized(height, width)
        features, finer = self._encode(self._pixel_values(image, resized))
        return EncodedImage((height, width), resized, features, finer)

    @torch.inference_mode()
    def predict(
        self, state: EncodedImage, clicks: Sequence[Sequence[Click]], previous: Sequence[Any]
    ) -> list[Prediction]:
        """See `Segmenter.predict`; the memory of a prediction is the network's mask, as logits."""
        masks = [_fed_mask(*pair) for pair in zip(clicks, previous, strict=True)]
        found: dict[int, Prediction] = {}
        for batch in self._batches(clicks, masks):
            fed = [mask for i in batch if (mask := masks[i]) is not None]
            logits = self._logits(state, [clicks[i] for i in batch], fed)
            probabilities = self._enlarge(logits, state).sigmoid().cpu().numpy()
            for i, probability, memory in zip(
                batch, probabilities, self._memory(logits), strict=True
            ):
                found[i] = Prediction(probability, memory)
        return [found[i] for i in range(len(clicks))]

    def _batches(
        self, clicks: Sequence[Sequence[Click]], masks: Sequence[Tensor | None]
    ) -> Iterator[list[int]]:
        """Indices of trajectories that have equally many clicks, all with a mask or all without."""
        alike: dict[tuple[int, bool], list[int]] = defaultdict(list)
        for i, (trajectory, mask) in enumerate(zip(clicks, masks, strict=True)):
            alike[len(trajectory), mask is None].append(i)
        for indices in alike.values():
            for first in range(0, len(indices), self.batch_size):
                yield indices[first : first + self.batch_size]

    def _logits(
        self, state: EncodedImage, clicks: list[Sequence[Click]], masks: list[Tensor]
    ) -> Tensor:
        """(B, 4h', 4w') logits of B trajectories with the same number of clicks."""
        scale = np.array(state.resized[::-1]) / np.array(state.shape[::-1])  # of x, y
        places = np.array([[(click.x, click.y) for click in c] for c in clicks]) * scale
        signs = [[int(click.is_positive) for click in trajectory] for trajectory in clicks]
        device = self.model.device
        points, dense = self.model.prompt_encoder(
            input_points=torch.tensor(places, dtype=torch.float32, device=device)[:, None],
            input_labels=torch.tensor(signs, device=device)[:, None],
            input_boxes=None,
            input_masks=torch.stack(masks)[:, None] if masks else None,
        )
        return self._draw(state, points, dense)

    def _pixel_values(self, image: np.ndarray, resized: tuple[int, int]) -> Tensor:
        """(1, 3, S, S): resized, normalised, padded with zeros on the right and at the bottom."""
        rgb = np.ascontiguousarray(image)  # torch refuses negative strides (reversed BGR)
        pixels = torch.tensor(rgb, device=self.model.device).permute(2, 0, 1)[None].float() / 255
        pixels = F.interpolate(
            pixels, resized, mode="bilinear", align_corners=False, antialias=True
        )
        mean, std = (pixels.new_tensor(v)[:, None, None] for v in (self.mean, self.std))
        below, right = self.input_size - resized[0], self.input_size - resized[1]
        return F.pad((pixels - mean) / std, (0, right, 0, below))

    @abstractmethod
    def _decoder(self) -> MaskDecoder:
        """The model's mask decoder."""

    @abstractmethod
    def _resized(self, height: int, width: int) -> tuple[int, int]:
        """Size of an image in the network's input."""

    @abstractmethod
    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(1, 3, S, S) to ``features`` and ``finer`` of `EncodedImage`."""

    @abstractmethod
    def _draw(self, state: EncodedImage, points: Tensor, dense: Tensor) -> Tensor:
        """Embedded prompts of B trajectories to (B, 4h', 4w') logits of the mask to use."""

    @abstractmethod
    def _enlarge(self, logits: Tensor, state: EncodedImage) -> Tensor:
        """(B, 4h', 4w') logits to (B, H, W) ones of the image's size."""

    @abstractmethod
    def _memory(self, logits: Tensor) -> Tensor:
        """The mask prompt of the next click, from the (B, 4h', 4w') logits."""


def _fed_mask(clicks: Sequence[Click], previous: Tensor | None) -> Tensor | None:
    """The previous mask if it is a prompt beside these clicks, else None."""
    positive = sum(click.is_positive for click in clicks)
    return previous if max(positive, len(clicks) - positive) > 1 else None
