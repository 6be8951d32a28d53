"""What click models with a network share: the device, batches, precision."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch

from rclicks_hf.click_models.interface import BoxedMap, check_instance
from rclicks_hf.networks.placement import Batch, arithmetic, find_device, find_dtype, put_on
from rclicks_hf.support.pixels.zero_buffer import Box

T = TypeVar("T")
_BATCH_SIZE = 8  # click maps per forward pass
Masks = tuple[np.ndarray, np.ndarray, Box]  # object mask, error mask, box of the map
Triple = tuple[np.ndarray, np.ndarray, np.ndarray]  # image, object mask, error mask


class NetworkClickModel(ABC):
    """Base class of click models that run a network on batches of instances."""

    name: str
    model: Any
    processor: Any
    _ways: ClassVar[tuple[str, ...]] = ("click_map", "click_maps", "_predict")
    _batch: Batch
    _dtype: torch.dtype

    def _place(
        self, model: Any, device: str | torch.device | None, dtype: str, batch_size: int | None
    ) -> None:
        """Take a network; ``device`` None leaves it where it is."""
        if device is not None:
            model = put_on(model, find_device(device))
        self.model, self._batch = model.eval(), Batch(batch_size or _BATCH_SIZE)
        self._dtype = find_dtype(dtype, self.model.device)

    @property
    def batch_size(self) -> int:
        """Click maps per forward pass."""
        return self._batch.size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self._batch = Batch(size)

    def _run(self, features: Any) -> Any:
        """The network's output for the features of an image processor."""
        inputs = features.to(self.model.device, self.model.dtype)
        with self.arithmetic():
            return self.model(**inputs, return_dict=True)

    def arithmetic(self) -> AbstractContextManager[Any]:
        """The network's precision."""
        return arithmetic(self.model.device, self._dtype)

    def run_batch(self, call: Callable[[], T]) -> T:
        """See `Batch.run`."""
        return self._batch.run(call)

    @abstractmethod
    def _predict(self, triples: Sequence[Triple]) -> list[np.ndarray]:
        """(H, W) float32 click maps of a batch; no error mask is empty."""

    def click_map(
        self, image: np.ndarray, object_mask: np.ndarray, error_mask: np.ndarray
    ) -> np.ndarray:
        """The click map of one instance (see :class:`ClickModel`)."""
        return self.click_maps([image], [object_mask], [error_mask])[0]

    def click_maps(
        self,
        images: Sequence[np.ndarray],
        object_masks: Sequence[np.ndarray],
        error_masks: Sequence[np.ndarray],
    ) -> list[np.ndarray]:
        """The click maps of many instances; the batch only changes their float rounding."""
        triples = list(zip(images, object_masks, error_masks, strict=True))
        for triple in triples:
            check_instance(*triple)
        maps = [np.zeros(mask.shape, np.float32) for mask in error_masks]
        clickable = [i for i, mask in enumerate(error_masks) if (mask > 0).any()]
        while clickable:
            batch, found = self.run_batch(partial(self._next_batch, triples, clickable))
            for i, click_map in zip(batch, found, strict=True):
                maps[i] = click_map
            clickable = clickable[len(batch) :]
        return maps

    def _next_batch(
        self, triples: Sequence[Triple], left: Sequence[int]
    ) -> tuple[Sequence[int], list[np.ndarray]]:
        """The first of the instances left, as many as fit into a batch, and their maps."""
        batch = left[: self.batch_size]
        return batch, self._predict([triples[i] for i in batch])

    def _is_plain(self, kind: type[NetworkClickModel], processor: type) -> bool:
        """Whether no subclass of ``kind`` or the processor overrides how maps are made."""
        own = (getattr(type(self), name) is not getattr(kind, name) for name in kind._ways)
        return type(self.processor) is processor and not any(own)


class NetworkOnImage(ABC):
    """Base class of such click models on a prepared image; see `ImageClickModel`."""

    def __init__(self, click_model: NetworkClickModel, image: np.ndarray):
        self._of, self._image, self._shape = click_model, image, (image.shape[0], image.shape[1])

    def boxed_maps(
        self,
        object_masks: Sequence[np.ndarray],
        error_masks: Sequence[np.ndarray],
        boxes: Sequence[Box],
    ) -> list[BoxedMap | np.ndarray]:
        """See `ImageClickModel`."""
        wanted: list[Masks] = list(zip(object_masks, error_masks, boxes, strict=True))
        maps: list[BoxedMap | np.ndarray] = []
        while len(maps) < len(wanted):
            maps += self._of.run_batch(partial(self._first_maps, wanted[len(maps) :]))
        return maps

    def _first_maps(self, left: Sequence[Masks]) -> list[BoxedMap | np.ndarray]:
        with torch.inference_mode():
            return self._maps(left[: self._of.batch_size])

    @abstractmethod
    def _maps(self, batch: Sequence[Masks]) -> list[BoxedMap | np.ndarray]:
        """The maps of a batch."""
