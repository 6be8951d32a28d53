"""The Explorer's actions, without a browser."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rclicks_hf.click_models import load_click_model
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics.click_counts import MAX_CLICKS
from rclicks_hf.segmenters import load_segmenter
from rclicks_hf.space.explorer_events import OWN_PICTURE, ExplorerEvents, Visit
from rclicks_hf.space.instance_catalogues import embedded_catalogues
from rclicks_hf.space.limits import MAX_SIDE

PHOTOGRAPHS = "Photographs (simulated)"
STEM = "coffee_______1"


@pytest.fixture(scope="module")
def events() -> ExplorerEvents:
    models = {name: load_click_model(name) for name in ("ud", "dt")}
    return ExplorerEvents(embedded_catalogues(), models, {"geocut": load_segmenter("geocut")})


@pytest.fixture
def visit(events: ExplorerEvents) -> Visit:
    return events.open(PHOTOGRAPHS, STEM, "geocut")


def sent(pixels: np.ndarray, kind: str = "PNG") -> dict[str, Any]:
    """Pixels as the browser sends a file of them."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    code = base64.b64encode(buffer.getvalue()).decode()
    return {"data": f"data:image/{kind.lower()};base64,{code}"}


def square(height: int = 60, width: int = 80) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : -height // 4, width // 4 : -width // 4] = 255
    return mask


def test_a_bundled_instance_shows_its_simulated_clicks(
    events: ExplorerEvents, visit: Visit
) -> None:
    assert "simulated clicks" in events.about(visit)
    both = events.clicks_html(visit, ["pc", "mobile"])
    assert "48 simulated clicks (24 pc, 24 mobile)" in both
    assert "(24 pc, 0 mobile)" in events.clicks_html(visit, ["pc"])
    assert both.count("<img") == 2
    assert 'alt=""' not in both


def test_later_rounds_have_a_previous_mask(events: ExplorerEvents) -> None:
    stems = events.stems(PHOTOGRAPHS, "subsequent")
    assert f"{STEM}_synthetic_fn" in stems
    later = events.open(PHOTOGRAPHS, f"{STEM}_synthetic_fn", "geocut")
    assert later.instance.previous_mask is not None
    assert "a missed region" in events.about(later)


def test_click_maps_with_draws_of_a_group(events: ExplorerEvents, visit: Visit) -> None:
    page = events.maps_html(visit, "g10", 7, 1)
    assert page.count("<figure>") == 2
    assert page.count("7 clicks drawn from G10.") == 4  # alternative text and caption of each
    assert page == events.maps_html(visit, "g10", 7, 1)
    assert page != events.maps_html(visit, "g10", 7, 2)
    assert "drawn" not in events.maps_html(visit, "all", 0, 1)


def test_clicks_raise_the_iou_and_can_be_taken_back(events: ExplorerEvents, visit: Visit) -> None:
    one = events.click_as_baseline(visit)
    two = events.click_as_baseline(one)
    assert one.session.clicks[0].is_positive
    assert one.session.ious[0] > 0.3
    assert visit.session.clicks == ()  # the value that was passed is as before
    back = events.undo(two)
    assert back.session.clicks == one.session.clicks
    np.testing.assert_array_equal(back.session.mask, one.session.mask)
    assert f"{one.session.ious[0]:.3f}" in events.steps_html(one)
    assert events.surface_html(two).count('<g class="mark') == 2
    assert events.restart(two, "geocut").session.clicks == ()


def test_clicks_match_the_benchmark(events: ExplorerEvents, visit: Visit) -> None:
    """The same masks, clicks and IoUs as the benchmark's baseline run."""
    from rclicks_hf.benchmark import PROTOCOLS
    from rclicks_hf.notebook import run_benchmark

    results = run_benchmark(
        [visit.instance],
        segmenter="geocut",
        click_model="ud",
        runs="base",
        protocol=replace(PROTOCOLS["rclicks-1"], max_clicks=3),
        progress=False,
    )
    [row] = results.to_pandas().to_dict("records")
    assert len(row["x"]) == 3
    for _ in row["x"]:
        visit = events.click_as_baseline(visit)
    assert [click.x for click in visit.session.clicks] == list(row["x"])
    assert [click.y for click in visit.session.clicks] == list(row["y"])
    np.testing.assert_allclose(visit.session.ious, row["iou"], atol=1e-6)


def test_an_own_picture_needs_an_object_before_the_baseline(events: ExplorerEvents) -> None:
    image = np.zeros((60, 80, 3), np.uint8)
    image[square() > 0] = (200, 30, 30)
    own = events.open_own(sent(image), "geocut")
    assert own.instance.full_stem == OWN_PICTURE
    assert "No object yet" in events.clicks_html(own, [])
    with pytest.raises(RclicksError, match="needs an object"):
        events.click_as_baseline(own)
    clicked = events.click(own, 40, 30, True)
    assert clicked.session.ious == ()
    assert "–" in events.steps_html(clicked)
    made = events.take_prediction(clicked)
    assert made.instance.object_mask[30, 40]
    masked = events.take_mask(clicked, sent(square()))
    np.testing.assert_array_equal(masked.instance.object_mask, square() > 0)
    assert masked.session.clicks == ()
    assert events.click_as_baseline(masked).session.ious[0] > 0.9


def test_a_large_picture_is_scaled_down_with_its_mask(events: ExplorerEvents) -> None:
    own = events.open_own(sent(np.zeros((600, 1600, 3), np.uint8), "JPEG"), "geocut")
    assert own.instance.image.shape == (300, MAX_SIDE, 3)
    assert "scaled down from 1600 × 600" in events.about(own)
    masked = events.take_mask(own, sent(square(600, 1600)))
    assert masked.instance.mask.shape == (300, 800)
    painted = events.take_mask(own, sent(square(300, 800)))
    np.testing.assert_array_equal(painted.instance.mask, masked.instance.mask)


def test_a_bundled_object_can_be_replaced(events: ExplorerEvents, visit: Visit) -> None:
    own = events.take_mask(visit, sent(square(*visit.instance.mask.shape)))
    assert own.instance.full_stem == OWN_PICTURE
    assert not own.instance.is_simulated
    assert len(own.instance.clicks) == 0


def test_what_a_visitor_may_not_send(events: ExplorerEvents, visit: Visit) -> None:
    wrong: list[tuple[Any, str]] = [
        (lambda: events.open("/etc", STEM, "geocut"), "no such catalogue"),
        (lambda: events.open(PHOTOGRAPHS, "../../etc/passwd", "geocut"), "no such instance"),
        (lambda: events.open(PHOTOGRAPHS, STEM, "os:system"), "no such segmenter"),
        (lambda: events.click(visit, float("nan"), 0, True), "x: is not a number"),
        (lambda: events.click(visit, 0, "0", True), "y: is not a number"),
        (lambda: events.click(visit, -1, 0, True), "x: must be from 0 to 511"),
        (lambda: events.click(visit, 0, 341, True), "y: must be from 0 to 340"),
        (lambda: events.maps_html(visit, "g11", 1, 0), "no such clicking group"),
        (lambda: events.maps_html(visit, "g1", 1e9, 0), "number of clicks: must be"),
        (lambda: events.maps_html(visit, "g1", 1, -1), "seed: must be"),
        (lambda: events.click(None, 0, 0, True), "no picture is open"),
        (lambda: events.take_prediction(visit), "found nothing yet"),
        (lambda: events.take_mask(visit, sent(square())), "the picture 512 × 341 pixels"),
    ]
    for act, message in wrong:
        with pytest.raises(RclicksError, match=re.escape(message)):
            act()


def test_the_number_of_clicks_is_bounded(events: ExplorerEvents, visit: Visit) -> None:
    for k in range(MAX_CLICKS):
        visit = events.click(visit, 511, k, True)
    with pytest.raises(RclicksError, match="start again"):
        events.click(visit, 0, 0, True)
