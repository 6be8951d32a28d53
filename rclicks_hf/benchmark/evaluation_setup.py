"""A segmenter and a click model under a protocol: clicks, masks and their scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rclicks_hf.benchmark.clicker import Target
from rclicks_hf.benchmark.protocol import BenchmarkProtocol
from rclicks_hf.click_models.interface import ClickModel
from rclicks_hf.data.instances import Click, Instance
from rclicks_hf.metrics import boundary_iou, iou
from rclicks_hf.segmenters.conformance import check_predictions
from rclicks_hf.segmenters.interface import Segmenter


@dataclass(frozen=True, eq=False)
class ThresholdedMask:
    """(H, W) bool mask of the object, and what the segmenter gets back with the next clicks."""

    mask: np.ndarray
    memory: Any


@dataclass(frozen=True, eq=False)
class EvaluationSetup:
    """Segmenter, click model (None where no run draws from one) and protocol."""

    segmenter: Segmenter
    click_model: ClickModel | None
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
        """Masks of many trajectories on one image of size ``shape``; refuses what is not a mask.

        ``clicks`` holds all clicks of each trajectory, ``memories`` the memory of its last mask.
        """
        found = self.segmenter.predict(state, clicks, memories)
        return [
            ThresholdedMask(np.asarray(p.probability) > self.threshold, p.memory)
            for p in check_predictions(found, len(clicks), (shape[0], shape[1]))
        ]

    def scores(self, mask: np.ndarray, predicted: np.ndarray) -> list[tuple[float, float]]:
        """(IoU, boundary IoU) of (n, H, W) bool masks of one object; -1 in ``mask`` is ignored."""
        ratio = self.protocol.boundary_dilation_ratio
        ious = np.atleast_1d(iou(mask, predicted))
        boundary = np.atleast_1d(boundary_iou(mask, predicted, dilation_ratio=ratio))
        return list(zip(ious.tolist(), boundary.tolist(), strict=True))

    def click_maps(self, wanted: Sequence[tuple[Instance, Target]]) -> list[np.ndarray | None]:
        """(H, W) maps to draw from, made in one batch; equal targets of an object share one.

        None where nothing is left to correct.
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
