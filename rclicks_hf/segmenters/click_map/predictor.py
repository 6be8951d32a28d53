"""The predictor of all click-map networks: zoom-in, mirrored image, memory of the last output."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from rclicks_hf.data.instances import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import NETWORKS
from rclicks_hf.networks.placement import arithmetic
from rclicks_hf.segmenters.click_map.settings import settings_on
from rclicks_hf.segmenters.click_map.zoom import View, ZoomBox, choose_view
from rclicks_hf.segmenters.interface import Prediction, check_image, clicks_inside
from rclicks_hf.segmenters.pretrained import PretrainedSegmenter, load_model, read_model_type

_PIXELS = 16 * 448 * 448  # largest number of pixels per forward pass: bounds the memory


@dataclass(frozen=True, eq=False)
class ImageOnDevice:
    """An image where the network is: (1, 3, H, W) uint8."""

    pixels: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""
        height, width = self.pixels.shape[2:]
        return height, width


@dataclass(frozen=True, eq=False)
class LastPrediction:
    """What a trajectory's next click needs: the (H, W) probability, and the zoom's box."""

    probability: Tensor
    box: ZoomBox | None


class ClickMapSegmenter(PretrainedSegmenter):
    """A `ClickMapModel`, clicked on as in the paper.

    The method's settings come from `SETTINGS`; ``"predictor": {"flip": false}`` in a saved
    config.json, say, replaces some of them. A click outside of the image counts as its nearest
    pixel. An image that is not zoomed in is scaled down to a longer side of 2,048 pixels.

    Raises:
        ValueError: If the network's config replaces a setting that does not exist or by a wrong
            value.
    """

    def __init__(self, model: Any, **options: Any):
        super().__init__(model, **options)
        self.batched = self._batch.size > 1
        self._settings = settings_on(model.config.model_type, _changes(model.config))

    @classmethod
    def _load(cls, place: str) -> Any:
        model_type = read_model_type(place)
        [row] = [row for row in NETWORKS.values() if row.model_type == model_type]
        model = load_model(place, row.load("model"))
        try:
            settings_on(model_type, _changes(model.config))
        except ValueError as error:
            raise RclicksError(f"{place}: config.json, predictor: {error}") from error
        return model

    @property
    def settings(self) -> dict[str, Any]:
        """All that changes a prediction besides the weights; see `Segmenter`."""
        return self._settings.as_json()

    @staticmethod
    def saved_settings(
        config: Mapping[str, Any], dataset: str, *, reference: bool
    ) -> dict[str, Any]:
        """The `settings` on a source dataset of a network with this config.json."""
        changes = config.get("predictor")
        found = settings_on(config["model_type"], changes, dataset, reference=reference)
        return found.as_json()

    @property
    def threshold(self) -> float:
        """See `Segmenter`."""
        return self._settings.threshold

    def for_dataset(self, dataset: str, *, reference: bool) -> Self:
        """See `Segmenter`: input sizes on DAVIS, zoom from the first click on TETRIS."""
        fitted, config = copy.copy(self), self.model.config
        fitted._settings = settings_on(
            config.model_type, _changes(config), dataset, reference=reference
        )
        return fitted

    def encode(self, image: np.ndarray) -> ImageOnDevice:
        """Put an image on the network's device; see `Segmenter.encode`."""
        check_image(image)
        pixels = torch.tensor(np.ascontiguousarray(image.transpose(2, 0, 1)))
        return ImageOnDevice(pixels[None].to(self.model.device))

    def predict(
        self, state: ImageOnDevice, clicks: Sequence[Sequence[Click]], previous: Sequence[Any]
    ) -> list[Prediction]:
        """See `Segmenter.predict`; the memory of a prediction is a `LastPrediction`."""
        return self._batch.run(lambda: self._predict(state, clicks, previous))

    @torch.inference_mode()
    def _predict(
        self, state: ImageOnDevice, clicks: Sequence[Sequence[Click]], previous: Sequence[Any]
    ) -> list[Prediction]:
        inside = clicks_inside(clicks, state.shape)
        last: list[LastPrediction | None] = list(previous)
        passes = [self._settings.first_click_passes if len(c) == 1 else 1 for c in inside]
        for number in range(max(passes, default=0)):
            active = [i for i, count in enumerate(passes) if count > number]
            found = self._pass(state, [inside[i] for i in active], [last[i] for i in active])
            for i, one in zip(active, found, strict=True):
                last[i] = one
        return [Prediction(self._shown(one.probability), one) for one in last if one is not None]

    def _shown(self, probability: Tensor) -> np.ndarray:
        """The (H, W) probability for the caller, a copy of the one that is remembered."""
        return probability.numpy(force=True).copy()

    def _pass(
        self,
        state: ImageOnDevice,
        clicks: Sequence[Sequence[Click]],
        last: Sequence[LastPrediction | None],
    ) -> list[LastPrediction]:
        """One forward pass of the whole predictor, per trajectory."""
        seen = self._seen(last)
        views = [
            choose_view(self._settings, state.shape, trajectory, box, one.box if one else None)
            for trajectory, box, one in zip(clicks, seen, last, strict=True)
        ]
        found: dict[int, LastPrediction] = {}
        for batch in self._batches(views):
            maps = self._maps(
                state,
                [views[i] for i in batch],
                [clicks[i] for i in batch],
                [last[i] for i in batch],
            )
            for i, one in zip(batch, maps, strict=True):
                found[i] = LastPrediction(_pasted(one, views[i], state.shape), views[i].box)
        return [found[i] for i in range(len(views))]

    def _seen(self, last: Sequence[LastPrediction | None]) -> list[ZoomBox | None]:
        """Bounding boxes of the last predictions; None of an empty one."""
        level = self._settings.object_threshold
        profiles = [
            torch.cat([mask.any(1), mask.any(0)])
            for mask in (one.probability > level for one in last if one is not None)
        ]
        if not profiles:
            return [None] * len(last)
        found = iter(torch.stack(profiles).numpy(force=True))  # one transfer for all
        return [None if one is None else _bounds(next(found), len(one.probability)) for one in last]

    def _batches(self, views: Sequence[View]) -> Iterator[list[int]]:
        """Indices of trajectories that share a forward pass: their inputs have one size."""
        alike: dict[tuple[int, int], list[int]] = defaultdict(list)
        for i, view in enumerate(views):
            alike[view.size].append(i)
        for (height, width), indices in alike.items():
            count = max(1, min(self.batch_size, _PIXELS // (height * width)))
            for first in range(0, len(indices), count):
                yield indices[first : first + count]

    def _maps(
        self,
        state: ImageOnDevice,
        views: Sequence[View],
        clicks: Sequence[Sequence[Click]],
        last: Sequence[LastPrediction | None],
    ) -> Tensor:
        """(B, 1, h, w) probabilities of B views of equal size."""
        images = torch.cat([_fed(state.pixels, view, 255) for view in views])
        previous = None
        if self.model.config.with_previous_mask and any(one is not None for one in last):
            previous = torch.cat(
                [
                    images.new_zeros(1, 1, *view.size)
                    if one is None
                    else _fed(one.probability[None, None], view)
                    for view, one in zip(views, last, strict=True)
                ]
            )
        points = _points(clicks, views).to(images.device)
        if not self._settings.flip:
            return self._probability(self._logits(images, points, previous), images, points)
        both = torch.cat([images, images.flip(3)])
        mirrored = torch.cat([points, _mirrored(points, images.shape[3])])
        masks = None if previous is None else torch.cat([previous, previous.flip(3)])
        logits, of_mirrored = self._logits(both, mirrored, masks).chunk(2)
        return self._probability((logits + of_mirrored.flip(3)) / 2, images, points)

    def _logits(self, images: Tensor, points: Tensor, previous: Tensor | None) -> Tensor:
        with arithmetic(images.device, self._dtype):
            return self.model(images, points, previous, return_dict=True).logits.float()

    def _probability(self, logits: Tensor, images: Tensor, points: Tensor) -> Tensor:
        """(B, 1, h, w) logits, averaged over the mirrored image, to probabilities."""
        return logits.sigmoid()


def _bounds(profile: np.ndarray, height: int) -> ZoomBox | None:
    """The box around the rows and columns, (H + W,) bool, that hold an object."""
    rows, columns = np.flatnonzero(profile[:height]), np.flatnonzero(profile[height:])
    if not rows.size:
        return None
    return ZoomBox(int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1]))


def _fed(maps: Tensor, view: View, scale: int = 1) -> Tensor:
    """The view of (1, C, H, W) maps, divided by ``scale``, as float32 at the network's size."""
    rows, columns = view.crop.slices
    return _resized(maps[:, :, rows, columns] / scale, view.size)


def _pasted(one: Tensor, view: View, shape: tuple[int, int]) -> Tensor:
    """The image's (H, W) probability from the (1, h, w) one of a view; 0 outside of it."""
    crop = _resized(_resized(one[None], view.crop.size), view.target.size)[0, 0]
    probability = crop.new_zeros(shape)
    probability[view.target.slices] = crop
    return probability


def _resized(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, H, W), bilinear between corner pixels, to another size."""
    if maps.shape[2:] == size:
        return maps
    return F.interpolate(maps, size, mode="bilinear", align_corners=True)


def _places(clicks: Sequence[Click]) -> int:
    """How many clicks of the more frequent sign there are, at least one."""
    positive = sum(click.is_positive for click in clicks)
    return max(positive, len(clicks) - positive, 1)


def _points(clicks: Sequence[Sequence[Click]], views: Sequence[View]) -> Tensor:
    """(B, 2N, 3) points of the networks' interface."""
    count = max(_places(trajectory) for trajectory in clicks)
    points = np.full((len(clicks), 2, count, 3), -1.0, np.float32)
    for batch, (trajectory, view) in enumerate(zip(clicks, views, strict=True)):
        (height, width), (crop_height, crop_width) = view.size, view.crop.size
        used = [0, 0]
        for index, click in enumerate(trajectory):
            row = height * (click.y - view.crop.top) / crop_height
            column = width * (click.x - view.crop.left) / crop_width
            sign = 0 if click.is_positive else 1
            points[batch, sign, used[sign]] = row, column, index
            used[sign] += 1
    return torch.from_numpy(points.reshape(len(clicks), -1, 3))


def _mirrored(points: Tensor, width: int) -> Tensor:
    """The points of the mirrored image; padding stays padding."""
    mirrored = points.clone()
    mirrored[..., 1] = torch.where(points[..., 2] >= 0, width - 1 - points[..., 1], -1)
    return mirrored


def _changes(config: Any) -> Any:
    return getattr(config, "predictor", None)
