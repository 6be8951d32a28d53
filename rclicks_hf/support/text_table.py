"""Aligned columns of text, for the tables that the command prints."""

from __future__ import annotations

from collections.abc import Sequence


def align(lines: Sequence[Sequence[str]], left: int) -> list[list[str]]:
    """Pad the cells of a table to the width of their column.

    Args:
        lines: The cells, a sequence a line, all of one length.
        left: Number of columns, from the first, that stand left; the others stand right.

    Returns:
        The padded cells.

    Example:
        >>> align([["name", "n"], ["a", "12"]], left=1)
        [['name', ' n'], ['a   ', '12']]
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]


def plain_table(lines: Sequence[Sequence[str]], left: int) -> str:
    """A table for a terminal, with a rule below its head.

    Args:
        lines: The cells, a sequence a line, the head first, all of one length.
        left: Number of columns, from the first, that stand left; the others stand right.

    Returns:
        The table, two spaces between columns.

    Example:
        >>> print(plain_table([["name", "n"], ["a", "12"]], left=1))
        name   n
        ----  --
        a     12
    """
    cells = align(lines, left)
    cells.insert(1, ["-" * len(cell) for cell in cells[0]])
    return "\n".join("  ".join(line).rstrip() for line in cells)
