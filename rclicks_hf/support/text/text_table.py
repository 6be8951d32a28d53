"""Tables as text with aligned columns, the one way in which the command prints tables.

Our own because pandas.to_string has neither a rule below the header nor an alignment per column.
"""

from __future__ import annotations

from collections.abc import Sequence

from rclicks_hf.support.text.visible_text import visible


def align(lines: Sequence[Sequence[str]], left: int) -> list[list[str]]:
    """Pad each cell to the width of its column; the first ``left`` columns are left-aligned."""
    lines = [[visible(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]


def plain_table(lines: Sequence[Sequence[str]], left: int) -> str:
    """A table for a terminal, its header row first; the first ``left`` columns are left-aligned.

    Example:
        >>> print(plain_table([["name", "n"], ["a", "12"]], left=1))
        name   n
        ----  --
        a     12
    """
    cells = align(lines, left)
    cells.insert(1, ["-" * len(cell) for cell in cells[0]])
    return "\n".join("  ".join(line).rstrip() for line in cells)
