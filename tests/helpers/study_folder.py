"""A folder of small pictures to collect clicks on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rclicks_hf.data.images.files import encode_png

SIZE = (48, 64)  # (H, W)


def write_study(folder: Path, pictures: int = 3) -> Path:
    """``Own/images`` and ``Own/masks`` with one object per picture."""
    rng = np.random.default_rng(0)
    for number in range(pictures):
        image = rng.integers(0, 255, (*SIZE, 3)).astype(np.uint8)
        mask = np.zeros(SIZE, np.uint8)
        mask[10 + number : 30, 20 : 50 - number] = 255
        # A name that the click table must quote.
        name = f'picture, "{number}".png'
        for kind, pixels in (("images", image), ("masks", mask)):
            path = folder / "Own" / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_png(pixels))
    return folder
