"""Image processor of the clickability network: letterboxes inputs and maps results back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F  # noqa: N812
from transformers.image_processing_backends import PilBackend
from transformers.image_processing_utils import BatchFeature
from transformers.image_utils import (
    IMAGENET_DEFAULT_MEAN,
    IMAGENET_DEFAULT_STD,
    ImageInput,
    PILImageResampling,
    SizeDict,
    is_valid_image,
)
from transformers.utils import TensorType

from .image_reading import mask_of_image, upright
from .mask_values import mask_values

ROUNDING = 1e-6  # resizing makes a constant map vary by less than this


def letterbox(height: int, width: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(top, left, new height, new width) of a centred image in a canvas of size (height, width)."""
    if height * size[1] >= width * size[0]:
        new_height, new_width = size[0], max(1, width * size[0] // height)
    else:
        new_height, new_width = max(1, height * size[1] // width), size[1]
    return (size[0] - new_height) // 2, (size[1] - new_width) // 2, new_height, new_width


def to_canvas(
    batch: torch.Tensor, canvas: tuple[int, int], *, antialias: bool = False
) -> torch.Tensor:
    """(B, C, H, W) float32, resized (bilinear, as OpenCV) and centred on (B, C, *canvas) zeros."""
    top, left, height, width = letterbox(batch.shape[2], batch.shape[3], canvas)
    resized = F.interpolate(batch, size=(height, width), mode="bilinear", antialias=antialias)
    right, bottom = canvas[1] - left - width, canvas[0] - top - height
    return F.pad(resized, (left, right, top, bottom))


def from_canvas(
    click_maps: torch.Tensor, size: tuple[int, int], *, normalize: bool = True
) -> torch.Tensor:
    """(B, 1, S, S) maps without their padding, as (B, *size) float32, optionally in [0, 1]."""
    top, left, height, width = letterbox(*size, (click_maps.shape[2], click_maps.shape[3]))
    cut = click_maps.float()[:, :, top : top + height, left : left + width]
    resized = F.interpolate(cut, size=size, mode="bilinear", antialias=True)[:, 0]
    if not normalize:
        return resized
    resized = resized - resized.amin((1, 2), keepdim=True)
    span = resized.amax((1, 2), keepdim=True)
    return torch.where(span > ROUNDING, resized / span, 0)


def _as_list(batch: Any, item_ndim: int) -> list[Any]:
    """One image, a list of images, or a stacked batch, as a list."""
    if isinstance(batch, list | tuple):
        return list(batch)
    if isinstance(batch, np.ndarray | torch.Tensor) and batch.ndim > item_ndim:
        return list(batch)
    return [batch]


def _numpy(array: Any) -> Any:
    """Tensors as arrays; bfloat16, which NumPy lacks, as float32."""
    if not isinstance(array, torch.Tensor):
        return array
    array = array.detach().cpu()
    return (array.float() if array.dtype == torch.bfloat16 else array).numpy()


def read_mask(mask: Any, name: str) -> np.ndarray:
    """(H, W) int8 or bool: 1 object, -1 unknown, 0 background, of a PIL image or an array."""
    if isinstance(mask, Image.Image):
        return mask_of_image(mask, name)
    return mask_values(_plane(mask, name), name)


def _plane(mask: Any, name: str) -> np.ndarray:
    """A map of any array-like type as an (H, W) array."""
    plane = np.asarray(_numpy(mask))
    if plane.ndim == 3 and plane.shape[0] == 1:
        plane = plane[0]
    if plane.ndim != 2:
        raise ValueError(f"{name} must be (H, W), got {plane.shape}")
    return plane


class ClickabilityImageProcessor(PilBackend):
    """Prepares images, masks and click maps for [`ClickabilityModel`] and maps results back.

    Images are normalised with ImageNet's mean and deviation, then resized (bilinear, aspect kept),
    then centred on a square of zeros, so the padding is the mean colour. Masks and click maps are
    resized and padded in the same way; click maps are antialiased so that no click is lost.

    Images: uint8 in [0, 255] or float in [0, 1]; (H, W, 3), (3, H, W), grey (H, W) or RGBA (alpha
    is dropped unless `do_convert_rgb=False`), as arrays, tensors or PIL images. Where a shape fits
    both axis orders, the mask's shape decides, then `input_data_format`. Masks: (H, W); bool, or
    1 object, 0 background, -1 unknown, or 255, 0, 128 for these; the unknown band of GrabCut is
    background here. PIL images are turned upright by their EXIF orientation, masks too.

    There is no torchvision backend: its `resize` rounds differently from `to_canvas`, which
    reproduces the paper's inputs, and masks and images must be resized in the same way.

    Example:
        >>> processor = ClickabilityImageProcessor(size={"height": 160, "width": 160})
        >>> image, mask = np.zeros((60, 80, 3), np.uint8), np.zeros((60, 80), bool)
        >>> mask[20:40, 20:50] = True
        >>> inputs = processor(image, mask, return_tensors="pt")
        >>> {name: tuple(value.shape) for name, value in inputs.items()}
        {'pixel_values': (1, 3, 160, 160), 'object_mask': (1, 1, 160, 160),
         'error_mask': (1, 1, 160, 160)}
        >>> processor.post_process_click_maps(inputs["error_mask"], [(60, 80)])[0].shape
        torch.Size([60, 80])
    """

    resample = PILImageResampling.BILINEAR
    image_mean = IMAGENET_DEFAULT_MEAN
    image_std = IMAGENET_DEFAULT_STD
    size = {"height": 416, "width": 416}  # noqa: RUF012 - transformers copies class attributes
    do_resize = True
    do_rescale = True
    do_normalize = True
    do_pad = True
    rescale_factor = 1 / 255
    model_input_names = ["pixel_values", "object_mask", "error_mask"]  # noqa: RUF012

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)

    def preprocess(
        self,
        images: ImageInput,
        object_masks: Any,
        error_masks: Any = None,
        click_maps: Any = None,
        **kwargs: Any,
    ) -> BatchFeature:
        """Prepare a batch.

        Args:
            images: One image or a list; see the class for the accepted forms.
            object_masks: One (H, W) mask of the object per image.
            error_masks: One (H, W) mask of the region to click in per image; None uses the object
                masks, as in the first round.
            click_maps: One (H, W) target click map >= 0 per image; they become `labels`.
            **kwargs: `return_tensors` ("pt" or "np"), `size`, `image_mean`, ... for this call.

        Returns:
            `pixel_values` (B, 3, S, S), `object_mask`, `error_mask` (B, 1, S, S) float32 and,
            with `click_maps`, `labels` (B, 1, S, S).

        Raises:
            ValueError: If counts or sizes differ, there is no image, an error mask is empty,
                values are out of range, or a mask has values of no known coding.
        """
        return super().preprocess(images, object_masks, error_masks, click_maps, **kwargs)

    def _preprocess_image_like_inputs(  # type: ignore[override]
        self,
        images: ImageInput,
        object_masks: Any = None,
        error_masks: Any = None,
        click_maps: Any = None,
        *,
        return_tensors: str | TensorType | None = None,
        **kwargs: Any,
    ) -> BatchFeature:
        is_one = isinstance(images, str) or (is_valid_image(images) and _is_single(images))
        image_list: Any = [images] if is_one else images
        if not len(image_list):
            raise ValueError("images is empty; give at least one")
        planes = _arrays(object_masks, len(image_list), "object_masks", read_mask)
        pairs = zip(image_list, planes, strict=True)
        arrays = [self._rgb(*pair, f"images[{i}]", **kwargs) for i, pair in enumerate(pairs)]
        sizes = [array.shape[1:] for array in arrays]
        objects = _masks(planes, sizes, "object_masks")
        errors = objects if error_masks is None else _masks(error_masks, sizes, "error_masks")
        for i, mask in enumerate(errors):
            if not mask.any():
                raise ValueError(f"error_masks[{i}] is empty; mark the region to click in")
        canvas = _canvas(kwargs["size"])
        data = {
            "pixel_values": [self._letterbox(array, canvas) for array in arrays],
            "object_mask": [self._letterbox(mask, canvas) for mask in objects],
            "error_mask": [self._letterbox(mask, canvas) for mask in errors],
        }
        if click_maps is not None:
            maps = _planes(click_maps, sizes, "click_maps")
            for i, plane in enumerate(maps):
                if not (np.isfinite(plane).all() and (plane >= 0).all()):
                    raise ValueError(f"click_maps[{i}] has negative or non-finite values")
            data["labels"] = [
                self._letterbox(plane.astype(np.float32)[None], canvas, antialias=True)
                for plane in maps
            ]
        stacked = {name: np.stack(values) for name, values in data.items()}
        return BatchFeature(data=stacked, tensor_type=return_tensors)

    def _rgb(
        self,
        image: Any,
        mask: np.ndarray,
        name: str,
        *,
        do_rescale: bool,
        rescale_factor: float,
        do_normalize: bool,
        image_mean: Any,
        image_std: Any,
        input_data_format: Any = None,
        do_convert_rgb: bool | None = None,
        **kwargs: Any,
    ) -> np.ndarray:
        """(3, H, W) float32, normalised; as many channels as given if they are not converted."""
        if isinstance(image, Image.Image):
            image = upright(image)
        _check_range(image, name)
        converts = do_convert_rgb is None or do_convert_rgb
        if _is_array(image):
            image = _numpy(image)
            input_data_format = input_data_format or _order(image.shape, mask.shape)
        array = self.process_image(
            image,
            do_convert_rgb=converts and not _is_array(image),
            input_data_format=input_data_format,
        )
        if array.shape[0] not in (1, 3, 4):
            raise ValueError(f"{name} has {array.shape[0]} channels; give 1, 3 or 4")
        if converts:
            array = np.broadcast_to(array[:3], (3, *array.shape[1:]))
        elif do_normalize and len(array) != len(image_mean):
            raise ValueError(
                f"{name} has {len(array)} channels but image_mean has {len(image_mean)} values; "
                "leave do_convert_rgb out, or give one mean and deviation per channel"
            )
        is_integer = array.dtype.kind in "iu"
        array = array.astype(np.float32)
        if do_rescale and is_integer:
            array = array * np.float32(rescale_factor)
        if do_normalize:
            mean, std = np.asarray(image_mean, np.float32), np.asarray(image_std, np.float32)
            array = (array - mean[:, None, None]) / std[:, None, None]
        return array

    def _letterbox(
        self, array: np.ndarray, canvas: tuple[int, int], *, antialias: bool = False
    ) -> np.ndarray:
        """(C, H, W) float32, resized and centred on a canvas of zeros."""
        batch = torch.from_numpy(np.ascontiguousarray(array))[None]
        return to_canvas(batch, canvas, antialias=antialias)[0].numpy()

    def post_process_click_maps(
        self, outputs: Any, target_sizes: Sequence[tuple[int, int]], *, normalize: bool = True
    ) -> list[torch.Tensor]:
        """Map the network's click maps back to the images.

        Args:
            outputs: A [`ClickabilityOutput`] or its `click_map` (B, 1, S, S).
            target_sizes: (height, width) of each image.
            normalize: True applies the paper's final min-max normalisation (constant maps become
                zero); False leaves it out, as the paper's clicker does.

        Returns:
            Float32 (H, W) maps in [0, 1]: padding removed, resized (bilinear, antialiased).

        Raises:
            ValueError: If the numbers of maps and sizes differ.
        """
        click_map = outputs if isinstance(outputs, torch.Tensor) else outputs["click_map"]
        if len(click_map) != len(target_sizes):
            raise ValueError(f"{len(click_map)} maps but {len(target_sizes)} target_sizes")
        pairs = zip(click_map, target_sizes, strict=True)
        return [
            from_canvas(plane[None], (height, width), normalize=normalize)[0]
            for plane, (height, width) in pairs
        ]


def _is_array(image: Any) -> bool:
    return isinstance(image, np.ndarray | torch.Tensor)


def _check_range(image: Any, name: str) -> None:
    """Refuse values that would be mistaken for 8-bit values or for floats in [0, 1]."""
    if isinstance(image, Image.Image):
        if not image.mode.startswith(("I", "F")):
            return
        array, most = np.asarray(image), 255  # Pillow's conversion to RGB would clip larger values
    elif _is_array(image):
        array = _numpy(image)
        most = 1 if array.dtype.kind == "f" else 255
    else:
        return
    if array.size and not (array.min() >= 0 and array.max() <= most):  # NaN is neither
        raise ValueError(
            f"{name} is {'float' if most == 1 else array.dtype} with values from "
            f"{array.min():.5g} to {array.max():.5g}; give floats in [0, 1] or uint8"
        )


def _order(shape: tuple[int, ...], mask_shape: tuple[int, ...]) -> str | None:
    """The axis order of an image whose shape fits both orders, if the mask's shape decides it."""
    if len(shape) != 3 or not {shape[0], shape[2]} <= {1, 3, 4}:
        return None
    fits = {"channels_last": shape[:2], "channels_first": shape[1:]}
    orders = [order for order, size in fits.items() if size == mask_shape]
    return orders[0] if len(orders) == 1 else None


def _is_single(image: Any) -> bool:
    return not _is_array(image) or image.ndim <= 3


def _canvas(size: SizeDict) -> tuple[int, int]:
    if not (size.height and size.width):
        raise ValueError(f"size needs 'height' and 'width', got {dict(size)}")
    return size.height, size.width


def _arrays(batch: Any, count: int, name: str, read: Any = _plane) -> list[np.ndarray]:
    """One (H, W) mask or map per image."""
    items = _as_list(batch, 2)
    if len(items) != count:
        raise ValueError(f"{count} images but {len(items)} {name}; give one (H, W) per image")
    return [read(item, f"{name}[{i}]") for i, item in enumerate(items)]


def _planes(
    batch: Any, sizes: list[tuple[int, ...]], name: str, read: Any = _plane
) -> list[np.ndarray]:
    """One (H, W) array per image, of the image's size."""
    planes = _arrays(batch, len(sizes), name, read)
    for i, (plane, size) in enumerate(zip(planes, sizes, strict=True)):
        if plane.shape != tuple(size):
            turned = plane.shape == tuple(size)[::-1]
            hint = "; turn it by 90 degrees, as the EXIF orientation turned the image"
            raise ValueError(
                f"{name}[{i}] is {plane.shape}, its image is {tuple(size)}{hint if turned else ''}"
            )
    return planes


def _masks(batch: Any, sizes: list[tuple[int, ...]], name: str) -> list[np.ndarray]:
    """One (1, H, W) float32 mask of 0 and 1 per image."""
    planes = _planes(batch, sizes, name, read_mask)
    return [(plane > 0).astype(np.float32)[None] for plane in planes]


__all__ = ["ClickabilityImageProcessor"]
