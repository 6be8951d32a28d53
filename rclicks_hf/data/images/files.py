"""Reading and writing single image files: RGB pixels, PNG masks, one-line errors."""

from __future__ import annotations

import io
import os
import re
import struct
from pathlib import Path

import numpy as np
from PIL import Image

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.pixels.image_reading import (
    LOSSY,
    has_deep_colours,
    is_exact,
    is_grey,
    lossy,
    mask_pixels,
    open_image,
    upright,
)
from rclicks_hf.support.pixels.mask_values import mask_values

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff")
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)
_DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")  # Pillow's modes of 16 bits
_NO_RANGE = ("I", "F")  # 32 bits: nothing says which value is white
_PLAIN_MODES = ("RGB", "L")
_CUT_OFF = re.compile("cut off|damaged|truncated")
_PLAIN_FORMATS = ("JPEG", "MPO", "PNG")  # MPO: what some cameras call a JPEG
_ORIENTATION_TAG = 0x0112
_SIDEWAYS = range(5, 9)  # EXIF orientations that swap width and height

# Masks in PNG files: object, unknown, background.
_STORED = {1: 255, -1: 128, 0: 0}


def decode_rgb(data: bytes) -> np.ndarray:
    """(H, W, 3) uint8 RGB of an encoded image, upright by its EXIF orientation.

    16-bit grey is scaled to 8 bits; 32-bit pixels, which have no agreed white, are a ValueError.
    """
    image = upright(open_image(data))
    if image.mode in _NO_RANGE:
        raise _PixelTypeError("has 32-bit pixels")
    if image.mode in _DEEP_GREY:  # Pillow's own conversion cuts at 255
        return _rgb_of_deep_grey(np.asarray(image))
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def read_rgb(path: Path) -> np.ndarray:
    """`decode_rgb` of a file; `RclicksError` if it is missing, broken or not an image."""
    try:
        return decode_rgb(path.read_bytes())
    except _DECODE_ERRORS as error:
        raise _unreadable(path, error) from error


def read_mask_pixels(
    path: Path, *, is_coded: bool = False, needs_grey: bool = False, is_soft: bool = False
) -> np.ndarray:
    """(H, W, 3) uint8 RGB of a mask file, upright.

    ``is_coded`` says that colours are codes of objects, ``needs_grey`` that colours have no
    meaning, ``is_soft`` that the mask is cut at half, so that a lossy coding does no harm.

    Raises:
        RclicksError: If the file is missing, broken or not an image, or may have been a mask that
            is no longer certain: in an alpha channel, in a lossy format, in colours.
    """
    try:
        data = path.read_bytes()
        image = open_image(data)
        if upright(image).mode in _NO_RANGE:
            raise _PixelTypeError("has 32-bit pixels")
    except _DECODE_ERRORS as error:
        raise _unreadable(path, error) from error
    try:
        pixels = mask_pixels(image, f"{path}: the mask")
    except ValueError as error:
        raise RclicksError(str(error)) from error
    if pixels.ndim == 2:
        is_deep = pixels.dtype not in (np.uint8, bool)
        grey = pixels.astype(np.uint8) * 255 if pixels.dtype == bool else pixels
        pixels = _rgb_of_deep_grey(grey) if is_deep else np.repeat(grey[..., None], 3, axis=2)
    has_colours = not is_grey(pixels)
    if has_deep_colours(image, data) or (is_coded and image.mode in _DEEP_GREY):
        raise RclicksError(f"{path}: the mask has 16 bits per channel; save it with 8")
    is_changed = is_coded or has_colours or not is_exact(pixels[..., 0])
    if is_changed and not is_soft and lossy(image, data):
        raise RclicksError(f"{path}: the mask {LOSSY}")
    if needs_grey and has_colours:
        raise RclicksError(
            f"{path}: the mask has colours; repaint it in greys: 255 object, 0 background"
        )
    return pixels


def _rgb_of_deep_grey(grey: np.ndarray) -> np.ndarray:
    # Rounded up, so that no label of a mask becomes background.
    small = ((grey.astype(np.uint32) + 256) // 257).astype(np.uint8)
    return np.repeat(small[..., None], 3, axis=2)


def image_size(path: Path) -> tuple[int, int]:
    """(width, height) of an image file after its EXIF orientation, from its header."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            # Pillow swaps the sides of a TIFF itself.
            sideways = image.format != "TIFF" and _orientation(image) in _SIDEWAYS
    except _DECODE_ERRORS as error:
        raise _unreadable(path, error) from error
    return (height, width) if sideways else (width, height)


def is_turned(path: Path) -> bool:
    """Whether the EXIF orientation of a readable image file swaps width and height."""
    with Image.open(path) as image:
        return _orientation(image) in _SIDEWAYS


def _orientation(image: Image.Image) -> int:
    return int(image.getexif().get(_ORIENTATION_TAG, 1))


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
    """(H, W) int8 mask of `encode_mask`'s bytes: 1 object, -1 unknown, 0 background.

    Raises:
        ValueError: If the bytes are a whole image but not such a mask.
    """
    return mask_values(mask_pixels(open_image(data), "the stored mask")).astype(np.int8)


class _PixelTypeError(ValueError):
    """Pixels that cannot be shown as 8-bit RGB."""


def _unreadable(path: Path, error: BaseException) -> RclicksError:
    remedy = "replace the file with an intact one"
    if isinstance(error, FileNotFoundError) and path.is_symlink():
        reason = f"a link to {os.readlink(path)}, which does not exist"
        remedy = "replace the link by the file"
    elif isinstance(error, FileNotFoundError):
        reason = "no such file"
    elif isinstance(error, Image.DecompressionBombError):
        reason = f"has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels"
        remedy = "make it smaller"
    elif isinstance(error, _PixelTypeError):
        reason, remedy = str(error), "save it with 8 bits per channel"
    elif isinstance(error, OSError) and error.errno:
        reason, remedy = f"cannot be read ({error.strerror})", "give a file that can be read"
    elif isinstance(error, OSError | ValueError) and _CUT_OFF.search(str(error)):
        reason = "not a readable image: it is cut off or damaged"
    else:
        reason = "not a readable image"
    return RclicksError(f"{path}: {reason}; {remedy}")
