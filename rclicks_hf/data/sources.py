"""Where images and masks come from: the protocol and its implementations in one place."""

from __future__ import annotations

from rclicks_hf.data.folder_source import FolderSource, find_sources
from rclicks_hf.data.image_source import EncodedImageSource, ImageSource, encoded_image
from rclicks_hf.data.memory_source import MemorySource, SourceWithPrevious

__all__ = [
    "EncodedImageSource",
    "FolderSource",
    "ImageSource",
    "MemorySource",
    "SourceWithPrevious",
    "encoded_image",
    "find_sources",
]
