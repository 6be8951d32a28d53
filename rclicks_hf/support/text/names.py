"""Names that users type: one or several of them, and what a misspelt one may have meant."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

_CLOSE = 0.82  # so that "usr" is "user", and "g12" is neither "g1" nor "g2"


def names_of(given: Any) -> Any:
    """A single name or path as a tuple of one; anything else as it is.

    Example:
        >>> names_of("base"), names_of(["base", "g1"])
        (('base',), ['base', 'g1'])
    """
    return (given,) if isinstance(given, str | os.PathLike) else given


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The known name that is spelt most like another one, for an error message; or nothing.

    Example:
        >>> did_you_mean("geocot", ["geocut"]), did_you_mean("x", ["geocut"])
        (' (did you mean geocut?)', '')
    """
    close = get_close_matches(str(name), list(known), n=1, cutoff=_CLOSE)
    return f" (did you mean {close[0]}?)" if close else ""
