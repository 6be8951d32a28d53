"""A report's tables as Markdown and LaTeX, and all numbers as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rclicks_hf.click_scoring.score_rows import ALL_DEVICES
from rclicks_hf.click_scoring.score_summary import ScoreTable
from rclicks_hf.metrics import METRICS
from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.page_data import ReportData
from rclicks_hf.report.results import Results
from rclicks_hf.report.tables.benchmark_table import benchmark_cells
from rclicks_hf.report.tables.click_model_tables import click_model_tables
from rclicks_hf.report.tables.table_cells import SIMULATED_NOTE, Cell, NamedTable, Row, Table
from rclicks_hf.support.text.visible_text import visible

_SIMULATED = "simulated clicks"
BENCHMARK_TITLE = "Clicks needed, and robustness to the user"


def report_tables(data: ReportData) -> list[NamedTable]:
    """The tables of a report, in page order."""
    tables = click_model_tables(data.click_scores)
    if data.benchmark_rows:
        intro = (
            "The best three values of each column are marked; ties are decided by the printed "
            "values."
        )
        tables.append(NamedTable(BENCHMARK_TITLE, intro, benchmark_cells(data.benchmark_rows)))
    return [*tables, *data.supplement]


class _Line(NamedTuple):
    cells: list[str]
    is_group: bool = False


def _lines(table: Table, write: Mapping[int, str], escape: Mapping[str, str]) -> Iterator[_Line]:
    """Rows as text with group titles between them; ``write`` maps a rank to its markup."""
    for group, rows in table.groups.items():
        if group:
            yield _Line([_escaped(group, escape)], is_group=True)
        for row in rows:
            yield _Line([_text(cell, row, i, write, escape) for i, cell in enumerate(row.cells)])


def _text(
    cell: Cell, row: Row, place: int, write: Mapping[int, str], escape: Mapping[str, str]
) -> str:
    text = write.get(cell.rank, "{}").format(_escaped(cell.text, escape))
    interval = f" {_escaped(cell.interval, escape)}" if cell.interval else ""
    mark = f" ({_SIMULATED})" if place == 0 and row.is_simulated else ""
    return text + interval + mark


def _escaped(text: str, escape: Mapping[str, str]) -> str:
    shown = visible(text, keep_lines=True).translate(_ONE_LINE)
    return "".join(escape.get(character, character) for character in shown)


_ONE_LINE = str.maketrans("\n\t", "  ")
_MARKDOWN_RANKS = {1: "**{}**", 2: "<u>{}</u>", 3: "*{}*"}
_MARKDOWN = {
    "\\": r"\\", "|": r"\|", "*": r"\*", "_": r"\_", "<": "&lt;", "`": r"\`", "\xa0": " ",
    "&": "&amp;", ">": "&gt;", "[": r"\[", "]": r"\]", "!": r"\!", "~": r"\~", "$": r"\$",
}  # fmt: skip


def markdown_tables(tables: Iterable[NamedTable], title: str, warnings: Sequence[str] = ()) -> str:
    """The tables as one Markdown text: first bold, second underlined, third italic."""
    parts = [f"# {_escaped(title, _MARKDOWN)}"]
    parts += [f"**Warning:** {_escaped(text, _MARKDOWN)}" for text in warnings]
    for named in tables:
        heads = [_escaped(text, _MARKDOWN) for text, _ in named.table.heads]
        rule = ["---:" if is_number else "---" for _, is_number in named.table.heads]
        lines = [_markdown_row(heads), _markdown_row(rule)]
        for line in _lines(named.table, _MARKDOWN_RANKS, _MARKDOWN):
            group = f"| *{line.cells[0]}* |" + " |" * (len(heads) - 1)
            lines.append(group if line.is_group else _markdown_row(line.cells))
        rows = "\n".join(lines)
        parts += [f"## {_escaped(named.title, _MARKDOWN)}", _escaped(named.intro, _MARKDOWN), rows]
        parts += [SIMULATED_NOTE] if named.table.is_simulated else []
    return "\n\n".join(parts) + "\n"


def _markdown_row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


_LATEX_RANKS = {1: r"\textbf{{{}}}", 2: r"\underline{{{}}}", 3: r"\textit{{{}}}"}
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "\xa0": "~", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "Δ": r"$\Delta$", "±": r"$\pm$",
    "−": "$-$", "–": "--",
}  # fmt: skip


def latex_tables(tables: Iterable[NamedTable], title: str, warnings: Sequence[str] = ()) -> str:
    """The tables as LaTeX that needs no package; ranks as in Markdown, the title as a comment."""
    parts = [f"% {visible(' '.join(title.split()))}"]
    parts += [rf"\textbf{{Warning:}} {_escaped(text, _LATEX)}" for text in warnings]
    for named in tables:
        heads = named.table.heads
        lines = [" & ".join(_escaped(text, _LATEX) for text, _ in heads) + r" \\", r"\hline"]
        for line in _lines(named.table, _LATEX_RANKS, _LATEX):
            text = " & ".join(line.cells)
            if line.is_group:
                text = rf"\multicolumn{{{len(heads)}}}{{l}}{{\textit{{{text}}}}}"
            lines.append(text + r" \\")
        note = f" {SIMULATED_NOTE}" if named.table.is_simulated else ""
        caption = _escaped(f"{named.title}. {named.intro}{note}", _LATEX)
        columns = "".join("r" if is_number else "l" for _, is_number in heads)
        parts.append(
            "\n".join(
                [
                    r"\begin{table}",
                    r"\centering",
                    rf"\caption{{{caption}}}",
                    rf"\begin{{tabular}}{{{columns}}}",
                    r"\hline",
                    *lines,
                    r"\hline",
                    r"\end{tabular}",
                    r"\end{table}",
                ]
            )
        )
    return "\n\n".join(parts) + "\n"


CSV_COLUMNS = (
    "dataset", "segmenter", "click_model", "simulated_clicks", "threshold", "instances", "failures",
    "measure", "title", "unit", "value", "spread", "low", "high", "instances_with_value",
)  # fmt: skip


def csv_scores(results: Results, click_scores: Sequence[ScoreTable] = ()) -> str:
    """All numbers as CSV, unrounded: one line per method or click model, dataset and measure.

    With click-model scores a last column holds their split, beside published results one says which
    they are; else the columns stay as they were.
    """
    has_origin = any(method.origin for method in results.values())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    more = ["split"] * bool(click_scores) + ["origin"] * has_origin
    writer.writerow([*CSV_COLUMNS, *more])
    for table in click_scores:
        writer.writerows([*line, *[""] * has_origin] for line in _click_score_lines(table))
    for key, method in results.items():
        names = (key.dataset, key.segmenter, key.click_model)
        head: list[object] = [*map(csv_text, names), method.is_simulated]
        head += [results.threshold, len(method.stems), method.failures]
        for name, score in results.scores[key].items():
            if score.instances:
                measure = MEASURES[name]
                numbers = _exact(score.value, score.spread, score.low, score.high)
                last = [""] * bool(click_scores) + [method.origin] * has_origin
                tail = [name, measure.title, measure.unit, *numbers, score.instances, *last]
                writer.writerow([*head, *tail])
    return text.getvalue()


def _click_score_lines(table: ScoreTable) -> Iterator[list[object]]:
    for means in table.means:
        names = [csv_text(table.dataset), "", csv_text(means.click_model)]
        head = [*names, table.is_simulated, "", means.instances]
        for metric, interval in means.intervals.items():
            info = METRICS[metric]
            name = metric if table.device == ALL_DEVICES else f"{metric}_{table.device}"
            numbers = _exact(interval.mean, math.nan, interval.low, interval.high)
            tail = [name, info.abbreviation, info.unit, *numbers, means.instances, table.split]
            yield [*head, len(means.left_out), *tail]


def csv_text(text: str) -> str:
    """A name that no spreadsheet takes as a formula."""
    text = visible(text)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text


def _exact(*values: float) -> list[str]:
    return ["" if math.isnan(value) else repr(value) for value in values]
