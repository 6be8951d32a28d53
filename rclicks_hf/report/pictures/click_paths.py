"""Pictures of the clicks of one run on one instance: a numbered path, or users' first clicks."""

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
from rclicks_hf.report.tables.number_format import number

#: Later clicks lie on top of each other and say little.
SHOWN_CLICKS = 10

#: IoU 0 to 1 of users' first clicks; one hue, so that it reads in any colour vision.
IOU_COLOURS = mpl.colormaps["viridis"]


def draw_path(axes: Axes, item: ExampleItem, path: ClickPath) -> None:
    """Draw one run's clicks over the photograph.

    A path has its first clicks numbered, circles positive and squares negative. Clicks that each
    start anew are dots in the colour of the IoU after them.

    Args:
        axes: Axes to draw on; they take the photograph's shape.
        item: The instance.
        path: The clicks.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from rclicks_hf.data.instances import Click, Instance
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8))
        >>> path = ClickPath("G1", [Click(2, 1, True), Click(0, 0, False)], [0.5, 0.9])
        >>> axes = Figure().add_subplot()
        >>> draw_path(axes, ExampleItem(instance, "hard", [path]), path)
        >>> [text.get_text() for text in axes.texts]
        ['2', '1']
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
    # The first click last, so that it lies on top.
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
    """The picture of `draw_path` for a page.

    Args:
        item: The instance.
        path: The clicks.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from rclicks_hf.data.instances import Click, Instance
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8))
        >>> path = ClickPath("Baseline", [Click(2, 1, True)], [0.5])
        >>> path_picture(ExampleItem(instance, "hard", [path]), path).width
        640
    """
    return picture(lambda axes: draw_path(axes, item, path), item.instance.mask.shape)


def path_words(path: ClickPath) -> str:
    """What a path comes to, under its picture.

    Args:
        path: The clicks.

    Example:
        >>> path_words(ClickPath("Baseline", [], [0.5, 0.875]))
        'IoU 0.50 after the first click, 0.88 after 2'
        >>> path_words(ClickPath("First clicks of users", [], [0.5, 0.75], is_path=False))
        'IoU 0.50 to 0.75 over 2 users'
    """
    if not path.is_path:
        low, high = min(path.ious), max(path.ious)
        return f"IoU {number(low, 2)} to {number(high, 2)} over {len(path.ious)} users"
    first, last = path.ious[0], path.ious[-1]
    return f"IoU {number(first, 2)} after the first click, {number(last, 2)} after {len(path.ious)}"


def iou_gradient() -> str:
    """CSS of the colours that stand for IoU 0 to 1."""
    stops = (mpl.colors.to_hex(IOU_COLOURS(k)) for k in np.linspace(0, 1, 5))
    return f"linear-gradient(90deg, {', '.join(stops)})"
