"""Caches of network inputs and targets between epochs: in this process, or in files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.atomic import atomic_file

Features = dict[str, torch.Tensor]
Item = tuple[str, Features]  # full_stem, tensors


class MemoryCache:
    """Keeps the first items that fit into a budget of bytes in this process."""

    def __init__(self, budget: int):
        self._free = budget
        self._items: dict[int, Item] = {}

    def get(self, index: int) -> Item | None:
        """The item of an index, or None."""
        return self._items.get(index)

    def put(self, index: int, item: Item) -> None:
        """Keep an item if there is room."""
        size = sum(tensor.nbytes for tensor in item[1].values())
        if size <= self._free:
            self._free -= size
            self._items[index] = item


class FolderCache:
    """Keeps items as files, shared by worker processes and those of ``accelerate launch``."""

    def __init__(self, folder: Path, budget: int):
        self._folder = folder
        self._budget = budget

    def _path(self, index: int) -> Path:
        return self._folder / f"{index}.safetensors"

    def get(self, index: int) -> Item | None:
        """The item of an index; None if it is not kept or its file is damaged."""
        try:
            with safe_open(self._path(index), framework="pt") as file:
                features = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return file.metadata()["full_stem"], features
        except (OSError, SafetensorError):
            return None

    def put(self, index: int, item: Item) -> None:
        """Keep an item if there is room; a full disk costs speed, not the training."""
        # By index, so that the processes need not agree on how much of the budget is left.
        stem, features = item
        size = sum(tensor.nbytes for tensor in features.values())
        if (index + 1) * size > self._budget:
            return
        with suppress(RclicksError), atomic_file(self._path(index)) as part:
            save_file(features, part, metadata={"full_stem": stem})
