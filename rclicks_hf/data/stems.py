"""Names of images, objects and instances ("stems"), the keys that files and tables are joined by.

``full_stem`` = image [``_______`` object] [suffix of a later round], where the suffix is
``_{model}_{fn|fp}`` or ``_{model}_{fn|fp}_{pc|mobile}_{k}``. Stems are always text (``"095"``
is not 95); image stems may contain spaces, dots and underscores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

OBJECT_SEPARATOR = "_" * 7
_ROUND_SUFFIX = re.compile(
    r"_(?P<model_type>[^_]+)_(?P<click_type>fn|fp)(?:_(?P<device>pc|mobile)_(?P<index>\d+))?\Z"
)
# Stems become file names: nothing that leaves the folder, and no control characters.
UNSAFE_PATTERN = r"[/\\\x00-\x1f\x7f]|\.\.|\A[A-Za-z]:"
_UNSAFE = re.compile(UNSAFE_PATTERN)
_NUMBER = re.compile(r"\d{1,30}(\.\d{1,30})?([eE][+]?\d{1,2})?\Z", re.ASCII)


@dataclass(frozen=True)
class FullStem:
    """The parts of a ``full_stem``; ``str()`` joins them again.

    Attributes:
        image_stem: Identifier of the image.
        object_stem: Code of the object, ``""`` where the name has none.
        click_type: ``"first"``, ``"fn"`` or ``"fp"``.
        model_type: Model that made the previous mask, ``"none"`` in the first round.
        device: Device of the click that led to the previous mask, ``""`` where not named.
        index: Number of that click, as text, ``""`` where not named.

    Example:
        >>> FullStem.parse("hot dog00_000000322574_ritm_fp_mobile_23").model_type
        'ritm'
        >>> str(FullStem("a b", object_stem="65793", click_type="fn", model_type="mivos"))
        'a b_______65793_mivos_fn'
    """

    image_stem: str
    object_stem: str = ""
    click_type: str = "first"
    model_type: str = "none"
    device: str = ""
    index: str = ""

    @classmethod
    def parse(cls, full_stem: str) -> FullStem:
        """Split a ``full_stem`` into its parts; without a suffix it belongs to the first round.

        Raises:
            ValueError: If the name is empty or unsafe as a file name.
        """
        check_stem(full_stem, "full_stem")
        match = _ROUND_SUFFIX.search(full_stem)
        suffix = {k: v or "" for k, v in match.groupdict().items()} if match else {}
        name = full_stem[: match.start()] if match else full_stem
        image, separator, code = name.rpartition(OBJECT_SEPARATOR)
        if not (image and separator and code):
            image, code = name, ""
        if not image:  # the whole name looked like a suffix
            return cls(full_stem)
        return cls(image, code, **suffix)

    def __str__(self) -> str:
        parts = [self.image_stem]
        if self.object_stem:
            parts += [OBJECT_SEPARATOR, self.object_stem]
        if self.click_type != "first":
            parts += ["_", self.model_type, "_", self.click_type]
            if self.device:
                parts += ["_", self.device, "_", self.index]
        return "".join(parts)


def spreadsheet_form(stem: str, known: Iterable[str]) -> str | None:
    """The known stem that a spreadsheet has turned into the number ``stem``, None if there is none.

    Spreadsheets drop leading zeros (``095``) and round long numbers (``3.22574E+08``).
    """
    if not _NUMBER.match(stem):
        return None
    number = float(stem)
    for other in known:
        if other != stem and _NUMBER.match(other):
            tolerance = 1e-5 * abs(number) if "e" in stem.lower() else 0
            if abs(float(other) - number) <= tolerance:
                return other
    return None


def stem_problem(stem: str) -> str | None:
    """A clause that says why a stem cannot be a file name, None if it can."""
    if not stem:
        return "may not be empty"
    if _UNSAFE.search(stem):
        return "may not hold '..', a path separator, a drive letter or control characters"
    return None


def check_stem(stem: str, name: str) -> None:
    """Raise ValueError if the stem (called ``name`` in the message) cannot be a file name."""
    problem = stem_problem(stem)
    if problem:
        raise ValueError(f"{name} {stem!r} {problem}")
