"""Where computed inputs and targets are kept between epochs: in this process, or in files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.atomic import atomic_file

Features = dict[str, torch.Tensor]
Item = tuple[str, Features]  # full_stem, tensors


class MemoryCache:
    """Keeps items in this process, first come, until the budget is spent.

    Args:
        budget: Bytes of tensors.

    Example:
        >>> cache = MemoryCache(budget=8)
        >>> cache.put(0, ("a", {"x": torch.zeros(2)}))
        >>> cache.put(1, ("b", {"x": torch.zeros(2)}))
        >>> cache.get(0)[0], cache.get(1)
        ('a', None)
    """

    def __init__(self, budget: int):
        self._free = budget
        self._items: dict[int, Item] = {}

    def get(self, index: int) -> Item | None:
        """The item of that key, None where it is not kept."""
        return self._items.get(index)

    def put(self, index: int, item: Item) -> None:
        """Keep an item, if there is room."""
        size = sum(tensor.nbytes for tensor in item[1].values())
        if size <= self._free:
            self._free -= size
            self._items[index] = item


class FolderCache:
    """Keeps items as files, which worker processes and those of ``accelerate launch`` share.

    The first instances are kept, as many as the budget holds: so the processes need not agree on
    what is left of it.

    Args:
        folder: Made when the first item comes; remove it to empty the cache.
        budget: Bytes of tensors.

    Example:
        >>> import tempfile
        >>> cache = FolderCache(Path(tempfile.mkdtemp()), budget=8)
        >>> cache.put(0, ("a", {"x": torch.ones(2)}))
        >>> cache.put(1, ("b", {"x": torch.ones(2)}))
        >>> cache.get(0), cache.get(1)
        (('a', {'x': tensor([1., 1.])}), None)
    """

    def __init__(self, folder: Path, budget: int):
        self._folder = folder
        self._budget = budget

    def _path(self, index: int) -> Path:
        return self._folder / f"{index}.safetensors"

    def get(self, index: int) -> Item | None:
        """The item of that key, None where it is not kept or its file is damaged."""
        try:
            with safe_open(self._path(index), framework="pt") as file:
                features = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                return file.metadata()["full_stem"], features
        except (OSError, SafetensorError):
            return None

    def put(self, index: int, item: Item) -> None:
        """Keep an item, if there is room; a full disk costs speed, not the training."""
        stem, features = item
        size = sum(tensor.nbytes for tensor in features.values())
        if (index + 1) * size > self._budget:
            return
        with suppress(RclicksError), atomic_file(self._path(index)) as part:
            save_file(features, part, metadata={"full_stem": stem})
