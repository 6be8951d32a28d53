"""Titles, credits and licences of the demo photographs, as scikit-image 0.26 states them."""

from __future__ import annotations

from typing import NamedTuple


class PhotographCredit(NamedTuple):
    """Where one photograph comes from; the card of a build that contains it names it."""

    image_stem: str
    title: str
    credit: str
    licence: str


_CC0 = "CC0, no copyright restrictions"
_NONE_KNOWN = "No known copyright restrictions"
PHOTOGRAPH_CREDITS = (
    PhotographCredit(
        "astronaut",
        "Eileen Collins, astronaut",
        "NASA Great Images database",
        f"{_NONE_KNOWN}, public domain",
    ),
    PhotographCredit("camera", "Man with a video camera", "Lav Varshney", _CC0),
    PhotographCredit("chelsea", "Chelsea the cat", "Stefan van der Walt", _CC0),
    PhotographCredit(
        "coffee", "Coffee cup", "Rachel Michetti, courtesy of Pikolo Espresso Bar", _CC0
    ),
    PhotographCredit(
        "coins", "Greek coins from Pompeii", "Brooklyn Museum Collection", _NONE_KNOWN
    ),
    PhotographCredit(
        "ihc",
        "Colonic glands under a microscope, immunohistochemical staining",
        "Center for Microscopy And Molecular Imaging (CMMI)",
        _NONE_KNOWN,
    ),
    PhotographCredit(
        "rocket",
        "DSCOVR on Falcon 9 before its launch",
        "SpaceX",
        "Released into the public domain by SpaceX",
    ),
)
