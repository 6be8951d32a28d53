"""Instances with clicks as a torch dataset of network inputs and target click maps."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from rclicks_hf.data.click_maps import click_map
from rclicks_hf.data.instances import Instance
from rclicks_hf.networks.clickability.image_processing_clickability import (
    ClickabilityImageProcessor,
)
from rclicks_hf.training.feature_cache import Features, FolderCache, Item, MemoryCache

INDEX = "instance"  # what an item calls its place in the data set


def flip_horizontally(features: Features) -> Features:
    """Mirror image, masks and target; their last axis is x."""
    return {name: tensor.flip(-1) for name, tensor in features.items()}


class ClickMapDataset(Dataset[Features]):
    """Inputs of `ClickabilityModel.forward`, cached up to `cache_bytes` after the first use.

    Instances without clicks get an all-zero target, which adds no loss. Seed, stem and epoch decide
    each flip, in any order. With `cache_folder`, all processes share the cache; `with_index`
    adds each item's index as ``instance``, by which the evaluation finds its clicks.
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
        cache_folder: Path | None = None,
        with_index: bool = False,
    ):
        self.instances = instances
        self.processor = processor
        self.sigma = sigma
        self.flip_probability = flip_probability
        self.seed = seed
        self.with_index = with_index
        # In shared memory, so that persistent workers see the next epoch.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        self._cache: MemoryCache | FolderCache = (
            MemoryCache(cache_bytes)
            if cache_folder is None
            else FolderCache(cache_folder, cache_bytes)
        )

    @property
    def epoch(self) -> int:
        """Index of the current epoch, from 0."""
        return int(self._epoch)

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return len(self.instances)

    def __getitem__(self, index: int) -> Features:
        stem, features = self._item(index)
        rng = np.random.default_rng([zlib.crc32(stem.encode()), self.seed, self.epoch])
        if rng.random() < self.flip_probability:
            features = flip_horizontally(features)
        return {**features, INDEX: torch.tensor(index)} if self.with_index else features

    def _item(self, index: int) -> Item:
        cached = self._cache.get(index)
        if cached is not None:
            return cached
        instance = self.instances[index]
        item = (instance.full_stem, self._compute(instance))
        self._cache.put(index, item)
        return item

    def _compute(self, instance: Instance) -> Features:
        error_mask, clicks = instance.error_mask, instance.clicks
        target = np.zeros(error_mask.shape, np.float32)
        if len(clicks):
            target = click_map(clicks.x, clicks.y, error_mask, sigma=self.sigma)
        batch = self.processor(
            instance.image,
            instance.object_mask,
            error_mask,
            target,
            input_data_format="channels_last",
            return_tensors="pt",
        )
        return {name: tensor[0].contiguous() for name, tensor in batch.items()}
