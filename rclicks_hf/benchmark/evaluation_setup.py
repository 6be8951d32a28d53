"""A segmenter and a click model under a protocol: what one click costs, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rclicks_hf.benchmark.clicker import Target
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.data.instances import Click, Instance
from rclicks_hf.metrics import boundary_iou, iou
from rclicks_hf.segmenters.conformance import check_predictions
from rclicks_hf.segmenters.interface import Segmenter


class ClickMaps(Protocol):
    """What the engine needs of a click model."""

    name: str

    def click_maps(
        self,
        images: Sequence[np.ndarray],
        object_masks: Sequence[np.ndarray],
        error_masks: Sequence[np.ndarray],
    ) -> Sequence[np.ndarray]:
        """(H, W) maps >= 0, one an entry of the lists."""
        ...


@dataclass(frozen=True, eq=False)
class ThresholdedMask:
    """What a segmenter takes for the object.

    Attributes:
        mask: (H, W) bool.
        memory: What the segmenter wants back with the next clicks.
    """

    mask: np.ndarray
    memory: Any


@dataclass(frozen=True, eq=False)
class EvaluationSetup:
    """Segmenter, click model and protocol.

    Attributes:
        segmenter: The method.
        click_model: What clicks are drawn from; None where no run draws.
        protocol: The rules.

    Example:
        >>> from rclicks_hf.segmenters import load_segmenter
        >>> method = EvaluationSetup(load_segmenter("geocut"), None, BenchmarkProtocol())
        >>> mask = np.array([[1, 1, 0, -1]], np.int8)
        >>> method.scores(mask, np.array([[[True, False, False, True]]]))  # -1 does not count
        [(0.5, 0.5)]
    """

    segmenter: Segmenter
    click_model: ClickMaps | None
    protocol: BenchmarkProtocol

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
        """Masks of many trajectories on one image.

        Args:
            state: What the segmenter made of the image.
            clicks: For each trajectory all its clicks.
            memories: For each trajectory the memory of its last mask, None at its start.
            shape: (H, W) of the image.

        Raises:
            ValueError: If the segmenter returns another number, size or type, or NaN.
        """
        found = self.segmenter.predict(state, clicks, memories)
        return [
            ThresholdedMask(np.asarray(p.probability) > self.threshold, p.memory)
            for p in check_predictions(found, len(clicks), (shape[0], shape[1]))
        ]

    def scores(self, mask: np.ndarray, predicted: np.ndarray) -> list[tuple[float, float]]:
        """(IoU, boundary IoU) of masks of one object; the unknown band does not count.

        Args:
            mask: (H, W) int8: 1 object, 0 background, -1 unknown.
            predicted: (n, H, W) bool.
        """
        ratio = self.protocol.boundary_dilation_ratio
        ious = np.atleast_1d(iou(mask, predicted))
        boundary = np.atleast_1d(boundary_iou(mask, predicted, dilation_ratio=ratio))
        return list(zip(ious.tolist(), boundary.tolist(), strict=True))

    def click_maps(self, wanted: Sequence[tuple[Instance, Target]]) -> list[np.ndarray | None]:
        """Maps to draw from, made in one batch; equal targets of an object share one.

        Args:
            wanted: Objects, each with what has to be corrected on it.

        Returns:
            An (H, W) map a target; None where nothing is left to correct.

        Raises:
            ValueError: If the click model returns another number or size, or values that are not
                finite and the protocol takes that for a failure.
        """
        keys = [
            (instance.full_stem, np.packbits(target.error_mask).tobytes())
            if target.error_mask.any()
            else None
            for instance, target in wanted
        ]
        distinct = {key: pair for key, pair in zip(keys, wanted, strict=True) if key is not None}
        if self.click_model is None or not distinct:
            return [None] * len(wanted)
        instances, targets = zip(*distinct.values(), strict=True)
        maps = self.click_model.click_maps(
            [instance.image for instance in instances],
            [instance.object_mask for instance in instances],
            [target.error_mask for target in targets],
        )
        if len(maps) != len(distinct):
            raise ValueError(f"click_maps must return {len(distinct)} maps, got {len(maps)}")
        for instance, click_map in zip(instances, maps, strict=True):
            self._check_map(click_map, instance.mask.shape)
        made = dict(zip(distinct, maps, strict=True))
        return [None if key is None else made[key] for key in keys]

    def _check_map(self, click_map: np.ndarray, shape: tuple[int, ...]) -> None:
        values = np.asarray(click_map)
        if values.shape != shape:
            raise ValueError(f"click_map must have the image's size {shape}, got {values.shape}")
        if self.protocol.broken_map_rule == "failure" and not np.isfinite(values).all():
            raise ValueError("click_map must be finite, got NaN or infinite values")
