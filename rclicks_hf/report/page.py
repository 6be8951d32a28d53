"""The report page: one HTML file without external references."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from rclicks_hf.metrics import CLICK_METRICS, METRICS, MetricInfo
from rclicks_hf.report.page_data import (
    ClickPath,
    ExampleItem,
    GalleryItem,
    IoUCurves,
    ReportData,
    Standings,
    UserScatter,
)
from rclicks_hf.report.pictures.charts import (
    SCORE_CHART_TITLE,
    curve_table,
    curves_svg,
    scatter_svg,
    scores_svg,
)
from rclicks_hf.report.pictures.click_paths import (
    SHOWN_CLICKS,
    iou_gradient,
    path_picture,
    path_words,
)
from rclicks_hf.report.pictures.gallery import PANELS, Panel, count_clicks, panel_picture
from rclicks_hf.report.pictures.palette import PALETTE
from rclicks_hf.report.pictures.standings import (
    standing_curves_svg,
    standing_points_svg,
    standing_table,
)
from rclicks_hf.report.tables.benchmark_table import COLUMNS, benchmark_cells
from rclicks_hf.report.tables.click_model_tables import click_model_tables
from rclicks_hf.report.tables.table_cells import NamedTable, Table, number
from rclicks_hf.report.tables.text_formats import BENCHMARK_TITLE
from rclicks_hf.support.files.atomic import atomic_file
from rclicks_hf.support.text.citation import LINKS, PAPER_BIBTEX, PAPER_TEXT
from rclicks_hf.support.text.visible_text import visible

_TEMPLATE = "template.html.j2"


class Section(NamedTuple):
    """A section of the page: the field of `ReportData` it needs, its anchor and title."""

    needs: str
    anchor: str
    title: str


SECTIONS: tuple[Section, ...] = (
    Section("benchmark_rows", "benchmark", "Benchmark"),
    Section("standings", "standings", "All methods at a glance"),
    Section("curves", "curves", "IoU per click"),
    Section("click_scores", "click-models", "Click models"),
    Section("supplement", "tables", "Further tables"),
    Section("scatter", "users", "Users' first clicks"),
    Section("examples", "examples", "Hard and click-sensitive instances"),
    Section("gallery", "gallery", "Gallery"),
    Section("versions", "settings", "Command, settings and versions"),
    Section("title", "citation", "How to cite"),
)


#: Spelled out above everything else, where the page shows them.
ABBREVIATIONS: dict[str, str] = {
    "UD": "uniform distribution over the region to click in",
    "DT": "distance transform of that region: the deeper a pixel, the likelier a click",
    "SI": "saliency of the image",
    "SM": "saliency of the object cut out of the image",
    "CM": "clickability model: the paper's network, which predicts where people click",
}


class Note(NamedTuple):
    """One entry of "How to read it"."""

    name: str
    text: str


ROUND_TITLES: dict[str, str] = {
    "first": "First round",
    "fn": "Later round, missed part of the object (fn)",
    "fp": "Later round, wrongly included background (fp)",
}


def write_report(data: ReportData, path: str | os.PathLike[str]) -> Path:
    """Write the page; an existing file is replaced.

    Args:
        data: The content.
        path: HTML file.

    Returns:
        The path.

    Raises:
        RclicksError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> page = write_report(ReportData("A first look", is_simulated=True), folder / "r.html")
        >>> "Simulated clicks" in page.read_text(encoding="utf-8")
        True
    """
    page = render(data)
    with atomic_file(path) as part:
        part.write_text(page, encoding="utf-8")
    return Path(path)


def render(data: ReportData) -> str:
    """The page as HTML text."""
    shown = [section for section in SECTIONS if getattr(data, section.needs)]
    page = _template().render(
        data=data,
        sections=shown,
        anchors={section.anchor: section.title for section in shown},
        palette=PALETTE,
        click_scores=_score_tables(data),
        click_notes=[_metric_note(METRICS[key]) for key in CLICK_METRICS],
        score_chart=None if data.curves or not data.click_scores else _score_chart(data),
        abbreviations=_abbreviations(data),
        links=LINKS,
        benchmark=_benchmark_table(data),
        benchmark_title=BENCHMARK_TITLE,
        benchmark_notes=_benchmark_notes(),
        standings=[_standing_charts(i, s, data) for i, s in enumerate(data.standings)],
        curves=[_curve_chart(i, c, data) for i, c in enumerate(data.curves)],
        scatter=[_scatter_chart(i, s, data) for i, s in enumerate(data.scatter)],
        examples=[_example(item, data) for item in data.examples],
        iou_colours=iou_gradient(),
        shown_clicks=SHOWN_CLICKS,
        gallery=[_gallery_entry(item, data) for item in data.gallery],
        shows_error=any(item.instance.previous_mask is not None for item in data.gallery),
        heat=_heat_gradient(),
        citation=PAPER_TEXT,
        bibtex=PAPER_BIBTEX,
    )
    return visible(page.strip(), keep_lines=True) + "\n"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE)


def _asset(name: str) -> str:
    return files("rclicks_hf.report").joinpath(name).read_text(encoding="utf-8")


def _metric_note(metric: MetricInfo, prefix: str = "") -> Note:
    better = "Higher" if metric.direction == "up" else "Lower"
    text = f"{metric.title}. {metric.description} {better} is better."
    return Note(f"{prefix}{metric.abbreviation} {metric.arrow}", text)


def _benchmark_notes() -> list[Note]:
    return [
        _metric_note(METRICS["noc"], prefix="Sample "),
        *(_metric_note(METRICS[key]) for key in ("delta_sb", "delta_gr", "nsr")),
        Note(
            "NoF ↓",
            "Number of failures. Number of instances that never reach the threshold, mean over "
            "groups. Lower is better.",
        ),
        Note("Failed", "Instances that ended in an error; all numbers leave them out."),
    ]


def _abbreviations(data: ReportData) -> dict[str, str]:
    """The abbreviations that the page shows, "CM nano" and "ud" included."""
    named = [means.click_model for table in data.click_scores for means in table.means]
    named += [row.click_model for row in data.benchmark_rows]
    words = {word for name in named for word in name.upper().replace(":", " ").split()[:1]}
    return {name: text for name, text in ABBREVIATIONS.items() if name in words}


def _benchmark_table(data: ReportData) -> Table:
    table = benchmark_cells(data.benchmark_rows)
    counts = [column for column in COLUMNS if not column.measure]
    return _essential_first(table, len(table.heads) - len(COLUMNS), len(counts))


def _score_tables(data: ReportData) -> list[NamedTable]:
    named = click_model_tables(data.click_scores)
    return [replace(one, table=_essential_first(one.table, labels=1, counts=1)) for one in named]


def _essential_first(table: Table, labels: int, counts: int) -> Table:
    """Instances and failures last, so that a phone shows what the table is for."""

    def moved(cells: Sequence[Any]) -> list[Any]:
        first, rest = cells[labels : labels + counts], cells[labels + counts :]
        return [*cells[:labels], *rest, *first]

    groups = {
        name: [replace(row, cells=moved(row.cells)) for row in rows]
        for name, rows in table.groups.items()
    }
    return Table(moved(table.heads), groups)


def _score_chart(data: ReportData) -> dict[str, Any]:
    return {"label": SCORE_CHART_TITLE, "svg": Markup(scores_svg(data.click_scores, "scores"))}


def _standing_charts(index: int, data: Standings, report: ReportData) -> dict[str, Any]:
    return {
        "label": data.dataset,
        "curves": Markup(standing_curves_svg(data, f"standing-curves-{index}")),
        "points": Markup(standing_points_svg(data, f"standing-points-{index}")),
        "table": standing_table(data),
        "is_simulated": report.is_simulated or data.is_simulated,
    }


def _curve_chart(index: int, data: IoUCurves, report: ReportData) -> dict[str, Any]:
    return {
        "label": data.label,
        "svg": Markup(curves_svg(data, f"curves-{index}", beside=report.curves)),
        "table": curve_table(data),
        "is_simulated": report.is_simulated or data.is_simulated,
    }


def _scatter_chart(index: int, data: UserScatter, report: ReportData) -> dict[str, Any]:
    return {
        "label": data.label,
        "svg": Markup(scatter_svg(data, f"scatter-{index}", beside=report.scatter)),
        "nsr": number(data.nsr, 2),
        "is_simulated": report.is_simulated or data.is_simulated,
    }


def _example(item: ExampleItem, report: ReportData) -> dict[str, Any]:
    simulated = report.is_simulated or item.instance.is_simulated
    return {
        "stem": item.instance.full_stem,
        "dataset": item.instance.dataset,
        "why": item.why,
        "panels": [_example_panel(path, item, simulated) for path in item.paths],
    }


def _example_panel(path: ClickPath, item: ExampleItem, simulated: bool) -> dict[str, Any]:
    made = path_picture(item, path)
    words = path_words(path)
    return {
        "title": path.title,
        "words": words,
        "alt": f"Image with the object's contour and the clicks of {path.title}: {words}.",
        "uri": Markup(made.uri),
        "width": made.width,
        "height": made.height,
        "is_simulated": simulated,
    }


def _gallery_entry(item: GalleryItem, report: ReportData) -> dict[str, Any]:
    instance = item.instance
    simulated = report.is_simulated or instance.is_simulated
    previous = (
        f", previous mask by {instance.model_type}" if instance.previous_mask is not None else ""
    )
    return {
        "stem": instance.full_stem,
        "round": ROUND_TITLES.get(instance.click_type, instance.click_type) + previous,
        "clicks": count_clicks(item),
        "caption": item.caption,
        "is_simulated": simulated,
        "panels": [_gallery_panel(panel, item, simulated) for panel in PANELS],
    }


def _gallery_panel(panel: Panel, item: GalleryItem, simulated: bool) -> dict[str, Any]:
    picture = panel_picture(panel, item)
    return {
        "title": panel.title,
        "alt": panel.alt(item),
        "uri": Markup(picture.uri),
        "width": picture.width,
        "height": picture.height,
        "is_simulated": simulated and panel.shows_clicks,
    }


def _heat_gradient() -> str:
    stops = (mpl.colors.to_hex(mpl.colormaps["inferno"](0.15 + 0.85 * k / 4)) for k in range(5))
    return f"linear-gradient(90deg, {', '.join(stops)})"
