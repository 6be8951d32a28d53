"""The report's charts, drawn with Matplotlib and embedded in the page as SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from rclicks_hf.click_scoring.score_rows import ALL_DEVICES
from rclicks_hf.click_scoring.score_summary import ALL_ROUNDS, ScoreTable
from rclicks_hf.report.page_data import CURVE_RUNS, IoUCurves, UserScatter
from rclicks_hf.report.pictures.palette import follow_scheme, light
from rclicks_hf.report.tables.table_cells import Cell, Row, Table, label, number

#: Inches; at 72 points per inch the text stays legible at the width of a phone.
CHART_SIZE: tuple[float, float] = (5.3, 4.0)
_FONT_SIZE = 10.0
SCORE_CHART_TITLE = "Agreement of click models with clicks (KS)"


class RunStyle(NamedTuple):
    """Name, dash and marker of one run, the same in all charts."""

    title: str
    dash: str
    marker: str


RUN_STYLES: dict[str, RunStyle] = {
    "g1": RunStyle("G1, least likely clicks", "--", "v"),
    "g10": RunStyle("G10, most likely clicks", "-", "o"),
    "base": RunStyle("Baseline", "-.", "s"),
}


def draw_curves(axes: Axes, data: IoUCurves, beside: Sequence[IoUCurves] = ()) -> None:
    """Draw mean IoU per click and the threshold of NoC; axes as of the charts ``beside`` it."""
    for run in (run for run in CURVE_RUNS if run in data.curves):
        style = RUN_STYLES[run]
        axes.plot(
            data.clicks,
            data.curves[run],
            color=light(run),
            linestyle=style.dash,
            marker=style.marker,
            markersize=4.5,
            linewidth=1.6,
            label=style.title,
        )
    axes.axhline(
        data.threshold,
        color=light("muted"),
        linewidth=1.6,
        linestyle=":",
        label=f"IoU {data.threshold:g}, counted as reached",
    )
    frame(axes, x="clicks", y="mean IoU")
    shown = [data, *beside]
    clicks = max(len(one.clicks) for one in shown)
    axes.set_xlim(0.5, clicks + 0.5)
    axes.set_xticks(sorted({1, *range(5, clicks + 1, 5)}))
    axes.set_ylim(min(map(_floor, shown)), 1.02)
    axes.legend(loc="best", frameon=False, labelcolor=light("ink"))


def draw_scatter(axes: Axes, data: UserScatter, beside: Sequence[UserScatter] = ()) -> None:
    """Draw the mean against the std of IoU over users' first clicks, one point per instance."""
    # Large points where there are few; points on the border of the plot are not cut.
    size = 40 if len(data.mean) <= 200 else 16
    axes.scatter(
        data.mean,
        data.std,
        s=size,
        color=light("user"),
        alpha=0.8,
        linewidths=0,
        label="instance",
        clip_on=False,
        zorder=3,
    )
    if np.isfinite(data.nsr):
        axes.plot(
            [0, 1],
            [0, data.nsr / 100],
            color=light("muted"),
            linewidth=1.6,
            linestyle=":",
            label=f"std = NSR × mean, NSR {number(data.nsr, 2)} %",
        )
    frame(axes, x="mean IoU over users' first clicks", y="std of IoU over users' first clicks")
    axes.set_xlim(0, 1.02)
    stds = np.concatenate([one.std for one in (data, *beside)])
    highest = float(np.max(stds[np.isfinite(stds)], initial=0.0))
    axes.set_ylim(-0.01, max(0.1, 1.2 * highest))
    axes.legend(loc="best", frameon=False, labelcolor=light("ink"))


def draw_scores(axes: Axes, tables: Sequence[ScoreTable]) -> None:
    """Draw KS of each click model on each dataset, with its interval."""
    places = [
        (means.intervals["ks"], f"{means.click_model}, {table.dataset}")
        for table in tables
        if (table.round, table.device) == (ALL_ROUNDS, ALL_DEVICES)
        for means in table.means
        if means.intervals
    ]
    for place, (interval, _) in enumerate(places):
        axes.plot([interval.low, interval.high], [place, place], color=light("muted"), linewidth=2)
        axes.plot([interval.mean], [place], color=light("user"), marker="o", markersize=7)
    frame(axes, x="KS, 95 % interval (higher is better)", y="")
    axes.set_yticks(range(len(places)), [name for _, name in places])
    axes.set_ylim(len(places) - 0.5, -0.5)
    axes.set_xlim(0, 1.02)


def scores_svg(tables: Sequence[ScoreTable], name: str) -> str:
    """The chart of `draw_scores` as an ``<svg>`` element; ``name`` prefixes its ids."""
    return make_svg(
        lambda axes: draw_scores(axes, tables), name, f"{SCORE_CHART_TITLE}: dot chart."
    )


def curves_svg(data: IoUCurves, name: str, beside: Sequence[IoUCurves] = ()) -> str:
    """The chart of `draw_curves` as an ``<svg>`` element; ``name`` prefixes its ids."""
    ends = ", ".join(
        f"{RUN_STYLES[run].title} from {number(curve[0], 2)} to {number(curve[-1], 2)}"
        for run, curve in data.curves.items()
    )
    alt = f"Line chart: mean IoU from click 1 to click {data.clicks[-1]}. {ends}."
    return make_svg(lambda axes: draw_curves(axes, data, beside), name, alt)


def curve_table(data: IoUCurves) -> Table:
    """The numbers behind the curves: one row per run, one column per click."""
    heads = [("Clicks", False), *((str(click), True) for click in data.clicks)]
    rows = [
        Row(
            [
                label(RUN_STYLES[run].title),
                *(Cell(number(float(iou), 3)) for iou in data.curves[run]),
            ]
        )
        for run in CURVE_RUNS
        if run in data.curves
    ]
    return Table(heads, {"": rows})


def scatter_svg(data: UserScatter, name: str, beside: Sequence[UserScatter] = ()) -> str:
    """The chart of `draw_scatter` as an ``<svg>`` element; ``name`` prefixes its ids."""
    alt = (
        f"Scatter chart: mean against standard deviation of IoU over users' first clicks, "
        f"{len(data.mean)} instances, NSR {number(data.nsr, 2)} %."
    )
    return make_svg(lambda axes: draw_scatter(axes, data, beside), name, alt)


def frame(axes: Axes, *, x: str, y: str) -> None:
    """Titles, grid and colours that all charts share."""
    axes.set_xlabel(x, color=light("ink"))
    axes.set_ylabel(y, color=light("ink"))
    axes.set_facecolor("none")
    axes.grid(color=light("rule"), linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=light("muted"), labelcolor=light("ink"), length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(light("rule"))


def _floor(data: IoUCurves) -> float:
    """A round lower end of the IoU axis that leaves room for the legend."""
    lowest = np.nanmin(np.concatenate([*data.curves.values(), [data.threshold]]))
    return max(0.0, np.floor((lowest - 0.15) * 10) / 10)


def make_svg(
    draw: Callable[[Axes], None], name: str, alt: str, size: tuple[float, float] = CHART_SIZE
) -> str:
    """A chart as an ``<svg>`` element; ``name`` prefixes its ids, ``alt`` describes it."""
    # Text stays text (in the page's font, searchable), and ids depend only on the name.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.size": _FONT_SIZE}):
        figure = Figure(figsize=size, layout="constrained", facecolor="none")
        draw(figure.add_subplot())
        buffer = io.StringIO()
        FigureCanvasSVG(figure).print_svg(
            buffer, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type"))
        )
    return _embed(buffer.getvalue(), name, alt)


def _embed(document: str, name: str, alt: str) -> str:
    """Turn an SVG file into an element with its own ids, the page's colours and font."""
    svg = document[document.index("<svg") :]
    box = re.search(r'viewBox="[^"]*"', svg)
    body = svg[svg.index(">") + 1 :]
    body = re.sub(r"<(metadata|style)\b.*?</\1>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]*; ?", "", body).replace("xlink:href", "href")
    body = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", body)
    return (
        f'<svg {box[0] if box else ""} role="img" aria-label="{alt}">{follow_scheme(body)}'.strip()
    )
