"""Image processor of the saliency network: letterboxes inputs and maps results back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image, ImageOps
from transformers.image_processing_utils import BaseImageProcessor, BatchFeature
from transformers.utils import TensorType

_CANVAS = 1  # grey level of the margins, as in TranSalNet's code
_EIGHT_BIT_MODES = ("RGB", "RGBA", "RGBX", "L", "LA", "P", "PA", "1", "CMYK", "YCbCr", "HSV", "LAB")


def fit_within(size: tuple[int, int], frame: tuple[int, int]) -> tuple[int, int]:
    """The largest (height, width) of the same aspect, rounded down, that fits into a frame."""
    height, width = size
    if height * frame[1] > width * frame[0]:
        return frame[0], max(1, width * frame[0] // height)
    return max(1, height * frame[1] // width), frame[1]


class SaliencyImageProcessor(BaseImageProcessor):
    """Prepares images for [`SaliencyModel`] and maps its results back to them.

    As in TranSalNet's code: the image is resized in 8 bits (bilinear, aspect kept), centred on a
    canvas of grey level 1 and divided by 255; there is no mean or deviation.

    There is no torchvision backend: TranSalNet's published maps depend on OpenCV's 8-bit `resize`,
    which torchvision rounds differently.

    Args:
        size: `height` and `width` of the canvas.
        do_convert_rgb: True makes grey images RGB and drops alpha; False refuses them.
        **kwargs: Arguments of `BaseImageProcessor`.

    Example:
        >>> inputs = SaliencyImageProcessor()(np.zeros((60, 80, 3), np.uint8))
        >>> tuple(inputs["pixel_values"].shape)
        (1, 3, 288, 384)
    """

    model_input_names = ["pixel_values"]  # noqa: RUF012 - transformers copies class attributes

    def __init__(
        self, size: dict[str, int] | None = None, do_convert_rgb: bool = True, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.size = size or {"height": 288, "width": 384}
        self.do_convert_rgb = do_convert_rgb

    def preprocess(
        self,
        images: Any,
        return_tensors: str | TensorType | None = "pt",
        do_convert_rgb: bool | None = None,
        input_data_format: str | None = None,
        **kwargs: Any,
    ) -> BatchFeature:
        """Prepare a batch.

        Args:
            images: One image, a list or a stacked batch, uint8; (H, W, C) or (C, H, W) with 3
                channels, 4 (alpha is dropped) or 1, or (H, W), as arrays, tensors or PIL images,
                which are turned upright by their EXIF orientation.
            return_tensors: "pt" or "np".
            do_convert_rgb: As in the class, for this call.
            input_data_format: "channels_first" or "channels_last"; None finds out, and takes the
                last axis for the channels where both fit.
            **kwargs: Ignored.

        Returns:
            `pixel_values` (B, 3, height, width) float32 in [0, 1].

        Raises:
            ValueError: If there is no image, or one is not uint8 or has other channels.
        """
        if not isinstance(images, list | tuple) and getattr(images, "ndim", 3) < 4:
            images = [images]
        if not len(images):
            raise ValueError("images is empty; give at least one")
        converts = self.do_convert_rgb if do_convert_rgb is None else do_convert_rgb
        arrays = [
            _rgb(image, f"images[{i}]", converts, input_data_format)
            for i, image in enumerate(images)
        ]
        canvases = [self._canvas(array) for array in arrays]
        pixel_values = np.stack(canvases).transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
        return BatchFeature({"pixel_values": pixel_values}, tensor_type=return_tensors)

    def _canvas(self, image: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 to the (height, width, 3) uint8 canvas."""
        frame = (self.size["height"], self.size["width"])
        height, width = fit_within(image.shape[:2], frame)
        top, left = (frame[0] - height) // 2, (frame[1] - width) // 2
        canvas = np.full((*frame, 3), _CANVAS, np.uint8)
        canvas[top : top + height, left : left + width] = cv2.resize(image, (width, height))
        return canvas

    def post_process_saliency(
        self, outputs: Any, target_sizes: Sequence[tuple[int, int]]
    ) -> list[np.ndarray]:
        """Map the network's results back to the images, in 8 bits as in TranSalNet's code.

        Args:
            outputs: A [`SaliencyOutput`] or its `saliency` (B, 1, height, width).
            target_sizes: (height, width) of each image.

        Returns:
            uint8 (H, W) maps: 255 times the saliency, rounded down before resizing.

        Raises:
            ValueError: If the numbers of maps and sizes differ.
        """
        saliency = outputs if isinstance(outputs, torch.Tensor) else outputs["saliency"]
        if len(saliency) != len(target_sizes):
            raise ValueError(f"{len(saliency)} maps but {len(target_sizes)} target_sizes")
        planes = (255 * saliency[:, 0].float()).to(torch.uint8).cpu().numpy()
        return [_uncover(*pair) for pair in zip(planes, target_sizes, strict=True)]


def _rgb(image: Any, name: str, converts: bool, order: str | None) -> np.ndarray:
    """(H, W, 3) uint8 of an image in any accepted form."""
    if isinstance(image, Image.Image):
        image = ImageOps.exif_transpose(image) or image
        if converts and image.mode in _EIGHT_BIT_MODES:
            image = image.convert("RGB")
    elif isinstance(image, torch.Tensor):
        image = image.detach().cpu()
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[..., None]
    elif array.ndim == 3 and _channels_first(array.shape, order):
        array = array.transpose(1, 2, 0)
    channels = (1, 3, 4) if converts else (3,)
    if array.ndim != 3 or array.shape[2] not in channels or array.dtype != np.uint8:
        hint = "" if converts else "; leave do_convert_rgb at True to drop alpha or to take greys"
        raise ValueError(
            f"{name} must be (H, W, 3) or (3, H, W) uint8, got {np.shape(image)} "
            f"{array.dtype}{hint}"
        )
    return np.ascontiguousarray(np.broadcast_to(array[..., :3], (*array.shape[:2], 3)))


def _channels_first(shape: tuple[int, ...], order: Any) -> bool:
    if order is not None:
        return str(getattr(order, "value", order)) == "channels_first"
    return shape[2] not in (1, 3, 4) and shape[0] in (1, 3, 4)


def _uncover(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize the canvas so that the image in it has the given size, then remove the margins."""
    height, width = size
    if height * plane.shape[1] > width * plane.shape[0]:
        whole = (height, plane.shape[1] * height // plane.shape[0])
    else:
        whole = (plane.shape[0] * width // plane.shape[1], width)
    top, left = (whole[0] - height) // 2, (whole[1] - width) // 2
    resized = cv2.resize(plane, (whole[1], whole[0]))
    return resized[top : top + height, left : left + width]


__all__ = ["SaliencyImageProcessor"]
