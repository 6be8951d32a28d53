"""The folder layouts of the source datasets, and how their mask files code object and background.

One row per layout in `LAYOUTS`; `FolderStore` knows nothing else of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

TRIMAP = {255: 1, 128: -1, 0: 0}  # GrabCut's and Berkeley's coding -> object, unknown, background


def decode_trimap(pixels: np.ndarray) -> np.ndarray:
    """(H, W) int32 of 1, -1, 0 from (H, W, 3) uint8 pixels of 255, 128, 0; else ValueError."""
    channel = pixels[..., 0]
    unknown = sorted(set(np.unique(channel).tolist()) - set(TRIMAP))
    if unknown:
        raise ValueError(
            f"holds the value {unknown[0]}; only 255 object, 128 unknown, 0 background"
        )
    lookup = np.zeros(256, np.int32)
    lookup[list(TRIMAP)] = list(TRIMAP.values())
    return lookup[channel]


def decode_any_channel(pixels: np.ndarray) -> np.ndarray:
    """(H, W) int32 of 1 where a pixel of (H, W, 3) uint8 is not black, else 0."""
    return (pixels.max(axis=2) > 0).astype(np.int32)


def decode_codes(pixels: np.ndarray) -> np.ndarray:
    """(H, W) int32 object codes R + 256 G + 65536 B of a TETRIS mask; 0 is background."""
    # Not as a product with (1, 256, 65536): numpy has no fast one of integers.
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))
    return red | green << 8 | blue << 16


@dataclass(frozen=True)
class Layout:
    """Where a dataset keeps its images and masks, relative to its own folder.

    Attributes:
        name: Key in `LAYOUTS`.
        folder: Usual name of the dataset's folder next to the other datasets.
        images: Folder of the images.
        masks: Folder of the masks; a mask has its image's stem.
        decode: (H, W, 3) uint8 pixels of a mask file -> (H, W) int32 codes.
        has_object_codes: True where one mask file holds several objects, named by their codes.
        is_grey: True where a mask file is grey, so that colours are a mistake.
        previous_masks: Folder of the previous masks of later rounds, beside the datasets' folders.
        longest_side: Limit of the image's longest side in pixels, None for no limit.
    """

    name: str
    folder: str
    images: str
    masks: str
    decode: Callable[[np.ndarray], np.ndarray]
    has_object_codes: bool = False
    is_grey: bool = False
    previous_masks: str = "SUBSEC_MASKS/all_benchmark_datasets/fn_fp"
    longest_side: int | None = None


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("grabcut", "GrabCut", "data_GT", "boundary_GT", decode_trimap, is_grey=True),
        Layout("berkeley", "Berkeley", "images", "masks", decode_trimap, is_grey=True),
        Layout("davis", "DAVIS", "img", "gt", decode_any_channel),
        Layout("coco_mval", "COCO_MVal", "img", "gt", decode_any_channel),
        Layout(
            "tetris",
            "TETRIS",
            "images",
            "masks",
            decode_codes,
            has_object_codes=True,
            previous_masks="SUBSEC_MASKS/tetris_fn_fp/tetris_fn_fp_masks",
            longest_side=2048,
        ),
        Layout("own", "Own", "images", "masks", decode_any_channel),
    )
}


def limited_size(width: int, height: int, longest_side: int | None) -> tuple[int, int]:
    """(width, height) of an image once its longest side is limited (None: no limit), aspect kept.

    The shorter side is int(side * scale + 0.5), as in the paper's code.
    """
    if longest_side is None or max(width, height) <= longest_side:
        return width, height
    if height > width:
        return int(width / height * longest_side + 0.5), longest_side
    return longest_side, int(height / width * longest_side + 0.5)


def resize_codes(codes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize (H, W) int32 object codes to ``size`` (width, height), as the paper's code does.

    Each object's binary mask is resized bilinearly; where two overlap, the larger code wins.
    """
    if codes.shape == size[::-1]:
        return codes
    resized = np.zeros(size[::-1], np.int32)
    for code in np.unique(codes[codes != 0]).tolist():
        mask = (codes == code).astype(np.uint8)
        resized[cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR) > 0] = code
    return resized
