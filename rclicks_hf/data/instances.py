"""The two things that all rooms speak of: a click, and an instance (one object to be clicked on).

Coordinates: x to the right, y down, pixels, origin at the top-left pixel; arrays are
(H, W).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class Click(NamedTuple):
    """One click on an image.

    Attributes:
        x: Column, pixels from the left, 0 <= x < W.
        y: Row, pixels from the top, 0 <= y < H.
        is_positive: True where the user marks the object, False where the user marks background.

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
    """One object of one image in one round, with the clicks that people made on it.

    Attributes:
        full_stem: Identifier of the instance and round, always text (``"095"`` is not 95).
        image_stem: Identifier of the image.
        object_stem: Code of the object in the image, ``""`` where the image has one object.
        dataset: Name in the table of source datasets, for example ``"grabcut"``.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        click_type: ``"first"``, or ``"fn"`` / ``"fp"`` for a later round that marks a missed or a
            wrongly taken region.
        model_type: Who made the previous mask; ``"none"`` in the first round.
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) int8; 1 object, 0 background, -1 unknown (GrabCut's and Berkeley's band).
        previous_mask: (H, W) bool of a later round, None in the first.
        clicks: The clicks on this instance.
        is_simulated: True where no person clicked.

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

    @property
    def object_mask(self) -> np.ndarray:
        """(H, W) bool, the object alone; the unknown band counts as background here."""
        return self.mask == 1

    @property
    def error_mask(self) -> np.ndarray:
        """(H, W) bool, the region to click in: the object, what was missed, or what is too much."""
        if self.previous_mask is None:
            return self.object_mask
        if self.click_type == "fn":
            return self.object_mask & ~self.previous_mask
        return self.previous_mask & ~self.object_mask

    @property
    def box_size(self) -> tuple[int, int]:
        """(w, h) in pixels of the object's bounding box, the unit of PL1 and WD."""
        ys, xs = np.nonzero(self.object_mask)
        if len(xs) == 0:
            return (0, 0)
        return int(xs.max() - xs.min()) + 1, int(ys.max() - ys.min()) + 1
