"""Where names go beside the points of a chart, so that none covers another or a point."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from rclicks_hf.report.pictures.palette import light

_FONT_SIZE = 8.5  # points
_MARKER = 4.5  # half the side of the square that a point takes, points
_DISTANCES = (7.0, 12.0, 18.0, 26.0)  # of a name from its point, points
_NEAR = 10.0  # farther away, a line joins the two
_DIRECTIONS = ((1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (0, 1), (0, -1))


class LabelBox(NamedTuple):
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float


def find_places(
    points: np.ndarray, sizes: Sequence[tuple[float, float]], order: Sequence[int], bounds: LabelBox
) -> list[LabelBox | None]:
    """A place for each name, None where none is free.

    Args:
        points: (N, 2) x, y of all points, in points of 1/72 inch.
        sizes: Width and height of each name.
        order: The points to name, the most important first.
        bounds: Where names may be.

    Returns:
        One entry per point; None also for points that are not in ``order``.
    """
    taken = [
        LabelBox(x - _MARKER, y - _MARKER, x + _MARKER, y + _MARKER) for x, y in points.tolist()
    ]
    places: list[LabelBox | None] = [None] * len(points)
    for index in order:
        x, y = points[index].tolist()
        width, height = sizes[index]
        candidates = (
            _beside(x, y, width, height, distance, direction)
            for distance, direction in product(_DISTANCES, _DIRECTIONS)
        )
        # Points that are drawn over each other do not stand in each other's way.
        others = [box for box in taken if not _holds(box, x, y)]
        place = next(
            (
                box
                for box in candidates
                if _is_free(box, taken, bounds) and not _is_crossed(_line((x, y), box), others)
            ),
            None,
        )
        if place is not None:
            places[index] = place
            taken.append(place)
            taken += [
                LabelBox(x - 1, y - 1, x + 1, y + 1) for x, y in _line((x, y), place)[1:].tolist()
            ]
    return places


def _beside(
    x: float, y: float, width: float, height: float, distance: float, direction: tuple[int, int]
) -> LabelBox:
    """The box of a name in a direction: it touches the point's surroundings with its near side."""
    right, up = direction
    left = x + right * distance - width * (1 - right) / 2
    bottom = y + up * distance - height / 2
    return LabelBox(left, bottom, left + width, bottom + height)


def _is_free(box: LabelBox, taken: Sequence[LabelBox], bounds: LabelBox) -> bool:
    inside = (
        box.left >= bounds.left
        and box.right <= bounds.right
        and box.bottom >= bounds.bottom
        and box.top <= bounds.top
    )
    return inside and not any(
        box.left < other.right
        and other.left < box.right
        and box.bottom < other.top
        and other.bottom < box.top
        for other in taken
    )


def _holds(box: LabelBox, x: float, y: float) -> bool:
    return box.left <= x <= box.right and box.bottom <= y <= box.top


def _line(point: tuple[float, float], box: LabelBox) -> np.ndarray:
    """(9, 2) points from a point to the nearest place of its name's box."""
    start = np.array(point)
    end = np.clip(start, (box.left, box.bottom), (box.right, box.top))
    return start + np.linspace(0, 1, 9)[:, None] * (end - start)


def _is_crossed(line: np.ndarray, others: Sequence[LabelBox]) -> bool:
    return any(
        (
            (line[:, 0] > other.left)
            & (line[:, 0] < other.right)
            & (line[:, 1] > other.bottom)
            & (line[:, 1] < other.top)
        ).any()
        for other in others
    )


def draw_names(axes: Axes, points: np.ndarray, names: Sequence[str], order: Sequence[int]) -> None:
    """Write the names of points at free places; call it when the chart is complete.

    Args:
        axes: The chart.
        points: (N, 2) x, y of all points, in data coordinates.
        names: Their names.
        order: The points to name, the most important first; those without a free place stay
            without a name.
    """
    drawn = np.flatnonzero(np.isfinite(points).all(axis=1)).tolist()
    points, names = points[drawn], [names[place] for place in drawn]
    order = [drawn.index(place) for place in order if place in drawn]
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # only now the layout is known
    scale = 72 / figure.dpi
    shown = axes.transData.transform(points) * scale
    frame = axes.get_window_extent()
    bounds = LabelBox(*(scale * value for value in frame.extents))
    font = FontProperties(size=_FONT_SIZE)
    sizes = [
        (text_to_path.get_text_width_height_descent(name, font, False)[0] + 2, _FONT_SIZE + 2)
        for name in names
    ]
    places = find_places(shown, sizes, order, bounds)
    for name, point, (x, y), place in zip(names, points.tolist(), shown, places, strict=True):
        if place is None:
            continue
        # To the nearest side of the name, where its line ends.
        is_right, is_left = place.left > x, place.right < x
        to_x = place.left - x if is_right else place.right - x if is_left else 0.0
        to_y = (place.bottom + place.top) / 2 - y
        middle = (place.left + place.right) / 2 - x
        axes.annotate(
            name,
            point,
            xytext=(to_x or middle, to_y),
            textcoords="offset points",
            horizontalalignment="left" if is_right else "right" if is_left else "center",
            verticalalignment="center",
            color=light("ink"),
            fontsize=_FONT_SIZE,
            zorder=5,
        ).set_in_layout(False)
        if max(abs(to_x), abs(to_y)) > _NEAR:
            line = _line((x, y), place)
            length = max(float(np.hypot(*(line[-1] - line[0]))), 1e-9)
            start = line[0] + (line[-1] - line[0]) * min(1.0, _MARKER / length)
            ends = axes.transData.inverted().transform(np.stack([start, line[-1]]) / scale)
            axes.plot(
                *ends.T, color=light("muted"), linewidth=0.7, zorder=2, scalex=False, scaley=False
            )
