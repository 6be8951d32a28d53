"""Pictures and masks that visitors send: bounded before they are decoded, and never a file."""

from __future__ import annotations

import base64
import binascii
import io
import struct
from collections.abc import Callable
from typing import Any, TypeVar

import cv2
import numpy as np
from PIL import Image

from rclicks_hf.data.images.files import decode_rgb
from rclicks_hf.errors import RclicksError
from rclicks_hf.space.limits import MAX_SIDE, MAX_UPLOAD_BYTES, MAX_UPLOAD_PIXELS
from rclicks_hf.support.pixels.image_reading import lossy, mask_of_image, open_image

T = TypeVar("T")
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP")
MASK_FORMATS = ("PNG",)
_ERRORS = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)


def decode_picture(upload: Any) -> tuple[np.ndarray, tuple[int, int]]:
    """(h, w, 3) uint8 RGB, at most `MAX_SIDE` long, of an upload; and (H, W) of its file."""
    pixels = _decoded(upload, "picture", PICTURE_FORMATS, lambda data, _: decode_rgb(data))
    shape = (pixels.shape[0], pixels.shape[1])
    return _at_most(pixels, cv2.INTER_AREA), shape


def decode_object_mask(
    upload: Any, shape: tuple[int, int], file_shape: tuple[int, int]
) -> np.ndarray:
    """(h, w) int8 mask (1, 0, -1) for a picture shown in ``shape``, of a file of ``file_shape``."""

    def decode(data: bytes, name: str) -> np.ndarray:
        image = open_image(data)
        return mask_of_image(image, name, is_lossy=lossy(image, data)).astype(np.int8)

    mask = _decoded(upload, "mask", MASK_FORMATS, decode)
    if mask.shape == file_shape:
        mask = cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_NEAREST)
    if mask.shape != shape:
        raise RclicksError(
            f"mask: is {_size(mask.shape)}, the picture {_size(file_shape)}; give a mask of the "
            "picture's size"
        )
    if not (mask == 1).any():
        raise RclicksError("mask: holds no object; paint the object white on black")
    return mask


def _decoded(
    upload: Any, name: str, formats: tuple[str, ...], decode: Callable[[bytes, str], T]
) -> T:
    """What ``decode`` makes of an upload's bytes, which are an image of one of the formats."""
    data = _bytes_of(upload, name)
    known = ", ".join(formats)
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            width, height = image.size
    except _ERRORS as error:
        raise RclicksError(
            f"{name}: is not an image that can be read here; give {known}"
        ) from error
    if width * height > MAX_UPLOAD_PIXELS:
        raise RclicksError(
            f"{name}: has {width * height / 1e6:.0f} megapixels; give at most "
            f"{MAX_UPLOAD_PIXELS / 1e6:.0f}"
        )
    try:
        return decode(data, name)
    except _ERRORS as error:
        text = " ".join(str(error).split())
        reason = text if text.startswith(f"{name} ") else f"{name}: {text or 'is broken'}"
        raise RclicksError(f"{reason}; give another {known} file") from error


def _bytes_of(upload: Any, name: str) -> bytes:
    """The bytes of ``{"data": "data:...;base64,..."}``; a file that was too large has no data."""
    found = upload.get("data") if isinstance(upload, dict) else None
    too_large = RclicksError(
        f"{name}: is larger than {MAX_UPLOAD_BYTES // 2**20} MB; give a smaller file"
    )
    if found is None and isinstance(upload, dict) and "size" in upload:
        raise too_large
    if not isinstance(found, str) or not found.startswith("data:"):
        raise RclicksError(f"{name}: nothing was sent; choose a file")
    code = found.partition(",")[2]
    if len(code) > MAX_UPLOAD_BYTES * 4 // 3 + 4:
        raise too_large
    try:
        return base64.b64decode(code, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RclicksError(f"{name}: was not received completely; send it again") from error


def _at_most(pixels: np.ndarray, interpolation: int) -> np.ndarray:
    height, width = pixels.shape[:2]
    scale = MAX_SIDE / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=interpolation)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} × {shape[0]} pixels"
