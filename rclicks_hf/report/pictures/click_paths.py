"""Pictures of the clicks of one run: a numbered path, or users' first clicks."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from rclicks_hf.report.page_data import ClickPath, ExampleItem
from rclicks_hf.report.pictures.palette import light
from rclicks_hf.report.pictures.photograph import (
    Picture,
    draw_contour,
    draw_photograph,
    faded,
    picture,
)
from rclicks_hf.report.tables.table_cells import number

#: Later clicks overlap and add little.
SHOWN_CLICKS = 10

#: IoU 0 to 1 of users' first clicks; readable with colour vision deficiency.
IOU_COLOURS = mpl.colormaps["viridis"]


def draw_path(axes: Axes, item: ExampleItem, path: ClickPath) -> None:
    """Draw one run's clicks over the image.

    A path has its first clicks numbered, positive ones in circles, negative ones in squares. First
    clicks of users are dots in the colour of the IoU they reach.
    """
    draw_photograph(axes, faded(item.instance.image))
    draw_contour(axes, item.instance.object_mask, 1.0)
    if path.is_path:
        _numbered(axes, path)
    else:
        axes.scatter(
            [click.x for click in path.clicks],
            [click.y for click in path.clicks],
            c=list(path.ious),
            cmap=IOU_COLOURS,
            vmin=0,
            vmax=1,
            s=60,
            edgecolors="#101010",
            linewidths=0.9,
        )


def _numbered(axes: Axes, path: ClickPath) -> None:
    # The first click is drawn last, on top.
    for position, click in reversed(list(enumerate(path.clicks[:SHOWN_CLICKS], start=1))):
        axes.text(
            click.x,
            click.y,
            str(position),
            color="white",
            fontsize=11,
            fontweight="bold",
            horizontalalignment="center",
            verticalalignment="center",
            bbox={
                "boxstyle": "circle,pad=0.25" if click.is_positive else "square,pad=0.3",
                "facecolor": light("g10" if click.is_positive else "g1"),
                "edgecolor": "#101010",
            },
        )


def path_picture(item: ExampleItem, path: ClickPath) -> Picture:
    """The picture of `draw_path`."""
    return picture(lambda axes: draw_path(axes, item, path), item.instance.mask.shape)


def path_words(path: ClickPath) -> str:
    """The caption of a path: its IoUs in words."""
    if not path.is_path:
        low, high = min(path.ious), max(path.ious)
        return f"IoU {number(low, 2)} to {number(high, 2)} over {len(path.ious)} users"
    first, last = path.ious[0], path.ious[-1]
    return f"IoU {number(first, 2)} after the first click, {number(last, 2)} after {len(path.ious)}"


def iou_gradient() -> str:
    """CSS gradient of the colours of IoU 0 to 1."""
    stops = (mpl.colors.to_hex(IOU_COLOURS(k)) for k in np.linspace(0, 1, 5))
    return f"linear-gradient(90deg, {', '.join(stops)})"
