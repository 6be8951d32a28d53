"""Stems in the forms that the source datasets use, for the full-size synthetic copy."""

from __future__ import annotations

import string
from typing import NamedTuple

import numpy as np

_WORDS = ("sheep", "flower", "teddy", "banana", "person", "stone", "scissors", "tennis")
_CATEGORIES = ("hot dog", "fire hydrant", "hair drier", "cat", "bed", "laptop", "train", "cake")
_ID = string.ascii_letters + string.digits + "-_"
_TETRIS_IMAGES = 2_000


class ImageStems(NamedTuple):
    """``image_stem`` and the ``object_stem`` of each object; ``("",)`` where there is one."""

    stem: str
    objects: tuple[str, ...] = ("",)


def numbered(rng: np.random.Generator, count: int) -> list[ImageStems]:
    """GrabCut and Berkeley: words, numbers, and numbers with a letter for a further object."""
    numbers = rng.choice(np.arange(20_000, 399_999), count, replace=False)
    stems = [*_WORDS][: count // 2]
    for number in numbers:
        stems += [str(number), f"{number}b"] if len(stems) % 4 == 0 else [str(number)]
    return [ImageStems(stem) for stem in stems[:count]]


def davis(rng: np.random.Generator, count: int) -> list[ImageStems]:
    """DAVIS: numbers with leading zeros, at most 1,000; ``rng`` is not used."""
    return [ImageStems(f"{number:03d}") for number in range(count)]


def coco(rng: np.random.Generator, count: int) -> list[ImageStems]:
    """COCO-MVal: category (with spaces), two digits, and COCO's twelve digits; at most 800."""
    numbers = rng.choice(600_000, count, replace=False)
    return [
        ImageStems(f"{_CATEGORIES[i % 8]}{i // 8:02d}_{number:012d}")
        for i, number in enumerate(numbers)
    ]


def tetris(rng: np.random.Generator, count: int) -> list[ImageStems]:
    """TETRIS: short identifiers, and long names with spaces, dots and runs of underscores.

    ``count`` objects (2,000 to 4,000) lie in 2,000 images; two objects of one have 24-bit codes.
    """
    images = []
    for number in range(_TETRIS_IMAGES):
        stem = _identifier(rng) if number % 2 == 0 else _long_name(rng, number)
        codes = (rng.choice(2**16 - 1, 2, replace=False) + 1) * 257 % 2**24
        objects = tuple(map(str, codes)) if number < count - _TETRIS_IMAGES else ("",)
        images.append(ImageStems(stem, objects))
    return images


def _identifier(rng: np.random.Generator) -> str:
    return "".join(_ID[i] for i in rng.integers(len(_ID), size=11))


def _long_name(rng: np.random.Generator, number: int) -> str:
    key, unique = rng.bytes(16).hex(), rng.bytes(16).hex()
    dashed = "-".join((unique[:8], unique[8:12], unique[12:16], unique[16:20], unique[20:]))
    return f"{key}_X_00_Some Where_No Land____img_{number % 8}_eu.{dashed}"
