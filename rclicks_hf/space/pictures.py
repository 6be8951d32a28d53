"""The Explorer's pictures: clicks by device, click maps with drawn clicks, the segmenter's mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from matplotlib.axes import Axes

from rclicks_hf.benchmark import CLICKING_GROUPS, Clicker
from rclicks_hf.benchmark.groups import sample_places
from rclicks_hf.click_models import ClickModel
from rclicks_hf.data.instances import Click, Clicks, Instance
from rclicks_hf.errors import RclicksError
from rclicks_hf.report.page_data import GalleryItem
from rclicks_hf.report.pictures.charts import frame, make_svg
from rclicks_hf.report.pictures.gallery import (
    count_clicks,
    draw_click_map,
    paint_clicks,
    paint_object,
)
from rclicks_hf.report.pictures.palette import light
from rclicks_hf.report.pictures.photograph import picture
from rclicks_hf.space.click_session import ClickSession
from rclicks_hf.space.markup import Figure, image_uri

WHOLE_MAP = "all"  # beside the names of the clicking groups
_MASK_COLOUR = (0, 158, 115)  # the palette's "base", which the chart also has
_WHITE, _BLACK = (255, 255, 255), (16, 16, 16)


@dataclass(frozen=True)
class Draw:
    """Clicks to draw from each click map: how many, of which group, with which seed."""

    group: str = WHOLE_MAP
    count: int = 0
    seed: int = 0


def click_figures(instance: Instance, devices: Sequence[str]) -> list[Figure]:
    """The object, and the clicks of some devices with the baseline click."""
    shown = np.isin(instance.clicks.device, list(devices))
    clicks = instance.clicks
    instance = replace(
        instance, clicks=Clicks(clicks.x[shown], clicks.y[shown], clicks.device[shown])
    )
    item = _item(instance, np.zeros(instance.mask.shape, np.float32))
    region = "" if instance.previous_mask is None else "; tinted: the region to click in"
    return [
        _figure(paint_object, item, "Image with the object's contour.", f"Object{region}"),
        _figure(
            paint_clicks,
            item,
            f"{count_clicks(item)}; the baseline clicks at "
            f"({item.baseline_click.x}, {item.baseline_click.y}).",
            f"{count_clicks(item)} ●▲ and the baseline click ★",
        ),
    ]


def map_figures(instance: Instance, models: dict[str, ClickModel], draw: Draw) -> list[Figure]:
    """The click map of each model with the clicks drawn from it."""
    found = []
    for label, model in models.items():
        click_map = model.click_map(instance.image, instance.object_mask, instance.error_mask)
        drawn = draw_from(click_map, instance.error_mask, draw)
        item = _item(instance, click_map)
        y, x = np.unravel_index(int(np.argmax(click_map)), click_map.shape)
        words = _words(draw, drawn)
        found.append(
            _figure(
                partial(_draw_map, drawn=drawn),
                item,
                f"Click map of {label} as heat, highest at ({x}, {y}). {words}",
                f"{label}. {words}".strip(),
            )
        )
    return found


def draw_from(click_map: np.ndarray, error_mask: np.ndarray, draw: Draw) -> list[Click]:
    """Independent draws from a group of an (H, W) click map inside the error mask; [] without mass.

    The rules are those of the benchmark's clicker; the generator starts anew for each map.
    """
    if not draw.count:
        return []
    group = (0.0, 1.0) if draw.group == WHOLE_MAP else CLICKING_GROUPS.get(draw.group)
    if group is None:
        raise RclicksError(f"{draw.group}: no such clicking group; choose g1 to g10 or all")
    places = np.flatnonzero(error_mask)
    values = click_map.ravel()[places].astype(np.float32)
    if not np.isfinite(values).all():
        return []
    height, width = error_mask.shape
    rng = np.random.RandomState(draw.seed)
    drawn = sample_places(values, places, (height, width), group, rng, draw.count)
    return [Click(x, y, True) for x, y in drawn]


def overlay_uri(session: ClickSession) -> str:
    """The image with the object's contour in white and the segmenter's mask in green."""
    pixels = session.instance.image.copy()
    tinted = (0.55 * pixels + 0.45 * np.array(_MASK_COLOUR)).astype(np.uint8)
    pixels[session.mask] = tinted[session.mask]
    scale = max(1, round(max(pixels.shape) / 400))
    for mask, colour in ((session.mask, _MASK_COLOUR), (session.instance.object_mask, _WHITE)):
        lines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        if colour == _WHITE:
            cv2.drawContours(pixels, lines, -1, _BLACK, scale + 2)
        cv2.drawContours(pixels, lines, -1, colour, scale)
    return image_uri(pixels)


def iou_chart(ious: Sequence[float], name: str) -> str:
    """IoU per click as an ``<svg>`` element; ``name`` prefixes its ids."""

    def draw(axes: Axes) -> None:
        clicks = range(1, len(ious) + 1)
        axes.plot(clicks, ious, color=light("base"), marker="o", linewidth=2, clip_on=False)
        axes.axhline(0.9, color=light("muted"), linewidth=1.2, linestyle=":")
        frame(axes, x="clicks", y="IoU; dotted: 0.9")
        axes.set_xlim(0.5, max(5, len(ious)) + 0.5)
        axes.set_xticks([*clicks] if len(ious) > 5 else range(1, 6))
        axes.set_ylim(0, 1.02)

    alt = f"Line chart: IoU after each of {len(ious)} clicks, now {ious[-1]:.3f}."
    return make_svg(draw, name, alt)


def _item(instance: Instance, click_map: np.ndarray) -> GalleryItem:
    nothing = np.zeros(instance.mask.shape, bool)
    before = nothing if instance.previous_mask is None else instance.previous_mask
    return GalleryItem(instance, click_map, Clicker(instance.mask).next(before))


def _figure(
    draw: Callable[[Axes, GalleryItem, float], None], item: GalleryItem, alt: str, caption: str
) -> Figure:
    drawn = picture(lambda axes: draw(axes, item, 1.0), item.instance.mask.shape)
    return Figure(drawn.uri, alt, caption)


def _draw_map(axes: Axes, item: GalleryItem, scale: float, drawn: Sequence[Click]) -> None:
    draw_click_map(axes, item, scale)
    axes.scatter(
        [click.x for click in drawn],
        [click.y for click in drawn],
        s=50 * scale**2,
        marker="o",
        color=light("user"),
        edgecolors="white",
        linewidths=1.2 * scale,
        zorder=4,
    )


def _words(draw: Draw, drawn: Sequence[Click]) -> str:
    if not draw.count:
        return ""
    where = "the whole map" if draw.group == WHOLE_MAP else draw.group.upper()
    return f"{len(drawn)} clicks drawn from {where}." if drawn else "No mass to draw from."
