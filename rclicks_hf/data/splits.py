"""The split of an image: from the published lists of TETRIS, or drawn at random."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rclicks_hf.data.stems import spreadsheet_form, stem_problem
from rclicks_hf.errors import RclicksError

LIST_FILES = {"TETRIS_train.txt": "train", "TETRIS_val.txt": "validation"}
UNLISTED = "test"  # the split of an image that is in no list
DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.6, "validation": 0.2, "test": 0.2}


_ENDING = re.compile(r"\.(jpe?g|jfif|jpe|png|bmp|webp|tiff?)\Z", re.IGNORECASE)
_BLANK = "[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+"  # white space, invisible
_BLANK_ENDS = re.compile(rf"\A{_BLANK}|{_BLANK}\Z")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_split_lists(
    folder: str | Path, image_stems: Collection[str] | None = None
) -> dict[str, str]:
    r"""Read TETRIS' split lists.

    Args:
        folder: Folder with ``TETRIS_train.txt`` and ``TETRIS_val.txt``, one image stem per line. A
            byte order mark, blanks around a stem, a path before it and an image extension after it
            are ignored.
        image_stems: The dataset's images, where known: a line that is one of them stays as it is,
            and other lines may differ from them in their Unicode form.

    Returns:
        image_stem -> ``"train"`` or ``"validation"``.

    Raises:
        RclicksError: If a list is missing, a line cannot be a stem, a stem is in both lists, or no
            stem of a list is one of ``image_stems``.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "TETRIS_train.txt").write_text("a\nb\n")
        >>> _ = (folder / "TETRIS_val.txt").write_text("c\n")
        >>> read_split_lists(folder)
        {'a': 'train', 'b': 'train', 'c': 'validation'}
    """
    splits: dict[str, str] = {}
    known = {unicodedata.normalize("NFC", stem): stem for stem in image_stems or ()}
    for name, split in LIST_FILES.items():
        path = Path(folder) / name
        try:
            data = path.read_bytes()
            text = data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise RclicksError(
                f"{path}: cannot be read; put the list of {split} images there, one stem per line"
            ) from error
        # Not splitlines, which also cuts at characters that a name may hold.
        for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
            stem = _listed_stem(line, known)
            if not stem:
                continue
            problem = stem_problem(stem)
            if problem:
                raise RclicksError(
                    f"{path}, line {number}: {stem[:50]!r} {problem}; write one image stem per line"
                )
            if splits.setdefault(stem, split) != split:
                raise RclicksError(
                    f"{path}, line {number}: {stem!r} is in both lists; remove it from one"
                )
    if image_stems:
        _refuse_lists_of_others(Path(folder), splits, image_stems)
    return splits


@dataclass(frozen=True)
class SplitMatch:
    """How far split lists and images fit together.

    Attributes:
        without_image: Listed stems without an image.
        unlisted: Images that are in no list, and so in `UNLISTED`.

    Example:
        >>> SplitMatch.of({"a": "train", "b": "train"}, {"a", "c", "d"})
        SplitMatch(without_image=1, unlisted=2)
    """

    without_image: int = 0
    unlisted: int = 0

    @classmethod
    def of(cls, splits: Mapping[str, str], image_stems: Collection[str]) -> SplitMatch:
        """Count what does not fit."""
        listed, images = splits.keys(), set(image_stems)
        return cls(len(listed - images), len(images - listed))


def _listed_stem(line: str, known: Mapping[str, str]) -> str:
    """The stem of a line, as the image is called where ``known`` (NFC form -> stem) has it."""
    text = _BLANK_ENDS.sub("", line)
    last = re.split(r"[/\\]", text)[-1]
    forms = (line, text, last, _ENDING.sub("", last))
    for form in forms:
        stem = known.get(unicodedata.normalize("NFC", form))
        if stem is not None:
            return stem
    return forms[-1]


def _refuse_lists_of_others(
    folder: Path, splits: Mapping[str, str], image_stems: Collection[str]
) -> None:
    """Refuse empty lists, and a list of which no stem is an image, as of another dataset."""
    if not splits:
        files = " and ".join(LIST_FILES)
        raise RclicksError(f"{folder}: {files} list no image; put one image stem per line there")
    images = set(image_stems)
    for name, split in LIST_FILES.items():
        listed = [stem for stem, its_split in splits.items() if its_split == split]
        if not listed or not images.isdisjoint(listed):
            continue
        altered = spreadsheet_form(listed[0], image_stems)
        if altered:
            raise RclicksError(
                f"{folder / name}: lists {listed[0]!r} where the image is {altered!r}: a "
                "spreadsheet turned the name into a number; use the original list"
            )
        raise RclicksError(
            f"{folder / name}: none of its {len(listed):,} stems is an image, such as "
            f"{listed[0][:30]!r}; give a list of these images, with names such as "
            f"{min(image_stems)[:30]!r}, or an empty list"
        )


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
