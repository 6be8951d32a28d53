"""The two things that every room works with: a click, and an instance (one object to click on).

Coordinates: x to the right, y down, pixels, origin at the top-left pixel; arrays are (H, W).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np


class Click(NamedTuple):
    """One click on an image.

    Attributes:
        x: Column, pixels from the left, 0 <= x < W.
        y: Row, pixels from the top, 0 <= y < H.
        is_positive: True to mark the object, False to mark background.

    Example:
        >>> Click(x=3, y=5, is_positive=True)
        Click(x=3, y=5, is_positive=True)
    """

    x: int
    y: int
    is_positive: bool


@dataclass(frozen=True, eq=False)
class Clicks:
    """All recorded (or simulated) clicks of one instance, in the order of the click table.

    Attributes:
        x: (n,) int32 columns, pixels.
        y: (n,) int32 rows, pixels.
        device: (n,) str, ``"pc"`` or ``"mobile"``.

    Example:
        >>> clicks = Clicks(np.array([1, 2]), np.array([3, 4]), np.array(["pc", "mobile"]))
        >>> len(clicks), clicks.on("mobile").x.tolist()
        (2, [2])
    """

    x: np.ndarray
    y: np.ndarray
    device: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    def on(self, device: str) -> Clicks:
        """The clicks made on one device, ``"pc"`` or ``"mobile"``."""
        keep = self.device == device
        return Clicks(self.x[keep], self.y[keep], self.device[keep])

    @classmethod
    def empty(cls) -> Clicks:
        """No clicks."""
        return cls(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, "<U6"))


@dataclass(frozen=True, eq=False)
class Instance:
    """One object of one image in one round, with the clicks made on it.

    Attributes:
        full_stem: Identifier of the instance and round, always text (``"095"`` is not 95).
        image_stem: Identifier of the image.
        object_stem: Code of the object in the image, ``""`` where the image has one object.
        dataset: Key of `SOURCE_DATASETS`, for example ``"grabcut"``.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        click_type: ``"first"``, or ``"fn"`` / ``"fp"`` for a later round that marks a missed or a
            falsely segmented region.
        model_type: Model that made the previous mask; ``"none"`` in the first round.
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) int8; 1 object, 0 background, -1 unknown (the band around the objects of
            GrabCut and Berkeley).
        previous_mask: (H, W) bool in a later round, None in the first.
        clicks: The clicks on this instance.
        is_simulated: True for simulated clicks.
        box: (x, y, w, h) of the object in pixels, as stored in the dataset; None to compute it
            from ``mask``. Set it to None when you replace ``mask``.

    Example:
        >>> mask = np.zeros((4, 6), np.int8)
        >>> mask[1:3, 2:5] = 1
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((4, 6, 3), np.uint8), mask)
        >>> instance.box_size, int(instance.error_mask.sum())
        ((3, 2), 6)
    """

    full_stem: str
    image_stem: str
    object_stem: str
    dataset: str
    split: str
    click_type: str
    model_type: str
    image: np.ndarray
    mask: np.ndarray
    previous_mask: np.ndarray | None = None
    clicks: Clicks = field(default_factory=Clicks.empty)
    is_simulated: bool = False
    box: tuple[int, int, int, int] | None = None

    @property
    def object_mask(self) -> np.ndarray:
        """(H, W) bool, the object; the unknown band counts as background here."""
        return self.mask == 1

    @property
    def error_mask(self) -> np.ndarray:
        """(H, W) bool, the region to click in: the object, the missed or the false region."""
        if self.previous_mask is None:
            return self.object_mask
        if self.click_type == "fn":
            return self.object_mask & ~self.previous_mask
        return self.previous_mask & ~self.object_mask

    @property
    def box_size(self) -> tuple[int, int]:
        """(w, h) in pixels of the object's bounding box, the unit of PL1 and WD."""
        if self.box is not None:
            return self.box[2:]
        return object_box(self.mask)[2:]


def object_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """(x, y, w, h) in pixels of where an (H, W) mask equals 1; all 0 where it never does."""
    is_object = mask == 1
    columns, rows = np.flatnonzero(is_object.any(0)), np.flatnonzero(is_object.any(1))
    if len(columns) == 0:
        return 0, 0, 0, 0
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1


def share_pictures(instances: Sequence[Instance]) -> list[Instance]:
    """Instances whose equal images and equal masks are one array, so that they are prepared once.

    Example:
        >>> one, two = (Instance(stem, "a", "", "grabcut", "test", "first", "none",
        ...     np.zeros((4, 6, 3), np.uint8), np.eye(4, 6, dtype=np.int8)) for stem in "ab")
        >>> one, two = share_pictures([one, two])
        >>> two.image is one.image, two.mask is one.mask
        (True, True)
    """
    images: list[np.ndarray] = []
    masks: list[np.ndarray] = []
    return [
        replace(one, image=_first_equal(one.image, images), mask=_first_equal(one.mask, masks))
        for one in instances
    ]


def _first_equal(array: np.ndarray, known: list[np.ndarray]) -> np.ndarray:
    """The first known array that equals this one, which is added if there is none."""
    for other in known:
        if other is array or (other.dtype == array.dtype and np.array_equal(other, array)):
            return other
    known.append(array)
    return array
