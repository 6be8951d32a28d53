"""Names of images in the forms that the source datasets use, for the twin."""

from __future__ import annotations

import string
from typing import NamedTuple

import numpy as np

_WORDS = ("sheep", "flower", "teddy", "banana", "person", "stone", "scissors", "tennis")
_CATEGORIES = ("hot dog", "fire hydrant", "hair drier", "cat", "bed", "laptop", "train", "cake")
_ID = string.ascii_letters + string.digits + "-_"
_TETRIS_IMAGES = 2_000


class ImageNames(NamedTuple):
    """An image and the objects in it.

    Attributes:
        stem: ``image_stem``.
        objects: ``object_stem`` of each object; ``("",)`` where there is one.

    Example:
        >>> ImageNames("sheep", ("",)).objects
        ('',)
    """

    stem: str
    objects: tuple[str, ...]


def numbered(rng: np.random.Generator, count: int) -> list[ImageNames]:
    """GrabCut and Berkeley: words, numbers, and numbers with a letter for a further object.

    Args:
        rng: Source of randomness.
        count: Number of images.

    Returns:
        Images with one object each, all names different.

    Example:
        >>> [image.stem for image in numbered(np.random.default_rng(0), 20)][6:11]
        ['scissors', 'tennis', '366838', '366838b', '136970']
    """
    numbers = rng.choice(np.arange(20_000, 399_999), count, replace=False)
    stems = [*_WORDS][: count // 2]
    for number in numbers:
        stems += [str(number), f"{number}b"] if len(stems) % 4 == 0 else [str(number)]
    return [ImageNames(stem, ("",)) for stem in stems[:count]]


def davis(rng: np.random.Generator, count: int) -> list[ImageNames]:
    """DAVIS: numbers with leading zeros.

    Args:
        rng: Not used; all makers have one signature.
        count: Number of images, at most 1,000.

    Returns:
        Images with one object each.

    Example:
        >>> davis(np.random.default_rng(0), 96)[-1]
        ImageNames(stem='095', objects=('',))
    """
    return [ImageNames(f"{number:03d}", ("",)) for number in range(count)]


def coco(rng: np.random.Generator, count: int) -> list[ImageNames]:
    """COCO-MVal: category (blanks in it), two digits, and COCO's twelve.

    Args:
        rng: Source of randomness.
        count: Number of images, at most 800.

    Returns:
        Images with one object each, all names different.

    Example:
        >>> coco(np.random.default_rng(0), 1)[0].stem
        'hot dog00_000000...'
    """
    numbers = rng.choice(600_000, count, replace=False)
    return [
        ImageNames(f"{_CATEGORIES[i % 8]}{i // 8:02d}_{number:012d}", ("",))
        for i, number in enumerate(numbers)
    ]


def tetris(rng: np.random.Generator, count: int) -> list[ImageNames]:
    """TETRIS: short identifiers, and long names with blanks, dots and runs of underscores.

    Args:
        rng: Source of randomness.
        count: Number of objects, 2,000 to 4,000, in 2,000 images of one or two.

    Returns:
        The images; objects that share one have 24-bit codes as names.

    Example:
        >>> images = tetris(np.random.default_rng(0), 2_531)
        >>> len(images), sum(len(image.objects) for image in images)
        (2000, 2531)
        >>> images[1].stem[32:]
        '_X_00_Some Where_No Land____img_1_eu.edbf568f-...'
    """
    images = []
    for number in range(_TETRIS_IMAGES):
        stem = "".join(rng.choice([*_ID], 11)) if number % 2 == 0 else _long_name(rng, number)
        codes = rng.choice(np.arange(1, 2**16), 2, replace=False) * 257 % 2**24
        objects = tuple(map(str, codes)) if number < count - _TETRIS_IMAGES else ("",)
        images.append(ImageNames(stem, objects))
    return images


def _long_name(rng: np.random.Generator, number: int) -> str:
    key, unique = rng.bytes(16).hex(), rng.bytes(16).hex()
    dashed = "-".join((unique[:8], unique[8:12], unique[12:16], unique[16:20], unique[20:]))
    return f"{key}_X_00_Some Where_No Land____img_{number % 8}_eu.{dashed}"
