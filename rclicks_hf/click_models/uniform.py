"""UD: every pixel of the error mask is equally likely."""

from __future__ import annotations

import numpy as np

from rclicks_hf.click_models.interface import MaskClickModel


class UniformClickModel(MaskClickModel):
    """Uniform distribution over the error mask (UD in the paper's tables).

    Example:
        >>> mask = np.array([[0, 1], [1, 1]])
        >>> UniformClickModel().click_map(np.zeros((2, 2, 3), np.uint8), mask, mask).tolist()
        [[0.0, 1.0], [1.0, 1.0]]
    """

    name = "ud"

    def from_error_mask(self, error_mask: np.ndarray) -> np.ndarray:
        """(H, W) bool to (H, W) float32 of 0 and 1."""
        return error_mask.astype(np.float32)
