"""CDNet (Chen et al., 2021): the shared predictor with a diffusion of the probability."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from rclicks_hf.segmenters.click_map.predictor import ClickMapSegmenter


class CdnetSegmenter(ClickMapSegmenter):
    """A `CdnetModel`, clicked on as in the paper.

    The logits of image and mirrored image are averaged, then diffused over similar pixels of the
    image. Callers see 1 where the result is above 0.5 and 0 elsewhere; the zoom follows the soft
    result.
    """

    def _shown(self, probability: Tensor) -> np.ndarray:
        return super()._shown((probability > 0.5).float())

    def _probability(self, logits: Tensor, images: Tensor, points: Tensor) -> Tensor:
        return super()._probability(self.model.diffuse(logits, images, points), images, points)
