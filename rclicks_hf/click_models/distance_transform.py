"""DT: likelihood in proportion to the depth inside the error mask."""

from __future__ import annotations

import numpy as np

from rclicks_hf.click_models.interface import MaskClickModel
from rclicks_hf.support.pixels.distances import distance_transform


class DistanceTransformClickModel(MaskClickModel):
    """Exact Euclidean distance transform of the error mask over its maximum (DT in the paper).

    The image border does not count as an edge, as in the paper's metric tables but unlike in the
    benchmark's baseline clicker. A mask that covers the whole image gives a uniform map.

    Example:
        >>> mask = np.zeros((5, 7), bool)
        >>> mask[1:4, 1:6] = True
        >>> model = DistanceTransformClickModel()
        >>> model.click_map(np.zeros((5, 7, 3), np.uint8), mask, mask)[2].tolist()
        [0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0]
    """

    name = "dt"

    def from_error_mask(self, error_mask: np.ndarray) -> np.ndarray:
        """(H, W) bool to (H, W) float32 in [0, 1]."""
        if not error_mask.any() or error_mask.all():
            return error_mask.astype(np.float32)
        depth = distance_transform(error_mask)
        depth /= depth.max()
        return depth
