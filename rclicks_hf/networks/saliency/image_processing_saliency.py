"""Image processor of the saliency network: letterboxing in, cutting out and resizing back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from transformers.image_processing_utils import BaseImageProcessor, BatchFeature
from transformers.utils import TensorType

_CANVAS = 1  # grey level of the margins, as in TranSalNet's code: nearly black, not black


def fit_within(size: tuple[int, int], frame: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the same aspect that fits into a frame.

    Args:
        size: (height, width).
        frame: (height, width) to fit into.

    Returns:
        (height, width), one of them the frame's, the other rounded down, at least 1.

    Example:
        >>> fit_within((230, 310), (288, 384)), fit_within((400, 220), (288, 384))
        ((284, 384), (288, 158))
    """
    height, width = size
    if height * frame[1] > width * frame[0]:
        return frame[0], max(1, width * frame[0] // height)
    return max(1, height * frame[1] // width), frame[1]


class SaliencyImageProcessor(BaseImageProcessor):
    """Prepares images for [`SaliencyModel`], and its maps for the images.

    As TranSalNet's code does it: the image is resized in 8 bits (bilinear, aspect kept), put in
    the middle of a canvas of grey level 1, and divided by 255; mean and deviation stay as they are.

    Images: uint8 RGB, (H, W, 3), as arrays, tensors or PIL images.

    Args:
        size: `height` and `width` of the canvas.
        **kwargs: As in every image processor.

    Example:
        >>> processor = SaliencyImageProcessor()
        >>> inputs = processor(np.zeros((60, 80, 3), np.uint8))
        >>> tuple(inputs["pixel_values"].shape)
        (1, 3, 288, 384)
        >>> maps = torch.rand(1, 1, 288, 384)
        >>> processor.post_process_saliency(maps, [(60, 80)])[0].shape
        (60, 80)
    """

    model_input_names = ["pixel_values"]  # noqa: RUF012 - transformers copies class attributes

    def __init__(self, size: dict[str, int] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.size = size or {"height": 288, "width": 384}

    def preprocess(
        self,
        images: Any,
        return_tensors: str | TensorType | None = "pt",
        **kwargs: Any,
    ) -> BatchFeature:
        """Prepare a batch.

        Args:
            images: One image, a list or a stacked batch, (H, W, 3) uint8 RGB each.
            return_tensors: "pt" or "np".
            **kwargs: Ignored.

        Returns:
            `pixel_values` (B, 3, height, width) float32 in [0, 1].

        Raises:
            ValueError: If there is no image, or one is not (H, W, 3) uint8.
        """
        if not isinstance(images, list | tuple) and getattr(images, "ndim", 3) < 4:
            images = [images]
        if not len(images):
            raise ValueError("images is empty; give at least one")
        arrays = [np.asarray(image) for image in images]
        canvases = [self._canvas(array, f"images[{i}]") for i, array in enumerate(arrays)]
        pixel_values = np.stack(canvases).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
        return BatchFeature({"pixel_values": pixel_values}, tensor_type=return_tensors)

    def _canvas(self, image: np.ndarray, name: str) -> np.ndarray:
        """(H, W, 3) uint8 to the (height, width, 3) uint8 canvas."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise ValueError(f"{name} must be (H, W, 3) uint8, got {image.shape} {image.dtype}")
        frame = (self.size["height"], self.size["width"])
        height, width = fit_within(image.shape[:2], frame)
        top, left = (frame[0] - height) // 2, (frame[1] - width) // 2
        canvas = np.full((*frame, 3), _CANVAS, np.uint8)
        canvas[top : top + height, left : left + width] = cv2.resize(image, (width, height))
        return canvas

    def post_process_saliency(
        self, outputs: Any, target_sizes: Sequence[tuple[int, int]]
    ) -> list[np.ndarray]:
        """Bring the network's maps back to the images, in 8 bits as TranSalNet's code does.

        Args:
            outputs: A [`SaliencyOutput`], or its `saliency` (B, 1, height, width).
            target_sizes: (height, width) of each image.

        Returns:
            uint8 (H, W) maps, 255 times the saliency rounded down before the resize.

        Raises:
            ValueError: If there are more or fewer sizes than maps.
        """
        saliency = outputs if isinstance(outputs, torch.Tensor) else outputs["saliency"]
        if len(saliency) != len(target_sizes):
            raise ValueError(f"{len(saliency)} maps but {len(target_sizes)} target_sizes")
        planes = (255 * saliency[:, 0].float()).to(torch.uint8).cpu().numpy()
        return [_uncover(*pair) for pair in zip(planes, target_sizes, strict=True)]


def _uncover(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize the canvas until the image in it has its size, then cut the margins off."""
    height, width = size
    if height * plane.shape[1] > width * plane.shape[0]:
        whole = (height, plane.shape[1] * height // plane.shape[0])
    else:
        whole = (plane.shape[0] * width // plane.shape[1], width)
    top, left = (whole[0] - height) // 2, (whole[1] - width) // 2
    resized = cv2.resize(plane, (whole[1], whole[0]))
    return resized[top : top + height, left : left + width]


__all__ = ["SaliencyImageProcessor"]
