"""What SAM-like segmenters share, however their network is run: inputs, batches, previous masks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from rclicks_hf.data.instances import Click
from rclicks_hf.segmenters.interface import Prediction, check_image, clicks_inside

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, for values in [0, 1]


@dataclass(frozen=True, eq=False)
class EncodedImage:
    """An image as the network's decoder takes it."""

    shape: tuple[int, int]  # (H, W) of the image
    resized: tuple[int, int]  # (h, w) of the image in the network's square input
    features: Tensor  # (1, C, h', w'), channels last in memory
    finer: tuple[Tensor, ...] = ()  # higher resolutions, pixels in the order of `nest`


class ClickPromptLoop(ABC):
    """A segmenter whose prompts are the clicks and its own last mask, however the network is run.

    As in the paper's code, the last mask is a prompt as soon as there are two clicks of one sign;
    after one positive and one negative click it is not. Only trajectories with the same number of
    clicks share a forward pass: the network would attend to the padding of shorter ones. A click
    outside of the image counts as its nearest pixel.
    """

    threshold = 0.5
    mean: ClassVar[tuple[float, float, float]] = MEAN  # of pixels in [0, 1]
    std: ClassVar[tuple[float, float, float]] = STD
    name: str
    input_size: int  # side of the network's square input
    device = torch.device("cpu")

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """Trajectories per forward pass."""

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
        if not all(clicks):
            raise ValueError("a trajectory has no click; give at least one")
        clicks = clicks_inside(clicks, state.shape)
        masks = [self._fed_mask(*pair) for pair in zip(clicks, previous, strict=True)]
        found: dict[int, Prediction] = {}
        for batch in self._batches(clicks, masks):
            fed = [mask for i in batch if (mask := masks[i]) is not None]
            places, signs = _points([clicks[i] for i in batch], state)
            logits = self._logits(state, places, signs, fed)
            probabilities = self._enlarge(logits, state).sigmoid_().cpu().numpy()
            for i, probability, memory in zip(
                batch, probabilities, self._memory(logits), strict=True
            ):
                found[i] = Prediction(probability, memory)
        return [found[i] for i in range(len(clicks))]

    def _fed_mask(self, clicks: Sequence[Click], previous: Tensor | None) -> Tensor | None:
        """The previous mask if it is a prompt beside these clicks, else None."""
        positive = sum(click.is_positive for click in clicks)
        return previous if max(positive, len(clicks) - positive) > 1 else None

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

    def _pixel_values(self, image: np.ndarray, resized: tuple[int, int]) -> Tensor:
        """(1, 3, S, S): resized, normalised, padded with zeros on the right and at the bottom."""
        rgb = np.ascontiguousarray(image)  # torch refuses negative strides (reversed BGR)
        whole = torch.tensor(rgb, device=self.device).permute(2, 0, 1)[None]
        # One channel at a time: a large image takes a third of the memory.
        channels = [
            F.interpolate(
                channel.float().div_(255),
                resized,
                mode="bilinear",
                align_corners=False,
                antialias=True,
            )
            for channel in whole.split(1, dim=1)
        ]
        pixels = torch.cat(channels, dim=1)
        mean, std = (pixels.new_tensor(values)[:, None, None] for values in (self.mean, self.std))
        below, right = self.input_size - resized[0], self.input_size - resized[1]
        return F.pad((pixels - mean) / std, (0, right, 0, below))

    @abstractmethod
    def _resized(self, height: int, width: int) -> tuple[int, int]:
        """Size of an image in the network's input."""

    @abstractmethod
    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(1, 3, S, S) to ``features`` and ``finer`` of `EncodedImage`."""

    @abstractmethod
    def _logits(
        self, state: EncodedImage, places: np.ndarray, signs: np.ndarray, masks: list[Tensor]
    ) -> Tensor:
        """(B, 4h', 4w') logits of B trajectories with N clicks and B or no previous masks.

        ``places`` is (B, N, 2), x and y in pixels of the network's input; ``signs`` (B, N), 1 or 0.
        """

    @abstractmethod
    def _enlarge(self, logits: Tensor, state: EncodedImage) -> Tensor:
        """(B, 4h', 4w') logits to (B, H, W) ones of the image's size."""

    @abstractmethod
    def _memory(self, logits: Tensor) -> Tensor:
        """The mask prompt of the next click, from the (B, 4h', 4w') logits."""


class PaddedSquare(ClickPromptLoop):
    """As in SAM: the longer side fills the square, the rest is padding; masks are fed as drawn."""

    def _resized(self, height: int, width: int) -> tuple[int, int]:
        scale = self.input_size / max(height, width)
        # At least one pixel, also for very long images.
        return max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))

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


def _points(clicks: list[Sequence[Click]], state: EncodedImage) -> tuple[np.ndarray, np.ndarray]:
    """(B, N, 2) x, y in the network's input and (B, N) signs of trajectories of N clicks."""
    size = np.array(state.shape[::-1])  # of x, y
    places = np.array([[(click.x, click.y) for click in c] for c in clicks])
    places = places * (np.array(state.resized[::-1]) / size)
    signs = np.array([[int(click.is_positive) for click in trajectory] for trajectory in clicks])
    return places.astype(np.float32), signs
