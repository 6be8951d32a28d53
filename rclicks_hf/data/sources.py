"""Where images and masks come from: the protocol and its implementations in one place."""

from __future__ import annotations

from rclicks_hf.data.images.folders import FolderStore, find_sources
from rclicks_hf.data.images.interface import EncodedImageStore, ImageStore, encoded_image
from rclicks_hf.data.images.memory import MemoryStore, StoreWithPrevious

__all__ = [
    "EncodedImageStore",
    "FolderStore",
    "ImageStore",
    "MemoryStore",
    "StoreWithPrevious",
    "encoded_image",
    "find_sources",
]
