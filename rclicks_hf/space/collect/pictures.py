"""What an annotator sees before and while clicking: the display modes, as pictures."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from rclicks_hf.analysis.display_modes import DISPLAY_MODES, REFERENCE_MODE
from rclicks_hf.data.instances import object_box
from rclicks_hf.space.markup import image_uri

#: Longest side of a picture that is sent to a browser, in pixels.
_LONGEST_SIDE = 1280
_NEUTRAL = 128
_DIMMED = 0.35


def _cut_out(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.where(mask[..., None], image, np.uint8(_NEUTRAL))


def _shifted_cut_out(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The object moved by half of the room that it has, so that its place says nothing."""
    x, y, width, height = object_box(mask)
    shown = np.full_like(image, _NEUTRAL)
    box = slice(y, y + height), slice(x, x + width)
    to_x, to_y = (
        (start + room // 2) % (room + 1)
        for start, room in ((x, mask.shape[1] - width), (y, mask.shape[0] - height))
    )
    shown[to_y : to_y + height, to_x : to_x + width] = _cut_out(image[box], mask[box])
    return shown


def _silhouette(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.repeat((mask * np.uint8(255))[..., None], 3, axis=2)


def _highlighted(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    shown = np.where(mask[..., None], image, (image * _DIMMED).astype(np.uint8))
    # Rings around the object, so that nothing of it is hidden.
    width = max(1, max(mask.shape) // 250)
    rings = [_grown(mask, radius) for radius in (width, 2 * width)]
    shown[rings[1] & ~mask] = 0
    shown[rings[0] & ~mask] = 255
    return shown


def _grown(mask: np.ndarray, radius: int) -> np.ndarray:
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), disk) > 0


#: Display mode -> what shows the object; the reference mode has a text in place of a picture.
_DRAW: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = dict(
    zip(DISPLAY_MODES[1:], (_cut_out, _shifted_cut_out, _silhouette, _highlighted), strict=True)
)


def mode_picture(image: np.ndarray, mask: np.ndarray, mode: str) -> np.ndarray | None:
    """How a display mode shows an object: (H, W, 3) uint8, None where it is described in words.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, True on the object.
        mode: One of `DISPLAY_MODES`.
    """
    return None if mode == REFERENCE_MODE else _DRAW[mode](image, mask)


def data_uri(picture: np.ndarray, longest: int = _LONGEST_SIDE) -> str:
    """A picture as a JPEG in a ``data:`` address, scaled down to a longest side."""
    height, width = picture.shape[:2]
    scale = longest / max(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return image_uri(picture)
