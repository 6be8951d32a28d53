"""Pictures of one instance: the object, the clicks on it, and what a click model predicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from rclicks_hf.report.page_data import GalleryItem
from rclicks_hf.report.pictures.palette import light
from rclicks_hf.report.pictures.photograph import (
    Picture,
    draw_contour,
    draw_photograph,
    faded,
    halo,
    picture,
)

_HEAT = mpl.colormaps["inferno"]

#: Device -> marker. Shape and colour both tell the devices apart.
DEVICE_MARKERS: dict[str, str] = {"pc": "o", "mobile": "^"}
BASELINE_MARKER = "*"


@dataclass(frozen=True)
class Panel:
    """One picture of the gallery.

    Attributes:
        title: Its name, without the mark of simulated clicks.
        shows_clicks: True where people's clicks, or what was learnt from them, are in it.
        draw: Draws it on axes.
        alt: Says it in words.
    """

    title: str
    shows_clicks: bool
    draw: Callable[[Axes, GalleryItem, float], None]
    alt: Callable[[GalleryItem], str]


def draw_object(axes: Axes, item: GalleryItem, scale: float = 1.0) -> None:
    """Draw the photograph, the object's contour and the region left to click in.

    Args:
        axes: Axes to draw on; they take the photograph's shape.
        item: The instance.
        scale: Factor on the width of lines and markers; 1 suits `PANEL_PIXELS`.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from rclicks_hf.data.instances import Click, Instance
        >>> instance = Instance("a", "a", "", "grabcut", "test", "fn", "sam",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8),
        ...                     np.eye(3, 4) > 0)
        >>> axes = Figure().add_subplot()
        >>> draw_object(axes, GalleryItem(instance, np.ones((3, 4)), Click(2, 1, True)))
        >>> photograph, tint = (drawn.get_array() for drawn in axes.images)
        >>> (tint[..., 3] > 0).astype(int).tolist()  # what the previous mask missed
        [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1]]
    """
    instance = item.instance
    draw_photograph(axes, instance.image)
    if instance.previous_mask is not None:
        tint = np.zeros((*instance.mask.shape, 4))
        tint[instance.error_mask] = (*mpl.colors.to_rgb(light("error")), 0.5)
        axes.imshow(tint, interpolation="nearest")
    draw_contour(axes, instance.object_mask, scale)


def draw_clicks(axes: Axes, item: GalleryItem, scale: float = 1.0) -> None:
    """Draw the clicks, a marker shape a device, and the baseline's click over the photograph.

    Args:
        axes: Axes to draw on; they take the photograph's shape.
        item: The instance.
        scale: Factor on the width of lines and markers; 1 suits `PANEL_PIXELS`.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from rclicks_hf.data.instances import Click, Clicks, Instance
        >>> clicks = Clicks(np.array([1, 3, 0]), np.array([1, 2, 0]),
        ...                 np.array(["pc", "pc", "mobile"]))
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8),
        ...                     clicks=clicks)
        >>> axes = Figure().add_subplot()
        >>> draw_clicks(axes, GalleryItem(instance, np.ones((3, 4)), Click(2, 1, True)))
        >>> contour, pc, mobile, baseline = axes.collections
        >>> pc.get_offsets().tolist(), baseline.get_offsets().tolist()
        ([[1.0, 1.0], [3.0, 2.0]], [[2.0, 1.0]])
    """
    draw_photograph(axes, faded(item.instance.image))
    draw_contour(axes, item.instance.object_mask, scale)
    for device, marker in DEVICE_MARKERS.items():
        clicks = item.instance.clicks.on(device)
        axes.scatter(
            clicks.x,
            clicks.y,
            s=60 * scale**2,
            marker=marker,
            color=light(device),
            edgecolors="#101010",
            linewidths=0.9 * scale,
            alpha=0.9,
        )
    _baseline(axes, item, scale)


def draw_click_map(axes: Axes, item: GalleryItem, scale: float = 1.0) -> None:
    """Draw the predicted click map as heat over the photograph, and the baseline's click.

    Args:
        axes: Axes to draw on; they take the photograph's shape.
        item: The instance.
        scale: Factor on the width of lines and markers; 1 suits `PANEL_PIXELS`.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from rclicks_hf.data.instances import Click, Instance
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8))
        >>> click_map = np.array([[0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
        >>> axes = Figure().add_subplot()
        >>> draw_click_map(axes, GalleryItem(instance, click_map, Click(2, 1, True)))
        >>> photograph, heat = (drawn.get_array() for drawn in axes.images)
        >>> heat[1, :, 3].tolist()  # opacity
        [0.0, 0.0, 0.85, 0.0]
    """
    draw_photograph(axes, faded(item.instance.image))
    axes.imshow(_heat(item.click_map), interpolation="bilinear")
    draw_contour(axes, item.instance.object_mask, scale)
    _baseline(axes, item, scale)


def _alt_object(item: GalleryItem) -> str:
    later = item.instance.previous_mask is not None
    region = " The region to click in is tinted." if later else ""
    return f"Photograph with the contour of the object.{region}"


def _alt_clicks(item: GalleryItem) -> str:
    click = item.baseline_click
    return f"{count_clicks(item)} on the photograph; the baseline clicks at ({click.x}, {click.y})."


def _alt_click_map(item: GalleryItem) -> str:
    y, x = np.unravel_index(int(np.argmax(item.click_map)), item.click_map.shape)
    return f"Predicted click map as heat over the photograph, highest at ({x}, {y})."


PANELS: tuple[Panel, ...] = (
    Panel("Object", False, draw_object, _alt_object),
    Panel("Clicks and baseline click", True, draw_clicks, _alt_clicks),
    Panel("Predicted click map", True, draw_click_map, _alt_click_map),
)


def count_clicks(item: GalleryItem) -> str:
    """The clicks of an instance in words, by device.

    Args:
        item: The instance.

    Example:
        >>> import numpy as np
        >>> from rclicks_hf.data.instances import Click, Clicks, Instance
        >>> clicks = Clicks(np.array([1, 2, 0]), np.array([1, 2, 0]),
        ...                 np.array(["pc", "pc", "mobile"]))
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8),
        ...                     clicks=clicks, is_simulated=True)
        >>> count_clicks(GalleryItem(instance, np.ones((3, 4)), Click(2, 1, True)))
        '3 simulated clicks (2 pc, 1 mobile)'
    """
    clicks, kind = item.instance.clicks, "simulated " if item.instance.is_simulated else ""
    by_device = ", ".join(f"{len(clicks.on(device))} {device}" for device in DEVICE_MARKERS)
    return f"{len(clicks)} {kind}click{'' if len(clicks) == 1 else 's'} ({by_device})"


def panel_picture(panel: Panel, item: GalleryItem) -> Picture:
    """Draw one picture; its longer side has `PANEL_PIXELS`.

    Args:
        panel: Which picture.
        item: The instance.

    Example:
        >>> import numpy as np
        >>> from rclicks_hf.data.instances import Click, Instance
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8))
        >>> item = GalleryItem(instance, np.ones((3, 4)), Click(2, 1, True))
        >>> picture = panel_picture(PANELS[0], item)
        >>> picture.uri[:23], picture.width, picture.height
        ('data:image/jpeg;base64,', 640, 480)
    """
    return picture(lambda axes: panel.draw(axes, item, 1.0), item.instance.mask.shape)


def _baseline(axes: Axes, item: GalleryItem, scale: float) -> None:
    click = item.baseline_click
    axes.scatter(
        click.x,
        click.y,
        s=330 * scale**2,
        marker=BASELINE_MARKER,
        color=light("base"),
        edgecolors="white",
        linewidths=1.6 * scale,
        path_effects=[halo(scale)],
        clip_on=False,
        zorder=5,
    )


def _heat(click_map: np.ndarray) -> np.ndarray:
    """(H, W, 4) in [0, 1]: the map by its maximum, clear where it is low."""
    values = np.nan_to_num(np.asarray(click_map, np.float64))
    values = values / values.max() if values.max() > 0 else np.zeros_like(values)
    heat = _HEAT(0.15 + 0.85 * values)
    heat[..., 3] = np.clip(values * 4, 0, 0.85)
    return heat
