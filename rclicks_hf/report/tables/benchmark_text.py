"""The benchmark table as text: aligned for a terminal, or Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rclicks_hf.errors import RclicksError
from rclicks_hf.report.tables.benchmark_rows import BenchmarkRow
from rclicks_hf.support.text_table import align, plain_table

STYLES = ("plain", "markdown")
SIMULATED_NOTE = "Clicks of users: simulated, not made by people."


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def _with_spread(value: float, spread: float) -> str:
    return _number(value) if math.isnan(value) else f"{_number(value)} ± {_number(spread)}"


#: Title -> text of the cell.
_COLUMNS: dict[str, Callable[[BenchmarkRow], str]] = {
    "Segmenter": lambda row: row.segmenter,
    "Click model": lambda row: row.click_model or "–",
    "Dataset": lambda row: row.dataset,
    "Instances": lambda row: str(row.instances),
    "Failed": lambda row: str(row.failures),
    "Sample NoC ↓": lambda row: _with_spread(row.sample_noc, row.sample_noc_std),
    "ΔSB % ↓": lambda row: _number(row.delta_sb),
    "ΔGR % ↓": lambda row: _number(row.delta_gr),
    "NSR % ↓": lambda row: _number(row.nsr),
    "NoF ↓": lambda row: _number(row.nof),
    "Baseline NoC ↓": lambda row: _number(row.baseline_noc),
}
_LEFT = 3  # columns of text


def format_table(rows: Sequence[BenchmarkRow], style: str = "plain") -> str:
    """Write the benchmark table as text.

    Args:
        rows: From `benchmark_table`.
        style: ``"plain"`` or ``"markdown"``.

    Returns:
        The table, with a note below it where any row rests on simulated clicks.

    Raises:
        RclicksError: If the style does not exist.

    Example:
        >>> print(format_table([BenchmarkRow("geocut", "ud", "grabcut", 50, 0)], "markdown"))
        | Segmenter | Click model | Dataset | ... | Baseline NoC ↓ |
        | --------- | ----------- | ------- | ... | -------------: |
        | geocut    | ud          | grabcut | ... |              – |
    """
    if style not in STYLES:
        raise RclicksError(f"{style}: no such table style; choose {', '.join(STYLES)}")
    cells = [list(_COLUMNS), *([cell(row) for cell in _COLUMNS.values()] for row in rows)]
    if style == "markdown":
        lines = align([[cell.replace("|", r"\|") for cell in line] for line in cells], _LEFT)
        widths = [len(cell) for cell in lines[0]]
        rule = ["-" * w if c < _LEFT else "-" * (w - 1) + ":" for c, w in enumerate(widths)]
        lines.insert(1, rule)
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    else:
        text = plain_table(cells, _LEFT)
    if any(row.is_simulated for row in rows):
        text += f"\n\n{SIMULATED_NOTE}"
    return text
