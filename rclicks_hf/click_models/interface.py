"""The interface of click models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from rclicks_hf.support.pixels.zero_buffer import Box


@dataclass(frozen=True, eq=False)
class BoxedMap:
    """A click map in a box around its error mask; outside it is finite and never drawn."""

    plane: np.ndarray  # (h, w) float32, the map in the box before it is normalised
    box: Box  # rows and columns of the box
    shape: tuple[int, int]  # (H, W) of the image
    low: float | np.float32 = 0.0  # what normalising subtracts
    # What it then divides by; 0 makes all values 0, None leaves them as they are
    span: float | np.float32 | None = None

    def at(self, places: np.ndarray) -> np.ndarray:
        """(n,) float32 >= 0 of `ClickModel.click_map` where (h, w) ``places`` are true."""
        values = self.plane[places]
        if self.span is None:
            return values
        return (values - self.low) / self.span if self.span else np.zeros_like(values)


class ImageClickModel(Protocol):
    """A click model that has prepared an image, for many maps on it."""

    def boxed_maps(
        self,
        object_masks: Sequence[np.ndarray],
        error_masks: Sequence[np.ndarray],
        boxes: Sequence[Box],
    ) -> list[BoxedMap | np.ndarray]:
        """The click maps of (H, W) bool masks, each in a box outside of which its error is empty.

        A whole map where it is not finite. No error mask is empty. Object masks are prepared once
        per array, which must not change.
        """
        ...


class ClickModelOnImages:
    """A click model that is asked about one image after the other, each prepared once if it can.

    Example:
        >>> from rclicks_hf.click_models import load_click_model
        >>> model = ClickModelOnImages(load_click_model("dt"))
        >>> mask = np.array([[False, True, True, True, False]])
        >>> model.click_map(np.zeros((1, 5, 3), np.uint8), mask, mask).tolist()
        [[0.0, 0.5, 1.0, 0.5, 0.0]]
    """

    def __init__(self, model: ClickModel):
        self._model = model
        self._held: tuple[np.ndarray, ImageClickModel | None] | None = None

    def on(self, image: np.ndarray) -> ImageClickModel | None:
        """The model with the image prepared; None if it does not do that."""
        if self._held is None or self._held[0] is not image:
            prepare = getattr(self._model, "on_image", None)
            self._held = image, prepare(image) if prepare else None
        return self._held[1]

    def click_map(
        self, image: np.ndarray, object_mask: np.ndarray, error_mask: np.ndarray
    ) -> np.ndarray:
        """As `ClickModel.click_map`, for bool masks."""
        prepared = self.on(image) if error_mask.any() else None
        if prepared is None:
            return self._model.click_map(image, object_mask, error_mask)
        check_instance(image, object_mask, error_mask)
        height, width = error_mask.shape
        whole = (slice(0, height), slice(0, width))
        [found] = prepared.boxed_maps([object_mask], [error_mask], [whole])
        if isinstance(found, BoxedMap):
            return found.at(np.ones(error_mask.shape, bool)).reshape(error_mask.shape)
        return found


@runtime_checkable
class ClickModel(Protocol):
    """Interface: predicts where in an error region users would click.

    Attributes:
        name: Short name in tables and result files, for example ``"dt"``.
    """

    name: str

    def click_map(
        self, image: np.ndarray, object_mask: np.ndarray, error_mask: np.ndarray
    ) -> np.ndarray:
        """The click map of one instance.

        Args:
            image: (H, W, 3) uint8 RGB.
            object_mask: (H, W), > 0 on the object.
            error_mask: (H, W), > 0 on the region to click in.

        Returns:
            (H, W) float32 >= 0, in proportion to the likelihood of a click; all zero if the error
            mask is empty.

        Raises:
            ValueError: If the sizes of the arrays differ.
        """
        ...

    def click_maps(
        self,
        images: Sequence[np.ndarray],
        object_masks: Sequence[np.ndarray],
        error_masks: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        """The click maps of many instances, as by ``click_map`` for each."""
        ...


def check_instance(image: np.ndarray, object_mask: np.ndarray, error_mask: np.ndarray) -> None:
    """Refuse an image that is not (H, W, 3) and masks that are not (H, W)."""
    if image.ndim != 3:
        raise ValueError(f"image must be (H, W, 3), got {image.shape}")
    for name, mask in (("object_mask", object_mask), ("error_mask", error_mask)):
        if mask.shape != image.shape[:2]:
            raise ValueError(f"{name} is {mask.shape}, the image is {image.shape}")


class MaskClickModel(ABC):
    """Base class of click models that only use the error mask."""

    name: str

    @abstractmethod
    def from_error_mask(self, error_mask: np.ndarray) -> np.ndarray:
        """(H, W) bool to the (H, W) float32 click map."""

    def click_map(
        self, image: np.ndarray, object_mask: np.ndarray, error_mask: np.ndarray
    ) -> np.ndarray:
        """The click map of one instance (see :class:`ClickModel`)."""
        check_instance(image, object_mask, error_mask)
        return self.from_error_mask(error_mask > 0)

    def click_maps(
        self,
        images: Sequence[np.ndarray],
        object_masks: Sequence[np.ndarray],
        error_masks: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        """The click maps of many instances (see :class:`ClickModel`)."""
        triples = zip(images, object_masks, error_masks, strict=True)
        return [self.click_map(*triple) for triple in triples]
