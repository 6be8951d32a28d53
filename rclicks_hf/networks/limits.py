"""Limits of a configuration's numbers.

A wrong or hostile `config.json` must neither hang nor fill the memory, so every network names the
most that its numbers may be: far above the published ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def check_limits(config: Any, most: Mapping[str, int]) -> None:
    """Raise ValueError for a field, or an entry of a list field, outside of 1 to its limit."""
    for name, limit in most.items():
        value = getattr(config, name)
        for number in value if isinstance(value, list | tuple) else [value]:
            if not 1 <= number <= limit:
                raise ValueError(f"{name} is {number}; give 1 to {limit}")
