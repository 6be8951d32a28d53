"""Instances with clicks as a torch dataset of network inputs and target click maps."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from rclicks_hf.clickability.image_processing_clickability import ClickabilityImageProcessor
from rclicks_hf.data.click_maps import click_map
from rclicks_hf.data.instances import Instance

Features = dict[str, torch.Tensor]


def flip_horizontally(features: Features) -> Features:
    """Mirror image, masks and target together.

    Args:
        features: Tensors whose last axis is x.

    Returns:
        New tensors.

    Example:
        >>> flip_horizontally({"labels": torch.tensor([[1.0, 2.0]])})["labels"].tolist()
        [[2.0, 1.0]]
    """
    return {name: tensor.flip(-1) for name, tensor in features.items()}


class ClickMapDataset(Dataset[Features]):
    """What `ClickabilityModel.forward` takes, computed once an instance and then kept.

    Args:
        instances: Instances with clicks; one without any gets an all-zero target, which adds
            nothing to the loss.
        processor: Image processor of the network.
        sigma: Blur of the click maps (see :func:`rclicks_hf.data.click_maps.click_map`).
        flip_probability: Of mirroring an instance in an epoch; 0 for evaluation.
        seed: With the instance's stem and the epoch it decides each flip, whatever the order.
        cache_bytes: Keep computed tensors up to so many bytes; the rest is computed again.
    """

    def __init__(
        self,
        instances: Sequence[Instance],
        processor: ClickabilityImageProcessor,
        *,
        sigma: float = 5.0,
        flip_probability: float = 0.0,
        seed: int = 42,
        cache_bytes: int = 1 << 30,
    ):
        self.instances = instances
        self.processor = processor
        self.sigma = sigma
        self.flip_probability = flip_probability
        self.seed = seed
        self.epoch = 0
        self._free_bytes = cache_bytes
        self._cache: dict[int, tuple[str, Features]] = {}

    def __len__(self) -> int:
        return len(self.instances)

    def __getitem__(self, index: int) -> Features:
        stem, features = self._features(index)
        rng = np.random.default_rng([zlib.crc32(stem.encode()), self.seed, self.epoch])
        if rng.random() < self.flip_probability:
            return flip_horizontally(features)
        return features

    def _features(self, index: int) -> tuple[str, Features]:
        if index in self._cache:
            return self._cache[index]
        instance = self.instances[index]
        item = (instance.full_stem, self._compute(instance))
        size = sum(tensor.nbytes for tensor in item[1].values())
        if size <= self._free_bytes:
            self._free_bytes -= size
            self._cache[index] = item
        return item

    def _compute(self, instance: Instance) -> Features:
        error_mask, clicks = instance.error_mask, instance.clicks
        target = np.zeros(error_mask.shape, np.float32)
        if len(clicks):
            target = click_map(clicks.x, clicks.y, error_mask, sigma=self.sigma)
        batch = self.processor(
            instance.image, instance.object_mask, error_mask, target, return_tensors="pt"
        )
        return {name: tensor[0] for name, tensor in batch.items()}
