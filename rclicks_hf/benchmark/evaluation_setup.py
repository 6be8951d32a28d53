"""A segmenter and a click model under a protocol: clicks, masks and their scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from rclicks_hf.benchmark.clicker import Target
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.click_models.interface import BoxedMap, ClickModel, ClickModelOnImages
from rclicks_hf.data.instances import Click, Instance
from rclicks_hf.jobs.threads import Threads
from rclicks_hf.metrics.packed_masks import ObjectScorer
from rclicks_hf.segmenters.conformance import check_predictions
from rclicks_hf.segmenters.interface import Segmenter

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class ThresholdedMask:
    """(H, W) bool mask of the object, and what the segmenter gets back with the next clicks."""

    mask: np.ndarray
    memory: Any


@dataclass(eq=False)
class _Prepared:
    """What is made once per object."""

    instance: Instance  # held, so that its id stays its own
    object_mask: np.ndarray | None = None
    scorer: ObjectScorer | None = None


@dataclass(frozen=True, eq=False)
class EvaluationSetup:
    """Segmenter, click model (None where no run draws from one) and protocol, for one image."""

    segmenter: Segmenter
    click_model: ClickModel | None
    protocol: BenchmarkProtocol
    threads: Threads = field(default_factory=Threads)
    _once: dict[int, _Prepared] = field(default_factory=dict, repr=False)

    @cached_property
    def on_images(self) -> ClickModelOnImages:
        """The click model, which prepares an image once."""
        assert self.click_model is not None
        return ClickModelOnImages(self.click_model)

    @property
    def threshold(self) -> float:
        """The object is where the probability is above this."""
        fixed = self.protocol.mask_threshold
        return self.segmenter.threshold if fixed is None else fixed

    def predict(
        self,
        state: Any,
        clicks: Sequence[Sequence[Click]],
        memories: Sequence[Any],
        shape: tuple[int, ...],
    ) -> list[ThresholdedMask]:
        """Masks of many trajectories on one image of size ``shape``; refuses what is not a mask.

        ``clicks`` holds all clicks of each trajectory, ``memories`` the memory of its last mask.
        """
        found = self.segmenter.predict(state, clicks, memories)
        return [
            ThresholdedMask(np.asarray(p.probability) > self.threshold, p.memory)
            for p in check_predictions(found, len(clicks), (shape[0], shape[1]))
        ]

    def scores(
        self, instance: Instance, predicted: Sequence[np.ndarray]
    ) -> list[tuple[float, float]]:
        """(IoU, boundary IoU) of (H, W) bool masks of one object; unknown pixels are ignored."""
        of = self._once.setdefault(id(instance), _Prepared(instance))
        if of.scorer is None:
            of.scorer = ObjectScorer(instance.mask, self.protocol.boundary_dilation_ratio)
        return self.each(of.scorer, predicted)

    def each(self, call: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """See `Threads.each`."""
        if self.protocol.shares_generators:
            # An error must leave the generators as they are where one item follows the other.
            return [call(item) for item in items]
        return self.threads.each(call, items)

    def click_maps(
        self, wanted: Sequence[tuple[Instance, Target]]
    ) -> list[np.ndarray | BoxedMap | None]:
        """Maps to draw from, made in one batch; None where nothing is left to correct."""
        keys = self.each(_key, wanted)
        distinct = {key: pair for key, pair in zip(keys, wanted, strict=True) if key is not None}
        if self.click_model is None or not distinct:
            return [None] * len(wanted)
        instances, targets = zip(*distinct.values(), strict=True)
        maps = self._make_maps(self.click_model, instances, targets)
        if len(maps) != len(distinct):
            raise ValueError(f"click_maps must return {len(distinct)} maps, got {len(maps)}")
        for instance, click_map in zip(instances, maps, strict=True):
            self._check_map(click_map, instance.mask.shape)
        made = dict(zip(distinct, maps, strict=True))
        return [None if key is None else made[key] for key in keys]

    def _make_maps(
        self, click_model: ClickModel, instances: Sequence[Instance], targets: Sequence[Target]
    ) -> Sequence[np.ndarray | BoxedMap]:
        objects = [self._object_mask(instance) for instance in instances]
        errors, images = [target.error_mask for target in targets], [i.image for i in instances]
        prepared = None
        if all(image is images[0] for image in images):
            prepared = self.on_images.on(images[0])
        if prepared is None:
            return click_model.click_maps(images, objects, errors)
        return prepared.boxed_maps(objects, errors, [target.region.box for target in targets])

    def _object_mask(self, instance: Instance) -> np.ndarray:
        of = self._once.setdefault(id(instance), _Prepared(instance))
        if of.object_mask is None:
            of.object_mask = instance.object_mask
        return of.object_mask

    def _check_map(self, click_map: np.ndarray | BoxedMap, shape: tuple[int, ...]) -> None:
        if isinstance(click_map, BoxedMap):
            return
        values = np.asarray(click_map)
        if values.shape != shape:
            raise ValueError(f"click_map must have the image's size {shape}, got {values.shape}")
        if self.protocol.broken_map_rule == "failure" and not np.isfinite(values).all():
            raise ValueError("click_map must be finite, got NaN or infinite values")


def _key(wanted: tuple[Instance, Target]) -> tuple[str, str, bytes] | None:
    """Equal for equal error masks of an object; None for an empty one."""
    instance, target = wanted
    if target.region.is_empty:
        return None
    box = target.region.box
    return instance.full_stem, str(box), np.packbits(target.error_mask[box]).tobytes()
