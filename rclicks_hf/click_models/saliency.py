"""SI and SM: the saliency of the error region as a click map."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
import torch

from rclicks_hf.click_models.interface import BoxedMap
from rclicks_hf.click_models.network import Masks, NetworkClickModel, NetworkOnImage, Triple
from rclicks_hf.networks.loading import load_network
from rclicks_hf.networks.saliency import SaliencyImageProcessor, SaliencyModel
from rclicks_hf.support.pixels.zero_buffer import Box

EXPANSION = 1.4  # of the error mask's bounding box
_GREY = 127  # 0.5 of 255, rounded down: replaces the surroundings in SM


def enlarged_box(mask: np.ndarray) -> Box:
    """Rows and columns of a mask's bounding box, enlarged 1.4 times and clipped to the image."""
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    return _enlarged(y, height, mask.shape[0]), _enlarged(x, width, mask.shape[1])


def _enlarged(first: int, length: int, side: int) -> slice:
    """One side of the box; both ends belong to it, before and after it is enlarged."""
    middle, half = (2 * first + length - 1) / 2, EXPANSION * length / 2
    start, stop = round(middle - half), round(middle + half) + 1
    return slice(max(0, start), min(side, stop))


class SaliencyClickModel(NetworkClickModel):
    """TranSalNet's saliency of the error region, times the error mask (SI and SM of the paper).

    The network sees the error mask's bounding box, enlarged 1.4 times: SI the image, SM the image
    with grey outside the error mask. Where its map is zero on the whole mask, the map is uniform.

    Args:
        model: The network; it is switched to evaluation mode.
        processor: The image processor saved with it.
        name: ``"si"``, saliency of the image, or ``"sm"``, saliency of the cut-out object.
        device: Where to put the network, for example ``"cuda:1"``; None leaves it where it is.
        dtype: Precision of the network's products and convolutions; weights are unchanged.
        batch_size: Instances per forward pass; None means 8.

    Raises:
        ValueError: If the name is neither.

    Example:
        >>> from rclicks_hf.networks.saliency import SaliencyConfig
        >>> three = (8, 8, 8)
        >>> config = SaliencyConfig(
        ...     image_size=(64, 96), stem_channels=4, depths=(1, 1, 1, 1), hidden_sizes=three,
        ...     num_attention_heads=(2, 2, 2), intermediate_sizes=three, decoder_sizes=(8, 8, 8, 8))
        >>> processor = SaliencyImageProcessor(size={"height": 64, "width": 96})
        >>> model = SaliencyClickModel(SaliencyModel(config), processor, name="sm")
        >>> mask = np.zeros((40, 60), bool)
        >>> mask[10:30, 10:40] = True
        >>> click_map = model.click_map(np.zeros((40, 60, 3), np.uint8), mask, mask)
        >>> click_map.shape, float(click_map[~mask].max())
        ((40, 60), 0.0)
    """

    _ways = (*NetworkClickModel._ways, "_crop", "saliency")

    def __init__(
        self,
        model: SaliencyModel,
        processor: SaliencyImageProcessor,
        *,
        name: Literal["si", "sm"],
        device: str | torch.device | None = None,
        dtype: str = "float32",
        batch_size: int | None = None,
    ):
        if name not in ("si", "sm"):
            raise ValueError(f"name must be 'si' or 'sm', got {name!r}")
        self.name: str = name
        self.processor = processor
        self._place(model, device, dtype, batch_size)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str],
        *,
        name: Literal["si", "sm"],
        device: str | torch.device | None = None,
        dtype: str = "float32",
        batch_size: int | None = None,
    ) -> SaliencyClickModel:
        """Load network and image processor.

        Args:
            name_or_path: Folder written by ``rclicks convert saliency``, or Hub repo.
            name: ``"si"`` or ``"sm"``.
            device: Device of the network; None means a GPU if there is one.
            dtype: Precision of the network's products and convolutions.
            batch_size: Instances per forward pass; None means 8.

        Returns:
            The click model.

        Raises:
            RclicksError: If no saliency network can be loaded from there.
        """
        model, processor = load_network("saliency", name_or_path)
        return cls(
            model, processor, name=name, device=device or "auto", dtype=dtype, batch_size=batch_size
        )

    # The network's map is rounded to 8 bits: with another batch, rarely, a pixel is off by one of
    # 255 levels.
    @torch.inference_mode()
    def _predict(self, triples: Sequence[Triple]) -> list[np.ndarray]:
        masks = [error_mask > 0 for _, _, error_mask in triples]
        maps = [np.zeros(mask.shape, np.float32) for mask in masks]
        planes = self.saliency([image for image, _, _ in triples], masks)
        for click_map, (plane, box), mask in zip(maps, planes, masks, strict=True):
            click_map[box] = _on_mask(plane, mask[box])
        return maps

    def on_image(self, image: np.ndarray) -> SaliencyOnImage | None:
        """As `ClickabilityClickModel.on_image`."""
        if not self._is_plain(SaliencyClickModel, SaliencyImageProcessor):
            return None
        return SaliencyOnImage(self, image)

    def saliency(
        self, images: Sequence[np.ndarray], masks: Sequence[np.ndarray]
    ) -> list[tuple[np.ndarray, Box]]:
        """The (h, w) uint8 saliency around (H, W) bool masks that are not empty, and where."""
        boxes = [enlarged_box(mask) for mask in masks]
        crops = [self._crop(*parts) for parts in zip(images, masks, boxes, strict=True)]
        output = self._run(self.processor(crops, return_tensors="pt"))
        planes = self.processor.post_process_saliency(output, [crop.shape[:2] for crop in crops])
        return list(zip(planes, boxes, strict=True))

    def _crop(
        self, image: np.ndarray, error_mask: np.ndarray, box: tuple[slice, slice]
    ) -> np.ndarray:
        if self.name == "si":
            return image[box]
        return np.where(error_mask[box][..., None], image[box], np.uint8(_GREY))


def _on_mask(saliency: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(h, w) float32 with maximum 1: the saliency within the mask, or the mask itself."""
    inside = np.where(mask, saliency, 0).astype(np.float32)
    highest = inside.max()
    return inside / highest if highest else mask.astype(np.float32)


class SaliencyOnImage(NetworkOnImage):
    """See `SaliencyClickModel.on_image`; the network sees another part for every error mask."""

    _of: SaliencyClickModel

    def _maps(self, batch: Sequence[Masks]) -> list[BoxedMap | np.ndarray]:
        masks, boxes = [mask for _, mask, _ in batch], [box for _, _, box in batch]
        planes = self._of.saliency([self._image] * len(batch), masks)
        return [self._in_box(*parts) for parts in zip(planes, masks, boxes, strict=True)]

    def _in_box(self, found: tuple[np.ndarray, Box], mask: np.ndarray, box: Box) -> BoxedMap:
        plane, seen = found
        sides = zip(seen, box, strict=True)
        rows, columns = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in sides)
        in_seen, in_box = (_moved((rows, columns), place) for place in (seen, box))
        values = np.zeros(mask[box].shape, np.float32)
        values[in_box] = _on_mask(plane[in_seen], mask[rows, columns])
        return BoxedMap(values, box, self._shape)


def _moved(box: Box, origin: Box) -> Box:
    """A box, counted from the corner of another one."""
    rows, columns = (
        slice(side.start - of.start, side.stop - of.start)
        for side, of in zip(box, origin, strict=True)
    )
    return rows, columns
