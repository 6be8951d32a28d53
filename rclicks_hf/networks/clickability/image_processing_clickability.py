"""Image processor of the clickability network: letterboxing in, cutting out and resizing back."""

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

_ROUNDING = 1e-6  # a resized constant map varies by less


def letterbox(height: int, width: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Where an image lies in the padded canvas.

    Args:
        height: Of the image, pixels.
        width: Of the image, pixels.
        size: (height, width) of the canvas.

    Returns:
        (top, left, new height, new width): aspect kept, sides rounded down, centred with the
        smaller margin first.

    Example:
        >>> letterbox(321, 481, (416, 416))
        (69, 0, 277, 416)
    """
    if height * size[1] >= width * size[0]:
        new_height, new_width = size[0], max(1, width * size[0] // height)
    else:
        new_height, new_width = max(1, height * size[1] // width), size[1]
    return (size[0] - new_height) // 2, (size[1] - new_width) // 2, new_height, new_width


def to_canvas(
    batch: torch.Tensor, canvas: tuple[int, int], *, antialias: bool = False
) -> torch.Tensor:
    """Images of one size, resized (bilinear) and put in the middle of canvases of zeros.

    Args:
        batch: (B, C, H, W) float32.
        canvas: (height, width).
        antialias: Blur before making smaller.

    Returns:
        (B, C, *canvas) float32, pixel centres aligned as in OpenCV.

    Example:
        >>> to_canvas(torch.ones(1, 1, 2, 4), (4, 4))[0, 0, :, 0].tolist()
        [0.0, 1.0, 1.0, 0.0]
    """
    top, left, height, width = letterbox(batch.shape[2], batch.shape[3], canvas)
    resized = F.interpolate(batch, size=(height, width), mode="bilinear", antialias=antialias)
    right, bottom = canvas[1] - left - width, canvas[0] - top - height
    return F.pad(resized, (left, right, top, bottom))


def from_canvas(
    click_maps: torch.Tensor, size: tuple[int, int], *, normalize: bool = True
) -> torch.Tensor:
    """Maps of images of one size, cut out of the padding, resized and min-max normalised.

    Args:
        click_maps: (B, 1, S, S), what the network made of the canvases.
        size: (height, width) of the images.
        normalize: False leaves the values as the network has them, as the paper's clicker does.

    Returns:
        (B, height, width) float32 in [0, 1]; a constant map becomes all zero where normalised.

    Example:
        >>> from_canvas(torch.tensor([[[[9.0, 9.0], [1.0, 3.0]]]]), (2, 2))[0].tolist()
        [[1.0, 1.0], [0.0, 0.25]]
    """
    top, left, height, width = letterbox(*size, (click_maps.shape[2], click_maps.shape[3]))
    cut = click_maps.float()[:, :, top : top + height, left : left + width]
    resized = F.interpolate(cut, size=size, mode="bilinear", antialias=True)[:, 0]
    if not normalize:
        return resized
    resized = resized - resized.amin((1, 2), keepdim=True)
    span = resized.amax((1, 2), keepdim=True)
    return torch.where(span > _ROUNDING, resized / span, 0)


def _as_list(batch: Any, item_ndim: int) -> list[Any]:
    """One image, a list of images, or a stacked batch, as a list."""
    if isinstance(batch, list | tuple):
        return list(batch)
    if isinstance(batch, np.ndarray | torch.Tensor) and batch.ndim > item_ndim:
        return list(batch)
    return [batch]


def _numpy(array: Any) -> Any:
    """Tensors as arrays, also those of bfloat16, which NumPy does not have."""
    if not isinstance(array, torch.Tensor):
        return array
    array = array.detach().cpu()
    return (array.float() if array.dtype == torch.bfloat16 else array).numpy()


def _plane(mask: Any, name: str) -> np.ndarray:
    """A mask or map of any array-like type as a two-dimensional array."""
    plane = np.asarray(_numpy(mask))
    if plane.ndim == 3 and plane.shape[0] == 1:
        plane = plane[0]
    if plane.ndim != 2:
        raise ValueError(f"{name} must be (H, W), got {plane.shape}")
    return plane


class ClickabilityImageProcessor(PilBackend):
    """Prepares images, masks and click maps for [`ClickabilityModel`], and maps for images.

    Images become RGB in [0, 1], are normalised with ImageNet's mean and deviation, resized
    (bilinear, aspect kept) and padded with zeros in the middle of a square: in this order, so the
    padding is the mean colour. Masks and click maps take the same way, without the colours; their
    edges become soft. Click maps are antialiased, so that no click falls between the pixels.

    Images: uint8 in [0, 255] or float in [0, 1]; (H, W, 3), (3, H, W), grey (H, W), RGBA (the
    alpha is dropped), PIL images or tensors; 16 bits have to be scaled down first. Where a shape
    fits both orders, the mask's shape decides, then `input_data_format`. Masks: (H, W); what is
    > 0 is inside, so 1, 255 and True mean the same, and GrabCut's unknown band (-1) is background.

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
            images: One image or a list (see the class for the forms).
            object_masks: As many masks of the objects, (H, W) each.
            error_masks: As many masks of the regions to click in; None is the first round, where
                the whole object is.
            click_maps: As many target click maps, (H, W) each, >= 0; they become `labels`.
            **kwargs: `return_tensors` ("pt" or "np"), `size`, `image_mean`, ... for this call.

        Returns:
            `pixel_values` (B, 3, S, S), `object_mask`, `error_mask` (B, 1, S, S) float32 and,
            with `click_maps`, `labels` (B, 1, S, S).

        Raises:
            ValueError: If there is no image, the numbers differ, a mask has another size than its
                image, an error mask is empty, a click map is negative or not finite, a float image
                leaves [0, 1], or another one [0, 255].
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
        planes = _arrays(object_masks, len(image_list), "object_masks")
        pairs = zip(image_list, planes, strict=True)
        arrays = [self._rgb(*pair, f"images[{i}]", **kwargs) for i, pair in enumerate(pairs)]
        sizes = [array.shape[1:] for array in arrays]
        objects = _masks(planes, sizes, "object_masks")
        errors = objects if error_masks is None else _masks(error_masks, sizes, "error_masks")
        for i, mask in enumerate(errors):
            if not mask.any():
                raise ValueError(f"error_masks[{i}] is empty: there is nothing to click on")
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
                    raise ValueError(f"click_maps[{i}] has values that are negative or not finite")
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
        **kwargs: Any,
    ) -> np.ndarray:
        """(3, H, W) float32, normalised."""
        _check_range(image, name)
        if _is_array(image):
            image = _numpy(image)
            input_data_format = input_data_format or _order(image.shape, mask.shape)
        array = self.process_image(
            image, do_convert_rgb=not _is_array(image), input_data_format=input_data_format
        )
        if array.shape[0] not in (1, 3, 4):
            raise ValueError(f"{name} has {array.shape[0]} channels; give 1, 3 or 4")
        array = np.broadcast_to(array[:3], (3, *array.shape[1:]))
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
        """(C, H, W) float32, resized and put in the middle of a canvas of zeros."""
        batch = torch.from_numpy(np.ascontiguousarray(array))[None]
        return to_canvas(batch, canvas, antialias=antialias)[0].numpy()

    def post_process_click_maps(
        self, outputs: Any, target_sizes: Sequence[tuple[int, int]], *, normalize: bool = True
    ) -> list[torch.Tensor]:
        """Bring the network's maps back to the images.

        The padding is cut off, the rest resized (bilinear, antialiased) and min-max normalised,
        as in the paper.

        Args:
            outputs: A [`ClickabilityOutput`], or its `click_map` (B, 1, S, S).
            target_sizes: (height, width) of each image.
            normalize: False leaves the last normalisation out, as the paper's clicker does.

        Returns:
            Float32 (H, W) maps in [0, 1]; a constant map becomes all zero where normalised.

        Raises:
            ValueError: If there are more or fewer sizes than maps.
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
    """Refuse what would silently be taken for 8 bits, or for floats in [0, 1]."""
    if isinstance(image, Image.Image):
        if not image.mode.startswith(("I", "F")):
            return
        array, most = np.asarray(image), 255  # of these Pillow's conversion to RGB clips the rest
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
    """Which axis has the channels, where the shape fits both orders but the mask only one."""
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


def _arrays(batch: Any, count: int, name: str) -> list[np.ndarray]:
    """As many masks or maps as images, as (H, W) arrays."""
    planes = [_plane(item, f"{name}[{i}]") for i, item in enumerate(_as_list(batch, 2))]
    if len(planes) != count:
        raise ValueError(f"{count} images but {len(planes)} {name}; give one (H, W) for each")
    return planes


def _planes(batch: Any, sizes: list[tuple[int, ...]], name: str) -> list[np.ndarray]:
    """As many (H, W) arrays as images, of the images' sizes."""
    planes = _arrays(batch, len(sizes), name)
    for i, (plane, size) in enumerate(zip(planes, sizes, strict=True)):
        if plane.shape != tuple(size):
            raise ValueError(f"{name}[{i}] is {plane.shape}, its image is {tuple(size)}")
    return planes


def _masks(batch: Any, sizes: list[tuple[int, ...]], name: str) -> list[np.ndarray]:
    """As many (1, H, W) float32 masks of 0 and 1 as images."""
    return [(plane > 0).astype(np.float32)[None] for plane in _planes(batch, sizes, name)]


__all__ = ["ClickabilityImageProcessor"]
