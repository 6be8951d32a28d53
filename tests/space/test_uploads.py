"""What is refused of a visitor's files, and before how much of them is decoded."""

from __future__ import annotations

import base64
import io
import re
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rclicks_hf.errors import RclicksError
from rclicks_hf.space.limits import MAX_UPLOAD_BYTES
from rclicks_hf.space.uploads import decode_object_mask, decode_picture


def as_sent(data: bytes) -> dict[str, Any]:
    return {"data": f"data:image/png;base64,{base64.b64encode(data).decode()}"}


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes whose header says ``side`` by ``side`` pixels."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    coded = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(coded)


SMALL = Image.new("RGB", (8, 6), (10, 200, 30))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_of_the_usual_formats(kind: str) -> None:
    pixels, shape = decode_picture(as_sent(encoded(SMALL, kind)))
    assert pixels.shape == (6, 8, 3)
    assert shape == (6, 8)
    assert pixels[0, 0, 1] > 180


def test_a_photograph_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels, shape = decode_picture(as_sent(encoded(SMALL, "JPEG", exif=exif)))
    assert pixels.shape == (8, 6, 3)
    assert shape == (8, 6)


def test_files_that_are_not_images() -> None:
    png = encoded(SMALL, "PNG")
    wrong: list[tuple[Any, str]] = [
        (None, "picture: nothing was sent"),
        ({}, "picture: nothing was sent"),
        ({"data": "/etc/passwd"}, "picture: nothing was sent"),
        ({"data": {"path": "/etc/passwd"}}, "picture: nothing was sent"),
        ({"data": "data:image/png;base64,***"}, "picture: was not received completely"),
        ({"size": MAX_UPLOAD_BYTES + 1}, "picture: is larger than 10 MB"),
        (as_sent(b"\0" * (MAX_UPLOAD_BYTES + 100)), "picture: is larger than 10 MB"),
        (as_sent(b"<svg/>"), "picture: is not an image that can be read here"),
        (as_sent(encoded(SMALL, "GIF")), "picture: is not an image that can be read here"),
        (as_sent(encoded(SMALL, "TIFF")), "picture: is not an image that can be read here"),
        (as_sent(png[:-20]), "give another"),
        (as_sent(bomb(6_000)), "picture: has 36 megapixels"),
        (
            as_sent(bomb(60_000)),
            "picture: is not an image that can be read here",
        ),  # Pillow's own guard
    ]
    for upload, message in wrong:
        with pytest.raises(RclicksError, match=re.escape(message)) as error:
            decode_picture(upload)
        assert "\n" not in str(error.value)


def test_a_mask_keeps_its_unknown_band() -> None:
    grey = np.zeros((6, 8), np.uint8)
    grey[1:4], grey[4] = 255, 128
    mask = decode_object_mask(as_sent(encoded(Image.fromarray(grey), "PNG")), (6, 8), (6, 8))
    assert mask.dtype == np.int8
    np.testing.assert_array_equal(mask[:, 0], [0, 1, 1, 1, -1, 0])


def test_a_mask_of_a_scaled_picture() -> None:
    grey = np.zeros((12, 16), np.uint8)
    grey[6:] = 255
    mask = decode_object_mask(as_sent(encoded(Image.fromarray(grey), "PNG")), (6, 8), (12, 16))
    np.testing.assert_array_equal(mask[:, 0], [0, 0, 0, 1, 1, 1])


def test_files_that_are_not_masks() -> None:
    black, grey = np.zeros((6, 8), np.uint8), np.arange(48, dtype=np.uint8).reshape(6, 8)
    for pixels, message in (
        (black, "mask: holds no object"),
        (grey, "mask holds 0, 1, 2, 3, ..."),
        (np.full((7, 8), 255, np.uint8), "mask: is 8 × 7 pixels, the picture 8 × 6 pixels"),
    ):
        with pytest.raises(RclicksError, match=re.escape(message)):
            decode_object_mask(as_sent(encoded(Image.fromarray(pixels), "PNG")), (6, 8), (6, 8))
    with pytest.raises(RclicksError, match="mask: is not an image that can be read here; give PNG"):
        decode_object_mask(as_sent(encoded(SMALL, "JPEG")), (6, 8), (6, 8))
