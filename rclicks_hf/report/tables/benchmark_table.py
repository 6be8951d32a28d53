"""The benchmark's main table: its rows, its columns, and its text form for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics.click_counts import THRESHOLD
from rclicks_hf.report.numbers.measures import MEASURES, column_head
from rclicks_hf.report.numbers.method_results import OWN, MethodKey, MethodResults
from rclicks_hf.report.numbers.scoring import Score, score
from rclicks_hf.report.tables.table_cells import (
    ABSENT,
    DIGITS,
    SIMULATED_NOTE,
    Cell,
    Row,
    Table,
    interval_text,
    label,
    ranks,
    segmenter_label,
    with_spread,
)
from rclicks_hf.support.text.text_table import align, plain_table

STYLES = ("plain", "markdown")


@dataclass(frozen=True)
class BenchmarkRow:
    """One row of the benchmark table; NaN where the runs that a number needs are missing.

    Attributes:
        segmenter, click_model, dataset: The method and the dataset.
        instances: Number of instances without failures.
        failures: Number of instances that failed with an error; all numbers leave them out.
        sample_noc: Sample NoC: mean number of clicks over instances and groups.
        sample_noc_std: Mean over instances of the std over groups.
        delta_sb: ΔSB of NoC in percent: sampled users against the baseline clicker.
        delta_gr: ΔGR of NoC in percent: the least against the most likely group.
        nsr: Noise-to-signal ratio over users' first clicks, percent.
        nof: Number of instances that never reach the threshold, mean over groups.
        nof_reference: The same by the rule of the paper's code (NoC equal to the maximum).
        baseline_noc: Mean number of clicks of the baseline clicker.
        is_simulated: True where the users' clicks were simulated.
        origin: ``"paper"`` or ``"own run"`` beside published results, else ``""``.

    Example:
        >>> row = BenchmarkRow("geocut", "ud", "grabcut", 50, 0, baseline_noc=4.2)
        >>> row.baseline_noc, row.delta_sb  # no group was run
        (4.2, nan)
    """

    segmenter: str
    click_model: str
    dataset: str
    instances: int
    failures: int
    sample_noc: float = math.nan
    sample_noc_std: float = math.nan
    delta_sb: float = math.nan
    delta_gr: float = math.nan
    nsr: float = math.nan
    nof: float = math.nan
    nof_reference: float = math.nan
    baseline_noc: float = math.nan
    is_simulated: bool = False
    origin: str = ""


class TableColumn(NamedTuple):
    """A number column: title, field of `BenchmarkRow`, measure and the spread's field."""

    title: str
    field: str
    measure: str = ""  # "" for counts of instances, which are not ranked
    spread: str = ""

    @property
    def head(self) -> str:
        """Title with the direction arrow."""
        if not self.measure:
            return self.title
        return column_head(self.title, MEASURES[self.measure].direction)

    def text(self, row: BenchmarkRow) -> str:
        """The printed value."""
        value = getattr(row, self.field)
        if not self.measure:
            return str(value)
        return with_spread(value, getattr(row, self.spread) if self.spread else math.nan)


COLUMNS: tuple[TableColumn, ...] = (
    TableColumn("Instances", "instances"),
    TableColumn("Failed", "failures"),
    TableColumn("Sample NoC", "sample_noc", "sample_noc", "sample_noc_std"),
    TableColumn("ΔSB %", "delta_sb", "delta_sb_noc"),
    TableColumn("ΔGR %", "delta_gr", "delta_gr_noc"),
    TableColumn("NSR %", "nsr", "nsr_user"),
    TableColumn("NoF", "nof", "sample_nof"),
    TableColumn("Baseline NoC", "baseline_noc", "base_noc"),
)


def benchmark_table(
    results: Mapping[MethodKey, MethodResults], threshold: float | None = None
) -> list[BenchmarkRow]:
    """Compute the benchmark's main table.

    Args:
        results: From `read_results`.
        threshold: IoU threshold of NoC and NoF; None takes the results' own, else 0.9.

    Returns:
        One row per method and dataset, in the order of the results.

    Example:
        >>> import numpy as np
        >>> runs = {"base": [0.7, 0.92, 0.95], "g1": [0.5, 0.8, 0.91], "g10": [0.8, 0.93, 0.95]}
        >>> ious = {run: [np.array(values)] for run, values in runs.items()}
        >>> key = MethodKey("geocut", "ud", "grabcut")
        >>> [row] = benchmark_table({key: MethodResults(key, ("a",), ious, 0, False)})
        >>> row.sample_noc, row.baseline_noc, row.delta_sb  # 3 and 2 clicks to 90 %, baseline 2
        (2.5, 2.0, 25.0)
    """
    if threshold is None:
        threshold = getattr(results, "threshold", THRESHOLD)
    return [_table_row(method, threshold) for method in results.values()]


def _table_row(method: MethodResults, threshold: float) -> BenchmarkRow:
    numbers: dict[str, Any] = {}
    for column in COLUMNS:
        if column.measure:
            found = score(MEASURES[column.measure], method, threshold)
            numbers[column.field] = found.value
            if column.spread:
                numbers[column.spread] = found.spread
    return BenchmarkRow(
        *method.key,
        instances=len(method.stems),
        failures=method.failures,
        is_simulated=method.is_simulated,
        origin=method.origin,
        nof_reference=score(MEASURES["sample_nof_reference"], method, threshold).value,
        **numbers,
    )


def benchmark_cells(rows: Sequence[BenchmarkRow]) -> Table:
    """The main table as cells, grouped by dataset, ranked among methods of one click model."""
    heads = [("Segmenter", False), ("Click model", False)]
    heads += [(column.head, True) for column in COLUMNS]
    groups: dict[str, list[Row]] = {}
    for row, marks in zip(rows, zip(*(_ranks(c, rows) for c in COLUMNS), strict=True), strict=True):
        cells = [label(segmenter_label(row.segmenter, row.origin)), label(row.click_model)]
        cells += [Cell(c.text(row), rank) for c, rank in zip(COLUMNS, marks, strict=True)]
        groups.setdefault(row.dataset, []).append(Row(cells, row.is_simulated, row.origin == OWN))
    return Table(heads, groups)


def _ranks(column: TableColumn, rows: Sequence[BenchmarkRow]) -> list[int]:
    found = [0] * len(rows)
    compared: dict[tuple[str, str], list[int]] = {}
    for place, row in enumerate(rows if column.measure else ()):
        compared.setdefault((row.dataset, row.click_model), []).append(place)
    for places in compared.values():
        values = [getattr(rows[place], column.field) for place in places]
        is_up = MEASURES[column.measure].direction == "up"
        for place, rank in zip(places, ranks(values, up=is_up, digits=DIGITS), strict=True):
            found[place] = rank
    return found


def table_lines(rows: Sequence[BenchmarkRow]) -> list[list[str]]:
    """The table as lines of text, the heads first, the dataset as a column."""
    heads = [column.head.replace("\N{NO-BREAK SPACE}", " ") for column in COLUMNS]
    lines = [["Segmenter", "Click model", "Dataset", *heads]]
    for row in rows:
        # A hyphen for the minus sign, so that programs can read the numbers back.
        numbers = [column.text(row).replace("−", "-") for column in COLUMNS]
        name = segmenter_label(row.segmenter, row.origin)
        names = [name, row.click_model or ABSENT, row.dataset]
        lines.append([*names, *numbers])
    return lines


def format_intervals(
    rows: Sequence[BenchmarkRow], scores: Mapping[MethodKey, Mapping[str, Score]]
) -> str:
    """The table for a terminal, each row with its 95 % bootstrap intervals in the line below."""
    heads, *lines = table_lines(rows)
    found = [heads]
    for row, line in zip(rows, lines, strict=True):
        of_row = scores[MethodKey(row.segmenter, row.click_model, row.dataset)]
        bounds = [of_row[c.measure] if c.measure else Score() for c in COLUMNS]
        below = [interval_text(one.low, one.high).replace("−", "-") for one in bounds]
        found += [line, [""] * (len(line) - len(below)) + below]
    notes = ["In brackets: 95 % bootstrap intervals over instances."]
    notes += [SIMULATED_NOTE] * any(row.is_simulated for row in rows)
    return "\n".join([plain_table(found, left=3), "", *notes])


def format_table(rows: Sequence[BenchmarkRow], style: str = "plain") -> str:
    """Format the benchmark table as text.

    Args:
        rows: From `benchmark_table`.
        style: ``"plain"`` or ``"markdown"``.

    Returns:
        The table, with a note below it if any row rests on simulated clicks.

    Raises:
        RclicksError: If the style is unknown.

    Example:
        >>> print(format_table([BenchmarkRow("geocut", "ud", "grabcut", 50, 0)], "markdown"))
        | Segmenter | Click model | Dataset | ... | Baseline NoC ↓ |
        | --------- | ----------- | ------- | ... | -------------: |
        | geocut    | ud          | grabcut | ... |              – |
    """
    if style not in STYLES:
        raise RclicksError(f"{style}: unknown table style; choose {', '.join(STYLES)}")
    lines = table_lines(rows)
    text = plain_table(lines, left=3) if style == "plain" else _markdown(lines, left=3)
    return f"{text}\n\n{SIMULATED_NOTE}" if any(row.is_simulated for row in rows) else text


def _markdown(lines: Sequence[Sequence[str]], left: int) -> str:
    padded = align([[cell.replace("|", r"\|") for cell in line] for line in lines], left)
    widths = [len(cell) for cell in padded[0]]
    padded.insert(1, ["-" * w if c < left else "-" * (w - 1) + ":" for c, w in enumerate(widths)])
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)
