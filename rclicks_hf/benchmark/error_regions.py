"""How deep a region of errors is, and where: exact distance transforms, computed only where needed.

Depth is the Euclidean distance, in pixels, to the nearest pixel outside the region; the border of
the image counts as outside. The exact transform takes about 12 ns per pixel. The 5 x 5 chamfer
transform takes a quarter of that and is off by at most 2 %, which nearly always decides which of
two regions is deeper and where the deepest pixel can be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from rclicks_hf.support.distances import squared_distances
from rclicks_hf.support.zero_buffer import Box

# The chamfer norm of OpenCV's 5 x 5 mask (1, 1.4, 2.1969) lies between 0.9824 and 1.0193 times the
# Euclidean one; a little slack covers its fixed-point rounding.
_CHAMFER_LOW, _CHAMFER_HIGH = 0.98, 1.022


@dataclass(frozen=True, eq=False)
class ErrorRegion:
    """Wrong pixels (H, W) of one sign; a clicked pixel has depth 0, its neighbours keep theirs."""

    mask: np.ndarray
    not_clicked: np.ndarray

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is wrong."""
        return self._box[0] == self._box[2]

    @property
    def box(self) -> Box:
        """Rows and columns of the wrong pixels."""
        x0, y0, x1, y1 = self._box
        return slice(y0, y1), slice(x0, x1)

    @cached_property
    def _box(self) -> tuple[int, int, int, int]:
        """(x0, y0, x1, y1) of the wrong pixels; all pixels next to it are outside the region."""
        x, y, w, h = cv2.boundingRect(self.mask.view(np.uint8))
        return x, y, x + w, y + h

    @cached_property
    def _chamfer(self) -> np.ndarray:
        """Depths inside the box to within 2 %."""
        return self._transform(self._box, cv2.DIST_MASK_5)

    @cached_property
    def _chamfer_depth(self) -> float:
        return float(self._chamfer.max(initial=0.0))

    @cached_property
    def _deepest(self) -> tuple[float, tuple[int, int]]:
        """Exact depth and its first place (x, y) in row-major order."""
        if self._chamfer_depth == 0.0:
            return 0.0, (0, 0)
        x0, y0, x1, y1 = self._box
        candidates = self._chamfer >= self._chamfer_depth * (_CHAMFER_LOW / _CHAMFER_HIGH)
        x, y, w, h = cv2.boundingRect(candidates.view(np.uint8))
        reach = math.ceil(self._chamfer_depth / _CHAMFER_LOW) + 1
        left, top = max(x0 + x - reach, x0), max(y0 + y - reach, y0)
        right, bottom = min(x0 + x + w + reach, x1), min(y0 + y + h + reach, y1)
        depths = self._transform((left, top, right, bottom), cv2.DIST_MASK_PRECISE)
        inside = depths[y0 + y - top :, x0 + x - left :][:h, :w]
        # Integers, so that rounding does not decide between equally deep pixels or signs.
        squared = squared_distances(inside)
        row, column = np.unravel_index(int(squared.argmax()), squared.shape)
        depth = math.sqrt(squared[row, column])
        return depth, (int(x0 + x + column), int(y0 + y + row))

    def _transform(self, box: tuple[int, int, int, int], precision: int) -> np.ndarray:
        x0, y0, x1, y1 = box
        cut = np.s_[y0:y1, x0:x1]
        if x0 == x1:
            return np.zeros((0, 0), np.float32)
        padded = cv2.copyMakeBorder(
            self.mask[cut].view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0
        )
        depths = cv2.distanceTransform(padded, cv2.DIST_L2, precision)[1:-1, 1:-1]
        return depths * self.not_clicked[cut]

    @property
    def depth(self) -> float:
        """Depth in pixels of the deepest pixel not clicked yet; 0 where there is none."""
        return self._deepest[0]

    @property
    def deepest(self) -> tuple[int, int]:
        """(x, y) of that pixel, the first in row-major order; (0, 0) where there is none."""
        return self._deepest[1]

    def is_deeper_than(self, other: ErrorRegion) -> bool:
        """Whether this region is strictly deeper than another."""
        mine, others = self._chamfer_depth, other._chamfer_depth
        if mine * _CHAMFER_LOW > others * _CHAMFER_HIGH:
            return True
        if mine * _CHAMFER_HIGH < others * _CHAMFER_LOW:
            return False
        return self.depth > other.depth
