"""Stores of images and masks in memory."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rclicks_hf.data.images.interface import ImageStore, encoded_image
from rclicks_hf.data.stems import check_stem
from rclicks_hf.errors import RclicksError

MASK_VALUES = (1, 0, -1)


class MemoryStore:
    """Images, masks and previous masks held in memory.

    Example:
        >>> store = MemoryStore()
        >>> mask = np.eye(4, dtype=np.int8)
        >>> store.add("a", np.zeros((4, 4, 3), np.uint8), {"": mask}, {"a_sam_fn_pc_1": mask == 1})
        >>> store.objects(), store.mask("a", "").sum(), store.previous_mask("a") is None
        ([('a', '')], np.int64(4), True)
    """

    def __init__(self) -> None:
        self._images: dict[str, np.ndarray] = {}
        self._masks: dict[tuple[str, str], np.ndarray] = {}
        self._previous: dict[str, np.ndarray] = {}

    def add(
        self,
        image_stem: str,
        image: np.ndarray,
        masks: Mapping[str, np.ndarray],
        previous: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Add an image with its objects.

        Args:
            image_stem: New identifier of the image.
            image: (H, W, 3) uint8 RGB.
            masks: object_stem -> (H, W) mask of 1, 0 and -1 (or bool), not empty.
            previous: full_stem -> (H, W) bool previous mask of a later round.

        Raises:
            ValueError: If a stem is taken or malformed, or a shape, type or value is wrong.
        """
        if image_stem in self._images:
            raise ValueError(f"image_stem {image_stem!r} is already in the store")
        check_stem(image_stem, "image_stem")
        _check_image(image, image_stem)
        size = image.shape[:2]
        self._masks.update(
            {(image_stem, stem): _checked_mask(mask, size, stem) for stem, mask in masks.items()}
        )
        self._images[image_stem] = image
        for full_stem, mask in (previous or {}).items():
            self.add_previous(full_stem, mask, size)

    def add_previous(
        self, full_stem: str, mask: np.ndarray, size: tuple[int, int] | None = None
    ) -> None:
        """Add the (H, W) bool previous mask of a later round.

        Raises:
            ValueError: If the mask is not bool, or not of ``size`` (H, W), where given.
        """
        if mask.dtype != bool or mask.ndim != 2 or (size is not None and mask.shape != size):
            raise ValueError(
                f"previous mask of {full_stem!r} must be (H, W) bool"
                f"{'' if size is None else f' of {size}'}, got {mask.dtype} {mask.shape}"
            )
        self._previous[full_stem] = mask

    def objects(self) -> list[tuple[str, str]]:
        """All (image_stem, object_stem) in the order they were added."""
        return list(self._masks)

    def image(self, image_stem: str) -> np.ndarray:
        """The image, (H, W, 3) uint8 RGB."""
        if image_stem not in self._images:
            raise RclicksError(f"{image_stem}: no such image in this store; check image_stem")
        return self._images[image_stem]

    def mask(self, image_stem: str, object_stem: str) -> np.ndarray:
        """The object's mask, (H, W) int8: 1 object, 0 background, -1 unknown."""
        if (image_stem, object_stem) not in self._masks:
            raise RclicksError(
                f"{image_stem}: no object {object_stem!r} in this store; check object_stem"
            )
        return self._masks[image_stem, object_stem]

    def previous_mask(self, full_stem: str) -> np.ndarray | None:
        """The mask that the user of a later round saw, (H, W) bool; None without one."""
        return self._previous.get(full_stem)


class StoreWithPrevious:
    """Another store's images and objects, with previous masks held in memory.

    Args:
        store: The images and object masks.
        previous: full_stem -> (H, W) bool; for other stems the store's own previous masks are used.

    Example:
        >>> inner = MemoryStore()
        >>> inner.add("a", np.zeros((4, 4, 3), np.uint8), {"": np.eye(4, dtype=np.int8)})
        >>> store = StoreWithPrevious(inner, {"a_geocut_fn_pc_1": np.eye(4) > 0})
        >>> store.objects(), int(store.previous_mask("a_geocut_fn_pc_1").sum())
        ([('a', '')], 4)
    """

    def __init__(self, store: ImageStore, previous: Mapping[str, np.ndarray]) -> None:
        self._store = store
        self._previous = dict(previous)

    def objects(self) -> list[tuple[str, str]]:
        """All (image_stem, object_stem) of the inner store."""
        return self._store.objects()

    def image(self, image_stem: str) -> np.ndarray:
        """The image, (H, W, 3) uint8 RGB."""
        return self._store.image(image_stem)

    def encoded_image(self, image_stem: str) -> bytes:
        """Bytes of an image file that decodes to `image`."""
        return encoded_image(self._store, image_stem)

    def mask(self, image_stem: str, object_stem: str) -> np.ndarray:
        """The object's mask, (H, W) int8."""
        return self._store.mask(image_stem, object_stem)

    def previous_mask(self, full_stem: str) -> np.ndarray | None:
        """The previous mask, (H, W) bool, or None."""
        own = self._previous.get(full_stem)
        return self._store.previous_mask(full_stem) if own is None else own


def _check_image(image: np.ndarray, stem: str) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"image {stem!r} must be (H, W, 3) uint8, got {image.dtype} {image.shape}")


def _checked_mask(mask: np.ndarray, size: tuple[int, int], stem: str) -> np.ndarray:
    if mask.shape != size:
        raise ValueError(f"mask {stem!r} must have the image's (H, W) {size}, got {mask.shape}")
    values = np.unique(mask).tolist()
    if not set(values) <= set(MASK_VALUES):
        raise ValueError(f"mask {stem!r} must hold only 1, 0 and -1, got {values[:5]}")
    if 1 not in values:
        raise ValueError(f"mask {stem!r} is empty: it needs at least one object pixel")
    return mask.astype(np.int8, copy=False)
