"""Real demo photographs that need no download: scikit-image's own, with hand-drawn object outlines.

The pictures lie inside scikit-image's wheel; this package adds only the outlines, drawn by hand
(``photographs.json``, with each picture's credit and licence). A picture is checked against its
SHA-256, because outlines fit one picture only.
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

from rclicks_hf.data.sources import MemoryStore
from rclicks_hf.errors import RclicksError

# Longer pictures are scaled down to this longest side, pixels.
LONGEST_SIDE = 512


@dataclass(frozen=True)
class OutlinedObject:
    """One object of a photograph.

    Attributes:
        object_stem: Code of the object, ``""`` where the picture has one.
        label: What it is.
        outlines: (n, 2) float64 rings of x, y in pixels of the original picture, measured from the
            corner of the top-left pixel; the object is their union.
        holes: Rings that are cut out.
    """

    object_stem: str
    label: str
    outlines: tuple[np.ndarray, ...]
    holes: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class PhotographRecord:
    """Where a photograph comes from, and the objects outlined in it.

    Attributes:
        image_stem: Identifier of the image.
        file: Name in scikit-image's data folder.
        sha256: Checksum of that file.
        size: (H, W) of the original, pixels.
        title: What it shows.
        credit: Who made or gave it.
        licence: Terms, as scikit-image states them.
        objects: From back to front; a later one hides an earlier one.
    """

    image_stem: str
    file: str
    sha256: str
    size: tuple[int, int]
    title: str
    credit: str
    licence: str
    objects: tuple[OutlinedObject, ...]

    @property
    def scale(self) -> float:
        """Factor from the original picture to the image that `photographs` gives, at most 1."""
        return min(1.0, LONGEST_SIDE / max(self.size))


@cache
def photograph_records() -> tuple[PhotographRecord, ...]:
    """Origin, licence and outlines of every demo photograph.

    Returns:
        One record a photograph, sorted by name.

    Example:
        >>> [record.image_stem for record in photograph_records()]
        ['astronaut', 'camera', 'chelsea', 'coffee', 'coins', 'ihc', 'rocket']
    """
    text = files("rclicks_hf.simulation").joinpath("photographs.json").read_text(encoding="utf-8")
    return tuple(_record(entry) for entry in json.loads(text)["pictures"])


def _record(entry: Mapping[str, Any]) -> PhotographRecord:
    objects = tuple(
        OutlinedObject(o["stem"], o["label"], _rings(o["outlines"]), _rings(o["holes"]))
        for o in entry["objects"]
    )
    return PhotographRecord(
        entry["stem"],
        entry["file"],
        entry["sha256"],
        (entry["height"], entry["width"]),
        entry["title"],
        entry["credit"],
        entry["licence"],
        objects,
    )


def _rings(rings: list[list[list[float]]]) -> tuple[np.ndarray, ...]:
    return tuple(np.asarray(ring, np.float64) for ring in rings)


def photographs(folder: Path | None = None) -> MemoryStore:
    """Read scikit-image's photographs with the object masks of this project.

    Grey pictures become RGB; pictures longer than 512 px are scaled down to that.

    Args:
        folder: Where the pictures lie; the installed scikit-image's data folder where None.

    Returns:
        A source with one image a photograph; the object stem is ``""`` where there is one object.

    Raises:
        RclicksError: If a picture is missing, or is not the one that was outlined.

    Example:
        >>> source = photographs()
        >>> source.image("coffee").shape, int(source.mask("coffee", "2").max())
        ((341, 512, 3), 1)
    """
    root = Path(str(files("skimage").joinpath("data"))) if folder is None else Path(folder)
    source = MemoryStore()
    for record in photograph_records():
        source.add(record.image_stem, _read_picture(root / record.file, record), _masks(record))
    return source


def _shown_size(record: PhotographRecord) -> tuple[int, int]:
    """(H, W) after scaling."""
    height, width = record.size
    return round(height * record.scale), round(width * record.scale)


def _read_picture(path: Path, record: PhotographRecord) -> np.ndarray:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RclicksError(
            f"{path}: cannot be read ({error.strerror}); install scikit-image 0.26, whose wheel "
            "holds this picture"
        ) from error
    if hashlib.sha256(content).hexdigest() != record.sha256:
        raise RclicksError(
            f"{path}: not the picture that was outlined (its SHA-256 differs); install "
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
