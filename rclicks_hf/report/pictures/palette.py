"""The report's colours for charts, pictures and page, in light and dark.

The hues are Okabe and Ito's, distinguishable with any colour vision deficiency; marker shapes and
dashes repeat the distinction.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Colour(NamedTuple):
    """A colour in both schemes, ``#rrggbb``."""

    light: str
    dark: str


#: Role -> colours. Charts are drawn in the light ones, which must all differ.
PALETTE: dict[str, Colour] = {
    "paper": Colour("#ffffff", "#14171c"),
    "panel": Colour("#f5f6f8", "#1c2027"),
    "ink": Colour("#1a1f26", "#e7eaee"),
    "muted": Colour("#586170", "#a3acb9"),
    "rule": Colour("#d8dce2", "#363d48"),
    "link": Colour("#0b5cad", "#7db8f5"),
    "warning": Colour("#fff3d1", "#3a2f10"),
    "warning-ink": Colour("#6b4a00", "#ffd879"),
    "best": Colour("#e6f2ec", "#17352a"),
    "g1": Colour("#d55e00", "#ff9148"),
    "g10": Colour("#0072b2", "#5cb8f2"),
    "base": Colour("#009e73", "#2fd3a4"),
    "user": Colour("#9a4f7e", "#e59ac6"),
    "error": Colour("#d0389b", "#d0389b"),
    "pc": Colour("#56b4e9", "#56b4e9"),
    "mobile": Colour("#e69f00", "#e69f00"),
}

_BY_LIGHT = {colour.light: role for role, colour in PALETTE.items()}
_HEX = re.compile("|".join(_BY_LIGHT), re.IGNORECASE)


def light(role: str) -> str:
    """The light colour of a role."""
    return PALETTE[role].light


def follow_scheme(svg: str) -> str:
    """Replace the light colours of an SVG by the page's CSS variables."""
    return _HEX.sub(lambda match: f"var(--{_BY_LIGHT[match[0].lower()]})", svg)
