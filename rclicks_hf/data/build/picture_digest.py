"""Identity of the pictures and masks that models see, independent of clicks and of the writer."""

from __future__ import annotations

import hashlib

import numpy as np

from rclicks_hf.data.images.files import decode_rgb

_JPEG = b"\xff\xd8"


class PictureDigest:
    """Collects the image and object mask of each first-round instance of a dataset and split.

    Masks and lossless images count by their pixels, so that encoding them anew changes nothing.
    JPEG counts by its bytes: its pixels depend on the decoder, and encoding it anew changes them.
    """

    def __init__(self) -> None:
        self._instances: dict[str, str] = {}
        self._last: tuple[str, str] = ("", "")  # of an image whose objects follow each other

    def add(self, full_stem: str, image_stem: str, image: bytes, mask: np.ndarray) -> None:
        """Add an instance by its stored image and its mask of -1, 0 and 1."""
        if self._last[0] != image_stem:
            pixels = None if image.startswith(_JPEG) else decode_rgb(image)
            found = hashlib.sha256(image).hexdigest() if pixels is None else _of_array(pixels)
            self._last = (image_stem, found)
        self._instances[full_stem] = f"{self._last[1]} {_of_array(mask.astype(np.int8))}"

    def hexdigest(self) -> str:
        """64 hexadecimal digits, whatever the order; ``""`` without any instance."""
        lines = [f"{stem} {digests}\n" for stem, digests in sorted(self._instances.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest() if lines else ""


def _of_array(array: np.ndarray) -> str:
    shape = " ".join(map(str, array.shape))
    return hashlib.sha256(f"{shape}\n".encode() + np.ascontiguousarray(array).tobytes()).hexdigest()
