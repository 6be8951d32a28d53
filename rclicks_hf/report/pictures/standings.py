"""Charts of many methods on one dataset: a few are named, the others are shown as a crowd."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rclicks_hf.report.page_data import Standings
from rclicks_hf.report.pictures.charts import CHART_SIZE, frame, make_svg
from rclicks_hf.report.pictures.label_places import draw_names
from rclicks_hf.report.pictures.palette import light
from rclicks_hf.report.tables.table_cells import Cell, Row, Table, label, number
from rclicks_hf.segmenters.methods import METHOD_FAMILIES

_NAMED = (("user", "-"), ("g10", "--"), ("g1", "-."), ("base", (0, (6, 1, 1, 1, 1, 1))))
_COLOURS = ("g10", "g1", "base", "user", "mobile", "pc", "muted")
_MARKERS = "osv^DPXdp<>h"
_OWN = ("error", "*")

#: Family -> colour and marker; methods of no family are the user's own.
_STYLES = dict(zip(METHOD_FAMILIES, zip(cycle(_COLOURS), _MARKERS, strict=False), strict=False))


def standing_curves_svg(data: Standings, name: str, size: tuple[float, float] = CHART_SIZE) -> str:
    """Mean IoU per click of every method, named ones in colour, as an ``<svg>`` element."""
    alt = f"Line chart: mean IoU after each click of {len(data.names)} methods."
    columns = 2 if size[0] >= CHART_SIZE[0] else 1
    return make_svg(lambda axes: _draw_curves(axes, data, columns), name, alt, size)


def standing_points_svg(data: Standings, name: str, size: tuple[float, float] = CHART_SIZE) -> str:
    """Sample NoC against its dependence on the clicks, as an ``<svg>`` element."""
    alt = f"Scatter chart: Sample NoC against ΔGR NoC of {len(data.names)} methods."
    columns = 4 if size[0] >= CHART_SIZE[0] else 3
    return make_svg(lambda axes: _draw_points(axes, data, columns), name, alt, size)


def standing_table(data: Standings) -> Table:
    """The numbers behind the curves: one row per method, one column per click."""
    clicks = data.curves.shape[1]
    heads = [("Clicks", False), *((str(click), True) for click in range(1, clicks + 1))]
    rows = [
        Row([label(name), *(Cell(number(float(iou), 3)) for iou in curve)], is_own=own)
        for name, curve, own in zip(data.names, data.curves, data.are_own, strict=True)
    ]
    return Table(heads, {"": rows})


def _draw_curves(axes: Axes, data: Standings, columns: int) -> None:
    clicks = np.arange(1, data.curves.shape[1] + 1)
    named = [place for place, is_named in enumerate(data.are_named) if is_named]
    others = [place for place in range(len(data.names)) if place not in named]
    for order, place in enumerate(others):
        text = f"{len(others)} other methods" if order == 0 else None
        axes.plot(
            clicks, data.curves[place], color=light("muted"), alpha=0.4, linewidth=0.9, label=text
        )
    for place, (colour, dash) in zip(named, cycle(_NAMED), strict=False):
        axes.plot(
            clicks,
            data.curves[place],
            color=light(colour),
            linestyle=dash,
            linewidth=1.9,
            label=data.names[place],
        )
    axes.axhline(data.threshold, color=light("muted"), linewidth=0.9, linestyle=":")
    frame(axes, x="clicks", y="mean IoU")
    axes.set_xlim(0.5, clicks[-1] + 0.5)
    axes.set_xticks(sorted({1, *range(5, clicks[-1] + 1, 5)}))
    axes.set_ylim(max(0.0, np.floor(data.curves.min() * 10 - 0.5) / 10), 1.02)
    handles, texts = axes.get_legend_handles_labels()
    last = [0] * bool(others)
    places = [*range(len(last), len(texts)), *last]
    _legend_below(
        axes,
        [handles[place] for place in places],
        [texts[place] for place in places],
        columns=columns,
    )


def _draw_points(axes: Axes, data: Standings, columns: int) -> None:
    for family in dict.fromkeys(data.families):
        colour, marker = _STYLES.get(family, _OWN)
        places = [place for place, of in enumerate(data.families) if of == family]
        axes.scatter(
            data.clicks[places],
            data.range_between_groups[places],
            s=150 if family not in _STYLES else 46,
            color=light(colour),
            marker=marker,
            linewidths=0,
            zorder=4 if family not in _STYLES else 3,
            label=METHOD_FAMILIES[family].label
            if family in METHOD_FAMILIES
            else "own run"
            if any(data.are_own)
            else "other",
            clip_on=False,
        )
    frame(axes, x="Sample NoC (clicks; left is better)", y="ΔGR NoC % (nearer 0 is better)")
    axes.margins(0.12)
    _legend_below(axes, *axes.get_legend_handles_labels(), columns=columns)
    points = np.stack([data.clicks, data.range_between_groups], axis=1)
    named = [place for place, is_named in enumerate(data.are_named) if is_named]
    # Own runs first: where room is short, they are named.
    named.sort(key=lambda place: not data.are_own[place])
    draw_names(axes, points, data.names, named)


def _legend_below(
    axes: Axes, handles: Sequence[Any], texts: Sequence[str], *, columns: int
) -> None:
    """A legend that covers nothing, however long it is."""
    axes.figure.legend(
        handles,
        texts,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        labelcolor=light("ink"),
        fontsize=8.5,
        columnspacing=1.0,
        handletextpad=0.4,
    )
