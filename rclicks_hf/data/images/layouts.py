"""How the five source datasets lie on disk, and how their mask files code object and background.

One row a layout in `LAYOUTS`; the reader (`rclicks_hf.data.sources.FolderStore`) knows nothing
else of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

TRIMAP = {255: 1, 128: -1, 0: 0}  # GrabCut's and Berkeley's coding -> object, unknown, background


def decode_trimap(pixels: np.ndarray) -> np.ndarray:
    """Mask of a file with 255 object, 128 unknown, 0 background.

    Args:
        pixels: (H, W, 3) uint8.

    Returns:
        (H, W) int32 of 1, -1 and 0.

    Raises:
        ValueError: If another value occurs.

    Example:
        >>> decode_trimap(np.full((1, 2, 3), [[[128], [255]]], np.uint8)).tolist()
        [[-1, 1]]
    """
    channel = pixels[..., 0]
    odd = sorted(set(np.unique(channel).tolist()) - set(TRIMAP))
    if odd:
        raise ValueError(f"holds the value {odd[0]}; only 255 object, 128 unknown, 0 background")
    lookup = np.zeros(256, np.int32)
    lookup[list(TRIMAP)] = list(TRIMAP.values())
    return lookup[channel]


def decode_any_channel(pixels: np.ndarray) -> np.ndarray:
    """Mask of a file in which every pixel that is not black belongs to the object.

    Args:
        pixels: (H, W, 3) uint8.

    Returns:
        (H, W) int32 of 1 and 0.

    Example:
        >>> decode_any_channel(np.array([[[0, 0, 0], [0, 7, 0]]], np.uint8)).tolist()
        [[0, 1]]
    """
    return (pixels.max(axis=2) > 0).astype(np.int32)


def decode_codes(pixels: np.ndarray) -> np.ndarray:
    """Object codes of a TETRIS mask.

    Args:
        pixels: (H, W, 3) uint8 RGB.

    Returns:
        (H, W) int32 codes R + 256 G + 65536 B, 0 is background.

    Example:
        >>> decode_codes(np.array([[[1, 2, 0], [0, 0, 1]]], np.uint8)).tolist()
        [[513, 65536]]
    """
    # Not as a product with (1, 256, 65536): numpy has no fast one of integers.
    red, green, blue = (pixels[..., channel].astype(np.int32) for channel in range(3))
    return red | green << 8 | blue << 16


@dataclass(frozen=True)
class Layout:
    """Where a dataset keeps its images and masks, relative to its own folder.

    Attributes:
        name: Key in `LAYOUTS`.
        folder: Usual name of the dataset's folder beside the other datasets.
        images: Folder of the images.
        masks: Folder of the masks; a mask has its image's stem.
        decode: (H, W, 3) uint8 pixels of a mask file -> (H, W) int32 codes.
        has_object_codes: True where one mask file holds several objects, named by their codes.
        previous_masks: Folder of the previous masks of later rounds, beside the datasets' folders.
        longest_side: Limit of the image's longest side in pixels, None where images are as they
            are.
    """

    name: str
    folder: str
    images: str
    masks: str
    decode: Callable[[np.ndarray], np.ndarray]
    has_object_codes: bool = False
    previous_masks: str = "SUBSEC_MASKS/all_benchmark_datasets/fn_fp"
    longest_side: int | None = None


LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("grabcut", "GrabCut", "data_GT", "boundary_GT", decode_trimap),
        Layout("berkeley", "Berkeley", "images", "masks", decode_trimap),
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
    )
}


def limited_size(width: int, height: int, longest_side: int | None) -> tuple[int, int]:
    """Size of an image once its longest side is limited, aspect kept.

    Args:
        width: Pixels.
        height: Pixels.
        longest_side: Limit in pixels, None for no limit.

    Returns:
        (width, height); the shorter side is int(side * scale + 0.5), as the paper's code has it.

    Example:
        >>> limited_size(4096, 1001, 2048), limited_size(300, 200, 2048)
        ((2048, 501), (300, 200))
    """
    if longest_side is None or max(width, height) <= longest_side:
        return width, height
    if height > width:
        return int(width / height * longest_side + 0.5), longest_side
    return longest_side, int(height / width * longest_side + 0.5)


def resize_codes(codes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a map of object codes object by object, as the paper's code does.

    Each object's binary mask is resized bilinearly; where two overlap, the larger code stays.

    Args:
        codes: (H, W) int32.
        size: New (width, height).

    Returns:
        (height, width) int32.

    Example:
        >>> resize_codes(np.array([[7, 7, 0, 0]] * 2, np.int32), (2, 1)).tolist()
        [[7, 0]]
    """
    if codes.shape == size[::-1]:
        return codes
    resized = np.zeros(size[::-1], np.int32)
    for code in np.unique(codes[codes != 0]).tolist():
        mask = (codes == code).astype(np.uint8)
        resized[cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR) > 0] = code
    return resized
