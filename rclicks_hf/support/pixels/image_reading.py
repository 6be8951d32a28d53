"""Images and masks as the files, arrays and PIL images that people have: one reader for all.

`networks/clickability/` has a link to this file, because a saved network carries its code.
It needs only NumPy and Pillow.
"""

from __future__ import annotations

import io
import re
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

from .mask_values import CODINGS, different_values, mask_values

_TIFF_BITS = 258  # tag of the bits per channel
_GREY_MODES = ("L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def mask_of_image(image: Image.Image, name: str = "mask", *, is_lossy: bool = False) -> np.ndarray:
    """The (H, W) `mask_values` of an image, upright by its EXIF orientation.

    Greys are read by `mask_values`; one colour on black is the object. A palette counts by its
    colours, which may not contradict the labels 0 and 1. ``is_lossy`` says that the file's coding
    changes values, as a JPEG's does.

    Raises:
        ValueError: If the mask may be in an alpha channel, has several colours, or was changed by
            a lossy coding.

    Example:
        >>> mask_of_image(Image.new("RGB", (2, 1), (128, 0, 0)))
        Traceback (most recent call last):
        ...
        ValueError: mask has the one colour (128, 0, 0); paint the object white on black
    """
    is_lossy = is_lossy or _is_lossy(image)
    pixels = mask_pixels(image, name)
    is_coloured = pixels.ndim == 3 and not is_grey(pixels)
    greys = pixels[..., 0] if pixels.ndim == 3 else pixels
    if is_lossy and (is_coloured or not is_exact(greys)):
        raise ValueError(f"{name} {LOSSY}")
    mask = _one_colour(pixels, name) if is_coloured else mask_values(greys, name)
    if image.mode == "P" and image.getextrema() == (0, 1):
        labels = np.asarray(upright(image)) == 1
        if not np.array_equal(labels, mask == 1):
            raise ValueError(
                f"{name} has a palette that contradicts its values 0 and 1; save it as a grey "
                "image with a white object"
            )
    return mask


LOSSY = "is in a lossy format (JPEG), which changed its values; export it again as a PNG"


def mask_pixels(image: Image.Image, name: str = "mask") -> np.ndarray:
    """(H, W) greys or bool, or (H, W, 3) uint8 colours of a mask image, upright.

    Raises:
        ValueError: If it has an alpha channel that differs between pixels, a palette that shows all
            its values in one colour, another kind of pixels, or several pages.
    """
    if (pages := _pages(image)) > 1:
        raise ValueError(f"{name} has {pages} pages or frames; save the one that is meant as a PNG")
    image = upright(image)
    if "A" in image.getbands() or "transparency" in image.info:
        alpha = image.convert("RGBA").getchannel("A").getextrema()
        if alpha[0] != alpha[1]:
            raise ValueError(
                f"{name} has an alpha channel, which may be the mask; save one grey channel: "
                "image.getchannel('A') if it is the mask, else image.convert('RGB')"
            )
    if image.mode == "1" or image.mode in _GREY_MODES:
        return np.asarray(image)
    if image.mode in ("P", "PA", "RGB", "RGBA", "RGBX", "LA"):
        pixels = np.asarray(image.convert("RGBA"))[..., :3]
        if image.mode == "P" and (pixels == pixels[0, 0]).all():
            low, high = image.getextrema()
            if low != high:
                raise ValueError(
                    f"{name} has a palette that shows all its values in one colour; save the "
                    "values as a grey image"
                )
        return pixels
    raise ValueError(f"{name} has pixels of mode {image.mode}; save it as a grey PNG")


def _pages(image: Image.Image) -> int:
    """Number of pages or frames; 1 where it is not known any more."""
    if image.format == "MPO":  # previews, which cameras add
        return 1
    try:
        return getattr(image, "n_frames", 1)
    except (OSError, ValueError, AttributeError):  # its file is closed
        return 1


def is_grey(pixels: np.ndarray) -> bool:
    """Whether the three channels of (H, W, 3) pixels are equal."""
    first = pixels[..., 0]
    return bool((first == pixels[..., 1]).all() and (first == pixels[..., 2]).all())


def is_exact(greys: np.ndarray) -> bool:
    """Whether greys hold only 255, 128 and 0 and the object, so that no coding changed them."""
    values = set(different_values(greys)) if greys.dtype.kind != "b" else {255}
    return 255 in values and values <= set(CODINGS[1])


def upright(image: Image.Image) -> Image.Image:
    """The image turned by its EXIF orientation; the same one where there is nothing to turn."""
    # Pillow itself turns a TIFF, and drops its orientation, when it is loaded. From a path it may
    # map the pixels instead of reading them, with width and height swapped: then they are wrong.
    path = getattr(image, "filename", None)
    if image.format == "TIFF" and path:
        image.filename = ""  # type: ignore[attr-defined]
        try:
            image.load()
        finally:
            image.filename = path  # type: ignore[attr-defined]
    image.load()
    return ImageOps.exif_transpose(image) or image


def open_image(data: bytes) -> Image.Image:
    """The loaded image of a file's bytes, not yet upright.

    Raises:
        OSError, SyntaxError, ValueError, struct.error: If the bytes are not a whole image.
    """
    image = Image.open(io.BytesIO(data))
    image.load()
    check_whole(data, image.format or "")
    return image


def lossy(image: Image.Image, data: bytes = b"") -> bool:
    """Whether the coding of an opened image changes values; ``data`` is its file's content."""
    return _is_lossy(image) or (image.format == "WEBP" and b"VP8 " in data[12:])


def has_deep_colours(image: Image.Image, data: bytes) -> bool:
    """Whether a file's colours have 16 bits per channel, of which Pillow keeps the upper 8."""
    if image.format == "PNG":
        return data[24] == 16 and data[25] != 0
    if image.format == "TIFF" and len(image.getbands()) > 1:
        return max(image.tag_v2.get(_TIFF_BITS) or (8,)) > 8  # type: ignore[attr-defined]
    return False


def check_whole(data: bytes, kind: str) -> None:
    """Refuse a file that is cut off in bytes that Pillow does not look at, or damaged there.

    Raises:
        ValueError: If its end is missing, or a checksum of a PNG is wrong.
    """
    check = {"PNG": _check_png, "BMP": _check_bmp, "TIFF": _check_tiff, "JPEG": _check_jpeg}
    if kind == "MPO":
        kind = "JPEG"
    if kind in check:
        try:
            check[kind](data)
        except struct.error as error:
            raise ValueError("cut off") from error


def _check_png(data: bytes) -> None:
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(memoryview(data)[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise ValueError("damaged")
        if data[at + 4 : at + 8] == b"IEND":
            return
        at = end + 4
    raise ValueError("cut off")


def _check_bmp(data: bytes) -> None:
    start, header = struct.unpack_from("<II", data, 10)
    if header < 40:
        return
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    if compression in (0, 3) and start + (width * bits + 31) // 32 * 4 * abs(height) > len(data):
        raise ValueError("cut off")


def _check_tiff(data: bytes) -> None:
    order = "<" if data[:2] == b"II" else ">"
    version, at = struct.unpack_from(order + "HI", data, 2)
    seen: set[int] = set()
    while version == 42 and at and at not in seen:
        seen.add(at)
        (entries,) = struct.unpack_from(order + "H", data, at)
        (at,) = struct.unpack_from(order + "I", data, at + 2 + 12 * entries)


_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")


def _check_jpeg(data: bytes) -> None:
    at = 2
    while marker := _MARKER.search(data, at):
        if marker[0] == b"\xff\xd9":
            return
        at = marker.end()
        (length,) = struct.unpack_from(">H", data, at)
        at += length
    raise ValueError("cut off")


def _is_lossy(image: Image.Image) -> bool:
    return image.format in ("JPEG", "MPO", "JPEG2000", "AVIF") or (
        image.format == "TIFF" and "jpeg" in str(image.info.get("compression", ""))
    )


def _one_colour(pixels: np.ndarray, name: str) -> np.ndarray:
    codes = pixels[..., 0].astype(np.int32) | pixels[..., 1].astype(np.int32) << 8
    codes |= pixels[..., 2].astype(np.int32) << 16
    colours = np.unique(codes).tolist()
    if len(colours) == 2 and colours[0] == 0:
        return codes > 0
    if len(colours) == 1:
        raise ValueError(
            f"{name} has the one colour {tuple(pixels[0, 0].tolist())}; paint the object white "
            "on black"
        )
    raise ValueError(
        f"{name} has {len(colours)} colours; a mask has one object on black, or 255, 128 and 0; "
        "select one colour"
    )
