from __future__ import annotations

import numpy as np
import pytest

from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.errors import RclicksError


@pytest.mark.parametrize(
    ("image", "mask", "message"),
    [
        (np.zeros((4, 4)), np.ones((4, 4), np.int8), r"must be \(H, W, 3\) uint8"),
        (np.zeros((4, 4, 3), np.uint8), np.ones((4, 5), np.int8), r"image's \(H, W\) \(4, 4\)"),
        (np.zeros((4, 4, 3), np.uint8), np.full((4, 4), 2), "only 1, 0 and -1"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.int8), "is empty"),
    ],
)
def test_memory_store_checks_arrays(image: np.ndarray, mask: np.ndarray, message: str) -> None:
    store = MemoryStore()
    with pytest.raises(ValueError, match=message):
        store.add("a", image, {"": mask})
    assert store.objects() == []


def test_memory_store_names() -> None:
    store = MemoryStore()
    image, mask = np.zeros((4, 4, 3), np.uint8), np.eye(4, dtype=np.int8)
    store.add("a", image, {"": mask})
    with pytest.raises(ValueError, match="already in the store"):
        store.add("a", image, {"": mask})
    with pytest.raises(ValueError, match="path separator"):
        store.add("../a", image, {"": mask})
    with pytest.raises(ValueError, match=r"previous mask of 'a_x_fn' must be \(H, W\) bool"):
        store.add_previous("a_x_fn", mask)
    with pytest.raises(RclicksError, match="no such image"):
        store.image("b")
    with pytest.raises(RclicksError, match="no object '2'"):
        store.mask("a", "2")
