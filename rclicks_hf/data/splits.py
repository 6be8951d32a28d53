"""The split of an image: from the published lists of TETRIS, or drawn at random."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from rclicks_hf.errors import RclicksError

LIST_FILES = {"TETRIS_train.txt": "train", "TETRIS_val.txt": "validation"}
UNLISTED = "test"  # the split of an image that is in no list
DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}


def read_split_lists(folder: str | Path) -> dict[str, str]:
    r"""Read TETRIS' split lists.

    Args:
        folder: Folder with ``TETRIS_train.txt`` and ``TETRIS_val.txt``, one image stem per line.

    Returns:
        image_stem -> ``"train"`` or ``"validation"``.

    Raises:
        RclicksError: If a list is missing or a stem is in both.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "TETRIS_train.txt").write_text("a\nb\n")
        >>> _ = (folder / "TETRIS_val.txt").write_text("c\n")
        >>> read_split_lists(folder)
        {'a': 'train', 'b': 'train', 'c': 'validation'}
    """
    splits: dict[str, str] = {}
    for name, split in LIST_FILES.items():
        path = Path(folder) / name
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise RclicksError(
                f"{path}: cannot be read; put the list of {split} images there, one stem per line"
            ) from error
        for number, line in enumerate(lines, 1):
            if line and splits.setdefault(line, split) != split:
                raise RclicksError(
                    f"{path}, line {number}: {line!r} is in both lists; remove it from one"
                )
    return splits


def random_splits(
    image_stems: Iterable[str], *, fractions: Mapping[str, float] = DEFAULT_FRACTIONS, seed: int = 0
) -> dict[str, str]:
    """Distribute images over splits; all objects and rounds of an image stay together.

    The images are sorted by a checksum of seed and stem, so their order does not matter.

    Args:
        image_stems: Images, repeats allowed.
        fractions: Split -> share of the images, summing to 1; every split gets at least one image
            while there are enough.
        seed: Seed of the draw.

    Returns:
        image_stem -> split.

    Raises:
        ValueError: If the fractions do not sum to 1.

    Example:
        >>> draw = random_splits(f"{i:03d}" for i in range(10))
        >>> [list(draw.values()).count(split) for split in ("train", "validation", "test")]
        [6, 2, 2]
    """
    if abs(sum(fractions.values()) - 1) > 1e-6:
        raise ValueError(f"fractions must sum to 1, got {dict(fractions)}")
    stems = sorted(set(image_stems), key=lambda stem: (zlib.crc32(f"{seed}/{stem}".encode()), stem))
    splits: dict[str, str] = {}
    done, share = 0, 0.0
    for index, (split, fraction) in enumerate(fractions.items()):
        share += fraction
        left = len(fractions) - 1 - index
        end = max(done + 1, min(round(share * len(stems)), len(stems) - left))
        splits.update(dict.fromkeys(stems[done:end], split))
        done = end
    return splits
