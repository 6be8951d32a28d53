"""The report's tables as Markdown and LaTeX, and every number as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from rclicks_hf.report.numbers.measures import MEASURES
from rclicks_hf.report.numbers.method_results import Results
from rclicks_hf.report.page_data import ReportData
from rclicks_hf.report.tables.benchmark_text import SIMULATED_NOTE
from rclicks_hf.report.tables.cells import Cell, NamedTable, Row, Table
from rclicks_hf.report.tables.main_tables import benchmark_table_view
from rclicks_hf.report.tables.score_cells import ScoresByMethod

_SIMULATED = "simulated clicks"
_HEADING = "Clicks needed, and robustness to the user"


def report_tables(data: ReportData) -> list[NamedTable]:
    """The main table and the supplementary ones.

    Args:
        data: A report.

    Example:
        >>> report_tables(ReportData("empty", is_simulated=False))
        []
    """
    if not data.benchmark_rows:
        return list(data.supplement)
    view = benchmark_table_view(data.benchmark_rows)
    intro = "First, second and third of a column are marked, by the printed values."
    return [NamedTable(_HEADING, intro, view), *data.supplement]


class _Line(NamedTuple):
    cells: list[str]
    is_group: bool = False


def _lines(table: Table, write: Mapping[int, str], escape: Mapping[str, str]) -> Iterator[_Line]:
    """Rows as text, group titles between them; ``write`` marks a rank."""
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
    return "".join(escape.get(character, character) for character in text)


_MARKDOWN_RANKS = {1: "**{}**", 2: "<u>{}</u>", 3: "*{}*"}
_MARKDOWN = {
    "\\": r"\\", "|": r"\|", "*": r"\*", "_": r"\_", "<": "&lt;", "`": r"\`", "\xa0": " ",
    "\n": " ",
}  # fmt: skip


def markdown_tables(tables: Iterable[NamedTable], title: str) -> str:
    """The tables as one Markdown text; first bold, second underlined, third italic.

    Args:
        tables: Of a report.
        title: Heading.

    Example:
        >>> table = Table([("Name", False), ("NoC", True)],
        ...               {"davis": [Row([Cell("sam", is_number=False), Cell("2.00", rank=1)])]})
        >>> print(markdown_tables([NamedTable("Clicks", "Lower is better.", table)], "RClicks"))
        # RClicks
        <BLANKLINE>
        ## Clicks
        <BLANKLINE>
        Lower is better.
        <BLANKLINE>
        | Name | NoC |
        | --- | ---: |
        | *davis* | |
        | sam | **2.00** |
        <BLANKLINE>
    """
    parts = [f"# {_escaped(title, _MARKDOWN)}"]
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
    "−": "$-$", "–": "--", "\n": " ",
}  # fmt: skip


def latex_tables(tables: Iterable[NamedTable], title: str) -> str:
    """The tables as LaTeX; they need no package. Marked as in Markdown.

    Args:
        tables: Of a report.
        title: A comment at the top.

    Example:
        >>> table = Table([("Name", False), ("NoC ↓", True)],
        ...               {"": [Row([Cell("sam", is_number=False), Cell("2.00", rank=1)])]})
        >>> text = latex_tables([NamedTable("Clicks", "Lower is better.", table)], "RClicks")
        >>> "textbf{2.00}" in text, "downarrow" in text, "↓" in text
        (True, True, False)
    """
    parts = [f"% {' '.join(title.split())}"]
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


def csv_scores(results: Results, scores: ScoresByMethod, threshold: float) -> str:
    """Every number of every method as CSV, unrounded: a line a number that exists.

    Args:
        results: From `load_results`.
        scores: All numbers of every method.
        threshold: IoU that NoC and NoF asked for.

    Example:
        >>> csv_scores(Results([]), {}, 0.9).startswith("dataset,segmenter,click_model")
        True
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for key, method in results.items():
        head = [key.dataset, key.segmenter, key.click_model, method.is_simulated, threshold]
        head += [len(method.stems), method.failures]
        for name, score in scores[key].items():
            if score.instances:
                measure = MEASURES[name]
                numbers = (score.value, score.spread, score.low, score.high)
                shown = ["" if value != value else repr(value) for value in numbers]
                writer.writerow([*head, name, measure.title, measure.unit, *shown, score.instances])
    return text.getvalue()
