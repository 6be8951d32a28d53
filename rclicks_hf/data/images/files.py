"""Reading and writing single image files: RGB pixels, PNG masks, one-line errors."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from rclicks_hf.errors import RclicksError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")  # Pillow's modes of 16 bits
_NO_RANGE = ("I", "F")  # 32 bits: nothing says which value is white
_PLAIN_MODES = ("RGB", "L")
_PLAIN_FORMATS = ("JPEG", "MPO", "PNG")  # MPO: what some cameras call a JPEG
_ORIENTATION_TAG = 0x0112
_SIDEWAYS = range(5, 9)  # EXIF orientations that swap width and height

# Masks in PNG files: object, unknown, background.
_STORED = {1: 255, -1: 128, 0: 0}


def decode_rgb(data: bytes) -> np.ndarray:
    """(H, W, 3) uint8 RGB of an encoded image, upright by its EXIF orientation.

    16-bit grey is scaled to 8 bits; 32-bit pixels, which have no agreed white, are a ValueError.
    """
    with Image.open(io.BytesIO(data)) as image:
        ImageOps.exif_transpose(image, in_place=True)
        if image.mode in _NO_RANGE:
            raise _PixelTypeError("has 32-bit pixels")
        if image.mode in _DEEP_GREY:  # Pillow's own conversion cuts at 255
            # Rounded up, so that no label of a mask becomes background.
            grey = ((np.asarray(image).astype(np.uint32) + 256) // 257).astype(np.uint8)
            return np.repeat(grey[..., None], 3, axis=2)
        return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def read_rgb(path: Path) -> np.ndarray:
    """`decode_rgb` of a file; `RclicksError` if it is missing, broken or not an image."""
    try:
        return decode_rgb(path.read_bytes())
    except _DECODE_ERRORS as error:
        raise _unreadable(path, error) from error


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) of an image file after its EXIF orientation, from its header."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            sideways = image.getexif().get(_ORIENTATION_TAG) in _SIDEWAYS
    except _DECODE_ERRORS as error:
        raise _unreadable(path, error) from error
    return (height, width) if sideways else (width, height)


def is_plain(path: Path) -> bool:
    """Whether a file can be stored as it is: a JPEG or PNG of 8-bit RGB or grey.

    Others (palette, CMYK, alpha, 16 bits) would reach the dataset's users in their own pixel modes.
    """
    try:
        with Image.open(path) as image:
            return image.format in _PLAIN_FORMATS and image.mode in _PLAIN_MODES
    except _DECODE_ERRORS as error:
        raise _unreadable(path, error) from error


def encode_png(array: np.ndarray) -> bytes:
    """PNG bytes of an (H, W) or (H, W, 3) uint8 array."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="PNG")
    return buffer.getvalue()


def encode_mask(mask: np.ndarray) -> bytes:
    """PNG bytes of a mask (bool, or 1, -1 and 0): 255 object, 128 unknown, 0 background."""
    lookup = np.zeros(256, np.uint8)
    lookup[[value % 256 for value in _STORED]] = list(_STORED.values())
    return encode_png(lookup[mask.astype(np.uint8)])


def decode_mask(data: bytes) -> np.ndarray:
    """(H, W) int8 mask of `encode_mask`'s bytes: 1 object, -1 unknown, 0 background."""
    lookup = np.zeros(256, np.int8)
    lookup[list(_STORED.values())] = list(_STORED)
    with Image.open(io.BytesIO(data)) as image:
        return lookup[np.asarray(image)]


class _PixelTypeError(ValueError):
    """Pixels that cannot be shown as 8-bit RGB."""


def _unreadable(path: Path, error: BaseException) -> RclicksError:
    remedy = "replace the file with an intact one"
    if isinstance(error, FileNotFoundError):
        reason = "no such file"
    elif isinstance(error, Image.DecompressionBombError):
        reason = f"has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels"
        remedy = "make it smaller"
    elif isinstance(error, _PixelTypeError):
        reason, remedy = str(error), "save it with 8 bits per channel"
    elif isinstance(error, OSError) and error.errno:
        reason, remedy = f"cannot be read ({error.strerror})", "give a file that can be read"
    else:
        reason = "not a readable image"
    return RclicksError(f"{path}: {reason}; {remedy}")
