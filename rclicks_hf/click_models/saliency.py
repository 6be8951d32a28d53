"""SI and SM: the saliency of the error region as a click map."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch

from rclicks_hf.click_models.network import NetworkClickModel, Triple
from rclicks_hf.networks.loading import load_network
from rclicks_hf.networks.saliency import SaliencyImageProcessor, SaliencyModel

EXPANSION = 1.4  # of the error mask's bounding box
_GREY = 127  # 0.5 of 255, rounded down: replaces the surroundings in SM


def enlarged_box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a mask's bounding box, enlarged 1.4 times and clipped to the image."""
    return _enlarged(mask.any(axis=1)), _enlarged(mask.any(axis=0))


def _enlarged(line: Any) -> slice:
    """One side of the box; both ends belong to it, before and after it is enlarged."""
    first, last = np.flatnonzero(line)[[0, -1]]
    middle, half = (first + last) / 2, EXPANSION * (last - first + 1) / 2
    start, stop = round(middle - half), round(middle + half) + 1
    return slice(max(0, start), min(len(line), stop))


class SaliencyClickModel(NetworkClickModel):
    """TranSalNet's saliency of the error region, times the error mask (SI and SM of the paper).

    The network sees the error mask's bounding box, enlarged 1.4 times: SI the image, SM the image
    with grey outside the error mask. Where its map is zero on the whole mask, the map is uniform.

    Args:
        model: The network; it is put into evaluation mode.
        processor: The image processor saved with it.
        name: ``"si"``, saliency of the image, or ``"sm"``, saliency of the cut-out object.
        device: Where to put the network, for example ``"cuda:1"``; None leaves it where it is.
        dtype: Of the network's products and convolutions; its weights stay as they are.
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
            dtype: Of the network's products and convolutions.
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
        boxes = [enlarged_box(mask) for mask in masks]
        images = (image for image, _, _ in triples)
        crops = [self._crop(*parts) for parts in zip(images, masks, boxes, strict=True)]
        features = self.processor(crops, return_tensors="pt")
        output = self._run(features)
        planes = self.processor.post_process_saliency(output, [crop.shape[:2] for crop in crops])
        maps = [np.zeros(mask.shape, np.float32) for mask in masks]
        for click_map, plane, mask, box in zip(maps, planes, masks, boxes, strict=True):
            click_map[box] = _on_mask(plane, mask[box])
        return maps

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
