"""The interface of everything that hands out images and masks (a store)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from rclicks_hf.data.images.files import encode_png


@runtime_checkable
class ImageStore(Protocol):
    """Images with object masks and, for later rounds, the previous masks."""

    def objects(self) -> list[tuple[str, str]]:
        """All (image_stem, object_stem); object_stem is ``""`` where the image has one object."""

    def image(self, image_stem: str) -> np.ndarray:
        """The image, (H, W, 3) uint8 RGB."""

    def mask(self, image_stem: str, object_stem: str) -> np.ndarray:
        """The object's mask, (H, W) int8: 1 object, 0 background, -1 unknown."""

    def previous_mask(self, full_stem: str) -> np.ndarray | None:
        """The mask that the user of a later round saw, (H, W) bool, or None."""


@runtime_checkable
class EncodedImageStore(ImageStore, Protocol):
    """A store that also hands out the image file's own bytes, so that nothing is encoded twice."""

    def encoded_image(self, image_stem: str) -> bytes:
        """Bytes of an image file that decodes to `image`."""


def encoded_image(store: ImageStore, image_stem: str) -> bytes:
    """Bytes of an image file: the store's own where it has them, else a PNG."""
    if isinstance(store, EncodedImageStore):
        return store.encoded_image(image_stem)
    return encode_png(store.image(image_stem))
