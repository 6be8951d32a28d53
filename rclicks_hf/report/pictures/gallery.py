"""Pictures of one instance: the object, the clicks on it, and a click model's map."""

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

#: Device -> marker; the devices differ in shape and in colour.
DEVICE_MARKERS: dict[str, str] = {"pc": "o", "mobile": "^"}
BASELINE_MARKER = "*"


@dataclass(frozen=True)
class Panel:
    """One kind of picture; ``shows_clicks`` if clicks, or what was learnt from them, are in it."""

    title: str
    shows_clicks: bool
    draw: Callable[[Axes, GalleryItem, float], None]
    alt: Callable[[GalleryItem], str]


def paint_object(axes: Axes, item: GalleryItem, scale: float = 1.0) -> None:
    """Draw the image, the object's contour and the region left to click in."""
    instance = item.instance
    draw_photograph(axes, instance.image)
    if instance.previous_mask is not None:
        tint = np.zeros((*instance.mask.shape, 4))
        tint[instance.error_mask] = (*mpl.colors.to_rgb(light("error")), 0.5)
        axes.imshow(tint, interpolation="nearest")
    draw_contour(axes, instance.object_mask, scale)


def paint_clicks(axes: Axes, item: GalleryItem, scale: float = 1.0) -> None:
    """Draw the clicks, one marker per device, and the baseline click over the image."""
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
    """Draw the click map as heat over the image, with contour and baseline click."""
    draw_photograph(axes, faded(item.instance.image))
    axes.imshow(_heat(item.click_map), interpolation="bilinear")
    draw_contour(axes, item.instance.object_mask, scale)
    _baseline(axes, item, scale)


def _alt_object(item: GalleryItem) -> str:
    later = item.instance.previous_mask is not None
    region = " The region to click in is tinted." if later else ""
    return f"Image with the contour of the object.{region}"


def _alt_clicks(item: GalleryItem) -> str:
    click = item.baseline_click
    return f"{count_clicks(item)} on the image; the baseline clicks at ({click.x}, {click.y})."


def _alt_click_map(item: GalleryItem) -> str:
    y, x = np.unravel_index(int(np.argmax(item.click_map)), item.click_map.shape)
    return f"Predicted click map as heat over the image, highest at ({x}, {y})."


PANELS: tuple[Panel, ...] = (
    Panel("Object", False, paint_object, _alt_object),
    Panel("Clicks and baseline click", True, paint_clicks, _alt_clicks),
    Panel("Predicted click map", True, draw_click_map, _alt_click_map),
)


def count_clicks(item: GalleryItem) -> str:
    """The clicks of an instance in words, by device."""
    clicks, kind = item.instance.clicks, "simulated " if item.instance.is_simulated else ""
    by_device = ", ".join(f"{len(clicks.on(device))} {device}" for device in DEVICE_MARKERS)
    return f"{len(clicks)} {kind}click{'' if len(clicks) == 1 else 's'} ({by_device})"


def panel_picture(panel: Panel, item: GalleryItem) -> Picture:
    """Draw one picture for the page."""
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
    """(H, W, 4) RGBA in [0, 1]: the map over its maximum, transparent where it is low."""
    values = np.nan_to_num(np.asarray(click_map, np.float64))
    values = values / values.max() if values.max() > 0 else np.zeros_like(values)
    heat = _HEAT(0.15 + 0.85 * values)
    heat[..., 3] = np.clip(values * 4, 0, 0.85)
    return heat
