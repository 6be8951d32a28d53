"""A SAM-like segmenter against the masks that an oracle holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from helpers.oracles import load
from helpers.traces import ALL
from rclicks_hf.data import Click

_SEQUENCES = slice(1, None)  # of three; these have a negative click, with and without a mask
_CLICKS = 3  # of five; the others only add more of the same


def assert_stored_masks(segmenter: Any, folder: Path, cases: Sequence[str]) -> None:
    """Click as recorded and compare probabilities, logits and masks.

    Without `ALL` only the first clicks of some sequences of `cases`.
    """
    _, inputs, expected, meta = load(folder)
    is_whole = bool(os.environ.get(ALL))
    for case in inputs if is_whole else cases:
        given, wanted = inputs[case], expected[case]
        chosen = slice(None) if is_whole else _SEQUENCES
        state = segmenter.encode(given["image"])
        sequences = [
            [Click(*map(int, c[:2]), bool(c[2])) for c in s] for s in given["clicks"][chosen]
        ]
        memories: list[Any] = [None] * len(sequences)
        for k in range(len(sequences[0]) if is_whole else _CLICKS):
            found = segmenter.predict(state, [s[: k + 1] for s in sequences], memories)
            memories = [prediction.memory for prediction in found]
            masks = np.stack([prediction.probability for prediction in found])
            logits = torch.stack(memories).numpy()
            coarse = masks[:, ::4, ::4]
            np.testing.assert_allclose(coarse, wanted["prob_s4"][chosen, k], **meta["tolerance"])
            np.testing.assert_allclose(
                logits[:, 1::4, 1::4], wanted["low_res_s4"][chosen, k], **meta["tolerance_low_res"]
            )
            bits = np.unpackbits(wanted["mask_bits"][chosen, k], axis=-1)[..., : masks.shape[-1]]
            different = ((masks > segmenter.threshold) != bits).sum((1, 2))
            assert different.max() <= meta["tolerance_area_pixels"]
