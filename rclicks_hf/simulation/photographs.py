"""Demo photographs that need no download: scikit-image's own, with object outlines drawn by hand.

The files are part of scikit-image's wheel; ``photographs.json`` adds the outlines. Each file is
checked against its SHA-256, because outlines fit one file only.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from skimage.draw import polygon

from rclicks_hf.data.build.photograph_credits import PHOTOGRAPH_CREDITS, PhotographCredit
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.errors import RclicksError

LONGEST_SIDE = 512  # pixels; larger photographs are scaled down to it


@dataclass(frozen=True)
class OutlinedObject:
    """One object of a photograph.

    Rings are (n, 2) float64 of x, y in pixels of the original file, measured from the corner of
    the top-left pixel.
    """

    object_stem: str  # "" where the photograph has one object
    label: str
    outlines: tuple[np.ndarray, ...]  # the object is their union
    holes: tuple[np.ndarray, ...]  # cut out of the union


@dataclass(frozen=True)
class PhotographRecord:
    """The file of a photograph and the objects outlined in it."""

    image_stem: str
    file: str  # in scikit-image's data folder
    sha256: str
    size: tuple[int, int]  # (H, W) of the file, pixels
    origin: PhotographCredit
    objects: tuple[OutlinedObject, ...]  # from back to front; a later one hides an earlier one

    @property
    def scale(self) -> float:
        """Factor from the file to the image that `photographs` returns, at most 1."""
        return min(1.0, LONGEST_SIDE / max(self.size))


@cache
def photograph_records() -> tuple[PhotographRecord, ...]:
    """Origin and outlines of every demo photograph, sorted by name."""
    text = files("rclicks_hf.simulation").joinpath("photographs.json").read_text(encoding="utf-8")
    origins = {origin.image_stem: origin for origin in PHOTOGRAPH_CREDITS}
    return tuple(_record(entry, origins) for entry in json.loads(text)["pictures"])


def _record(entry: Mapping[str, Any], origins: Mapping[str, PhotographCredit]) -> PhotographRecord:
    objects = tuple(
        OutlinedObject(o["stem"], o["label"], _rings(o["outlines"]), _rings(o["holes"]))
        for o in entry["objects"]
    )
    return PhotographRecord(
        entry["stem"],
        entry["file"],
        entry["sha256"],
        (entry["height"], entry["width"]),
        origins[entry["stem"]],
        objects,
    )


def _rings(rings: list[list[list[float]]]) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(ring, np.float64) for ring in rings)


def photographs(folder: Path | None = None) -> MemoryStore:
    """Read scikit-image's photographs with the object masks of this project.

    Greyscale becomes RGB; a longest side above 512 pixels is scaled down to 512.

    Args:
        folder: Folder of the files; None for the data folder of the installed scikit-image.

    Returns:
        A store with one image per photograph; the object stem is ``""`` where there is one object.

    Raises:
        RclicksError: If a file is missing or is not the one that was outlined.

    Example:
        >>> store = photographs()
        >>> store.image("coffee").shape, int(store.mask("coffee", "2").max())
        ((341, 512, 3), 1)
    """
    root = Path(str(files("skimage").joinpath("data"))) if folder is None else Path(folder)
    store = MemoryStore()
    for record in photograph_records():
        store.add(record.image_stem, _read_image(root / record.file, record), _masks(record))
    return store


def _shown_size(record: PhotographRecord) -> tuple[int, int]:
    """(H, W) after scaling."""
    height, width = record.size
    return round(height * record.scale), round(width * record.scale)


def _read_image(path: Path, record: PhotographRecord) -> np.ndarray:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RclicksError(
            f"{path}: cannot be read ({error.strerror}); install scikit-image 0.26, whose wheel "
            "contains this photograph"
        ) from error
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise RclicksError(
            f"{path}: is not the photograph that was outlined (its SHA-256 differs); install "
            "scikit-image 0.26"
        )
    image = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    height, width = _shown_size(record)
    if image.shape[:2] == (height, width):
        return image
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _masks(record: PhotographRecord) -> dict[str, np.ndarray]:
    """The visible part of each object, (H, W) int8."""
    masks: dict[str, np.ndarray] = {}
    hidden = np.zeros(_shown_size(record), bool)
    for item in reversed(record.objects):
        area = np.zeros_like(hidden)
        for ring in item.outlines:
            area |= _filled(ring * record.scale, hidden.shape)
        for ring in item.holes:
            area &= ~_filled(ring * record.scale, hidden.shape)
        masks[item.object_stem] = (area & ~hidden).astype(np.int8)
        hidden |= area
    return dict(reversed(masks.items()))


def _filled(ring: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool: the pixels whose centre lies inside the ring."""
    area = np.zeros(size, bool)
    rows, columns = polygon(ring[:, 1] - 0.5, ring[:, 0] - 0.5, size)
    area[rows, columns] = True
    return area
