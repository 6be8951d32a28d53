"""Which part of an image the network sees, by hand-made boxes."""

from __future__ import annotations

from rclicks_hf.data import Click
from rclicks_hf.segmenters.click_map.settings import SETTINGS
from rclicks_hf.segmenters.click_map.zoom import LARGEST_WHOLE, View, ZoomBox, choose_view

RITM, GPCIS = SETTINGS["rclicks_ritm"], SETTINGS["rclicks_gpcis"]
SHAPE, WHOLE = (600, 800), ZoomBox(0, 599, 0, 799)
ONE, TWO = [Click(300, 300, True)], [Click(300, 300, True), Click(700, 500, False)]


def test_the_first_click_sees_the_whole_image_at_its_size() -> None:
    assert choose_view(RITM.on("grabcut"), SHAPE, ONE, None, None) == View(
        WHOLE, SHAPE, WHOLE, None
    )
    assert choose_view(GPCIS.on("grabcut"), SHAPE, ONE, None, None).size == (384, 384)


def test_on_tetris_the_first_click_sees_it_at_a_crop_s_size() -> None:
    view = choose_view(RITM.on("tetris"), SHAPE, ONE, None, None)
    assert view == View(WHOLE, (300, 400), WHOLE, WHOLE)


def test_on_davis_crops_are_larger() -> None:
    seen = ZoomBox(100, 499, 100, 299)
    view = choose_view(RITM.on("davis"), SHAPE, TWO, seen, None)
    assert view.crop == view.target == view.box == ZoomBox(20, 580, 59, 341)  # halves to even
    assert view.size == (600, round(600 / 561 * 283))


def test_a_box_has_a_least_size_and_ends_at_the_image() -> None:
    view = choose_view(RITM.on(""), SHAPE, TWO[:1] * 2, ZoomBox(5, 9, 300, 300), None)
    assert view.crop == ZoomBox(0, 360, 200, 400)  # down to the click on row 300


def test_ritm_keeps_a_box_that_still_fits() -> None:
    settings, old = RITM.on(""), ZoomBox(100, 450, 100, 450)
    assert choose_view(settings, SHAPE, TWO, ZoomBox(150, 400, 150, 400), old).box == old
    small = choose_view(settings, SHAPE, TWO, ZoomBox(290, 310, 290, 310), old).box
    assert small == ZoomBox(200, 400, 200, 400)  # it overlaps the old one by less than half
    outside = [Click(600, 300, True)]
    assert (
        choose_view(settings, SHAPE, [*TWO, *outside], ZoomBox(150, 400, 150, 400), old).box != old
    )
    last_row = [Click(300, 450, True)]  # belongs to the box, but counts as outside
    assert (
        choose_view(settings, SHAPE, [*TWO, *last_row], ZoomBox(150, 400, 150, 400), old).box != old
    )


def test_gpcis_takes_a_box_at_every_click() -> None:
    old, seen = ZoomBox(100, 450, 100, 450), ZoomBox(150, 400, 150, 400)
    assert choose_view(GPCIS.on(""), SHAPE, TWO, seen, old).box == ZoomBox(99, 451, 99, 451)


def test_where_a_prediction_has_vanished() -> None:
    settings, old = RITM.on(""), ZoomBox(100, 450, 100, 450)
    assert choose_view(settings, SHAPE, TWO, None, old) == View(WHOLE, SHAPE, WHOLE, None)
    quirk = settings.changed({"paste_in_old_box": True})
    assert choose_view(quirk, SHAPE, TWO, None, old) == View(WHOLE, SHAPE, old, old)
    assert choose_view(quirk, SHAPE, TWO, None, None) == View(WHOLE, SHAPE, WHOLE, None)


def test_a_large_image_is_scaled_down() -> None:
    assert choose_view(RITM.on(""), (8000, 4000), ONE, None, None).size == (LARGEST_WHOLE, 1024)
    assert choose_view(RITM.on(""), (8000, 1), ONE, None, None).size == (LARGEST_WHOLE, 1)
