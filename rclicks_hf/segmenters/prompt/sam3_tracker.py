"""The tracker of Segment Anything 3 (Carion et al., 2025) as a segmenter of still images."""

from __future__ import annotations

from torch import Tensor
from transformers import Sam3TrackerModel

from rclicks_hf.segmenters.prompt.mask_decoder import channels_last, nest
from rclicks_hf.segmenters.prompt.sam2 import Sam2Segmenter


class Sam3TrackerSegmenter(Sam2Segmenter):
    """A ``Sam3TrackerModel`` of `transformers`, clicked on as `Sam2Segmenter` is.

    The image is resized to a square of 1008.

    ``Sam3TrackerModel`` of `transformers` 5.23 adds ``no_memory_embedding`` to the coarsest level
    of the image features, which it then drops, so that the embedding has no effect; here it is
    added to the level that is used, as in the original code.
    """

    model_class = Sam3TrackerModel
    repeated_prefix = "tracker_model."  # by `Sam3VideoModel.save_pretrained` of 5.23
    mean = std = (0.5, 0.5, 0.5)

    def _encode(self, pixel_values: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        network = self.model.mask_decoder
        four_times, twice, features, *_ = self.model.vision_encoder(pixel_values).fpn_hidden_states
        features = features + self.model.no_memory_embedding.view(1, -1, 1, 1)
        finer = nest(network.conv_s1(twice), 1), nest(network.conv_s0(four_times), 2)
        return channels_last(features), finer
