"""Pictures of instances: any size, any number of clicks, and what is where in them."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from PIL import Image

from rclicks_hf.data.instances import Click, Clicks
from rclicks_hf.report import GalleryItem
from rclicks_hf.report.pictures.gallery import PANELS, Panel, count_clicks, panel_picture
from rclicks_hf.report.pictures.palette import light
from rclicks_hf.report.pictures.photograph import ASPECT_LIMITS, PANEL_PIXELS

MakeItem = Callable[..., GalleryItem]
SIZES = [(60, 80), (80, 60), (300, 7), (5, 200), (1, 1), (2, 1), (700, 900)]


def _pixels(panel: Panel, item: GalleryItem) -> np.ndarray:
    picture = panel_picture(panel, item)
    image = Image.open(io.BytesIO(base64.b64decode(picture.uri.partition(",")[2])))
    assert image.size == (picture.width, picture.height)
    return np.asarray(image.convert("RGB")).astype(int)


def _is_near(pixels: np.ndarray, colour: str, tolerance: int = 40) -> np.ndarray:
    rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return np.asarray(np.abs(pixels - rgb).max(axis=-1) <= tolerance)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_any_size_gives_a_picture_of_one_scale(make_item: MakeItem, panel: Panel) -> None:
    rounds = (False, True) if panel.title == "Object" else (False,)  # others draw both alike
    for size, later in product(SIZES, rounds):
        pixels = _pixels(panel, make_item(*size, later=later))
        height, width = pixels.shape[:2]
        assert max(height, width) in (PANEL_PIXELS - 1, PANEL_PIXELS), (size, later)
        assert ASPECT_LIMITS[0] * 0.98 <= width / height <= ASPECT_LIMITS[1] * 1.02, (size, later)
        assert pixels.std() > 1, (size, later)


def test_pure_noise_of_the_pictures_own_size_is_written(make_item: MakeItem) -> None:
    # The hardest case for the JPEG encoder: nothing to compress, no pixel averaged away.
    assert _pixels(PANELS[0], make_item(480, 640, clicks=0)).shape == (480, 640, 3)


def _plain(item: GalleryItem) -> GalleryItem:
    """The item on a black photograph, without clicks."""
    black = np.zeros_like(item.instance.image)
    return replace(item, instance=replace(item.instance, image=black, clicks=Clicks.empty()))


def test_clicks_stand_where_they_were_made_in_the_colour_of_their_device(
    make_item: MakeItem,
) -> None:
    item = _plain(make_item(60, 80))
    clicks = Clicks(np.array([10, 70]), np.array([50, 50]), np.array(["pc", "mobile"]))
    item = replace(item, instance=replace(item.instance, clicks=clicks))
    pixels = _pixels(PANELS[1], item)
    for device, x in (("pc", 10), ("mobile", 70)):
        ys, xs = np.nonzero(_is_near(pixels, light(device)))
        assert len(xs) > 20
        assert abs(xs.mean() / 8 - (x + 0.5)) < 0.5
        assert abs(ys.mean() / 8 - 50.5) < 0.5


@pytest.mark.parametrize("panel", PANELS[1:], ids=lambda panel: panel.title)
def test_the_baseline_click_stands_where_it_was_made(make_item: MakeItem, panel: Panel) -> None:
    item = replace(_plain(make_item(60, 80)), baseline_click=Click(20, 45, True))
    item = replace(item, click_map=np.zeros((60, 80)))
    ys, xs = np.nonzero(_is_near(_pixels(panel, item), light("base")))
    assert abs(xs.mean() / 8 - 20.5) < 0.5
    assert abs(ys.mean() / 8 - 45.5) < 0.5


def test_heat_is_bright_at_the_maps_maximum_and_absent_where_it_is_zero(
    make_item: MakeItem,
) -> None:
    item = replace(_plain(make_item(60, 80)), baseline_click=Click(79, 59, True))
    click_map = np.zeros((60, 80))
    click_map[28:33, 48:53] = 1e-6
    pixels = _pixels(PANELS[2], replace(item, click_map=click_map))
    assert pixels[30 * 8 + 4, 50 * 8 + 4].sum() > 400
    assert pixels[10 * 8, 10 * 8].sum() < 60


@pytest.mark.parametrize("fill", [0.0, np.nan])
def test_a_map_without_mass_shows_no_heat(make_item: MakeItem, fill: float) -> None:
    item = _plain(make_item(60, 80))
    flat = _pixels(PANELS[2], replace(item, click_map=np.full((60, 80), fill)))
    assert flat[10 * 8, 10 * 8].sum() < 60


def test_the_contour_surrounds_the_object_also_at_the_border(make_item: MakeItem) -> None:
    item = _plain(make_item(60, 80))
    white = _is_near(_pixels(PANELS[0], item), "#ffffff", 60)
    top, left = 60 // 4, 80 // 3
    side = white[top * 8 + 8 : top * 8 + 200, left * 8 - 4 : left * 8 + 4]
    assert np.all(side.any(axis=1))
    assert white[top * 8 : top * 8 + 200, -3:].any()
    assert not white[: top * 8 - 16].any()


def test_an_object_that_fills_the_image_and_one_that_is_absent(make_item: MakeItem) -> None:
    item = make_item(20, 30)
    for value in (0, 1, -1):
        mask = np.full((20, 30), value, np.int8)
        full = replace(item, instance=replace(item.instance, mask=mask))
        assert _pixels(PANELS[0], full).shape[1] == PANEL_PIXELS


def test_a_later_round_tints_the_region_to_click_in(make_item: MakeItem) -> None:
    first, later = (_pixels(PANELS[0], _plain(make_item(60, 80, later=k))) for k in (False, True))
    changed = np.abs(first - later).max(axis=-1) > 60
    error = make_item(60, 80, later=True).instance.error_mask
    middle = tuple(int(8 * axis.mean()) for axis in np.nonzero(error))
    assert changed[middle]
    assert not changed[:80].any()


def test_clicks_are_counted_in_words(make_item: MakeItem) -> None:
    assert count_clicks(make_item(clicks=0)) == "0 simulated clicks (0 pc, 0 mobile)"
    assert count_clicks(make_item(clicks=1, simulated=False)) == "1 click (0 pc, 1 mobile)"


def test_a_click_map_of_another_size_is_refused(make_item: MakeItem) -> None:
    item = make_item(20, 30)
    with pytest.raises(ValueError, match=r"\(20, 30\), got shape \(30, 20\)"):
        GalleryItem(item.instance, item.click_map.T, item.baseline_click)
