"""MERGE-ALIAS data.sources -> rclicks_hf.data (the room's exports) or data.images.*."""

from __future__ import annotations

from rclicks_hf.data.images.interface import ImageStore as ImageStore
from rclicks_hf.data.images.memory import MemoryStore as MemoryStore
from rclicks_hf.data.images.memory import StoreWithPrevious as StoreWithPrevious
