"""The app in headless Chromium, as visitors have it: no network, a phone's width, dark mode."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.visitors import PHONE, SCREENS, Visitors
from PIL import Image

from rclicks_hf.space.limits import MAX_UPLOAD_BYTES

ROWS = "document.querySelectorAll('#steps tbody tr').length"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Gradio would write what it is sent."""
    return tmp_path_factory.mktemp("gradio")


@pytest.fixture(scope="module")
def address(cache: Path, port: int) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(cache))
        from rclicks_hf.space import make_app, serve

        app = make_app()
        yield serve(app, host="127.0.0.1", port=port, block=False)
        app.close(verbose=False)


@pytest.fixture(scope="module")
def visitor(visitors: Visitors, address: str) -> Iterator[Any]:
    page = visitors.visit(address)
    page.wait_for_selector("#maps figure img")
    yield page
    assert visitors.wrong == []


def png(height: int, width: int) -> dict[str, Any]:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[height // 4 : -height // 4, width // 4 : -width // 4] = (200, 40, 40)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return {"name": "a.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


def about(page: Any, words: str) -> None:
    page.wait_for_function(
        "words => document.querySelector('#about').innerText.includes(words)", arg=words
    )


def test_load_click_and_undo(visitor: Any) -> None:
    assert "simulated" in visitor.locator("#about").inner_text()
    before = visitor.locator("svg.surface image").get_attribute("href")
    visitor.get_by_role("button", name="Next click by the baseline clicker").click()
    visitor.wait_for_function(f"{ROWS} == 1")
    assert visitor.locator("svg.surface image").get_attribute("href") != before
    assert visitor.locator("svg.surface .mark.positive").count() == 1
    assert visitor.locator("#steps .chart svg").count() == 1

    visitor.get_by_label("negative (background)").check()
    box = visitor.locator("svg.surface").bounding_box()
    visitor.locator("svg.surface").click(position={"x": box["width"] / 4, "y": box["height"] / 2})
    visitor.wait_for_function(f"{ROWS} == 2")
    words = visitor.locator("#steps tbody tr").last.locator("td").all_inner_texts()
    width, height = (
        visitor.locator("svg.surface").evaluate(f"svg => svg.viewBox.baseVal.{side}")
        for side in ("width", "height")
    )
    assert abs(int(words[1]) - width / 4) <= 2
    assert abs(int(words[2]) - height / 2) <= 2
    assert words[3] == "negative"
    visitor.get_by_role("button", name="Undo").click()
    visitor.wait_for_function(f"{ROWS} == 1")


def test_the_keyboard_is_enough(visitor: Any) -> None:
    visitor.get_by_role("button", name="Start again").press("Enter")
    visitor.wait_for_function(f"{ROWS} == 0")
    surface = visitor.locator("svg.surface")
    surface.focus()
    visitor.keyboard.press("ArrowLeft")
    visitor.keyboard.press("Shift+ArrowDown")
    visitor.keyboard.press("Enter")
    visitor.wait_for_function(f"{ROWS} == 1")
    cells = visitor.locator("#steps tbody td").all_inner_texts()
    assert cells[1:3] == ["254", "276"]
    visitor.wait_for_function("document.activeElement.matches('svg.surface')")
    visitor.get_by_label("x", exact=True).fill("10")
    visitor.get_by_label("y", exact=True).fill("20")
    visitor.get_by_role("button", name="Click at x, y").press("Enter")
    visitor.wait_for_function(f"{ROWS} == 2")
    assert visitor.locator("#steps tbody td").all_inner_texts()[6:8] == ["10", "20"]


def test_own_pictures_stay_with_their_visitor_and_in_memory(
    visitor: Any, visitors: Visitors, address: str, cache: Path, tmp_path: Path
) -> None:
    visitor.get_by_text("Your own picture or object").click()
    choice = visitor.locator("input[type=file]")
    choice.nth(0).set_input_files(png(200, 300))
    about(visitor, "your picture · 300 × 200 pixels")
    visitor.wait_for_function("document.querySelector('#maps').innerText.includes('No object')")

    canvas = visitor.locator("#brush canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    visitor.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    visitor.mouse.down()
    visitor.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    visitor.mouse.up()
    visitor.get_by_role("button", name="Use as object").click()
    visitor.wait_for_selector("#maps figure img")
    visitor.get_by_role("button", name="Next click by the baseline clicker").click()
    visitor.wait_for_function(f"{ROWS} == 1")

    other_visitor = visitors.visit(address, screen=PHONE)
    other_visitor.wait_for_selector("#maps figure img")
    other_visitor.get_by_role("button", name="Next click by the baseline clicker").click()
    other_visitor.wait_for_function(f"{ROWS} == 1")
    assert "your picture" not in other_visitor.locator("#about").inner_text()
    assert other_visitor.locator("svg.surface").get_attribute("viewBox") == "0 0 512 512"
    assert visitor.locator("svg.surface").get_attribute("viewBox") == "0 0 300 200"

    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(MAX_UPLOAD_BYTES + 1)
    choice.nth(0).set_input_files(large)
    visitor.get_by_text("picture: is larger than 10 MB; give a smaller file").wait_for()
    assert "300 × 200" in visitor.locator("#about").inner_text()
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_every_page_fits_a_phone_in_dark_mode(visitors: Visitors, address: str) -> None:
    from rclicks_hf.space.app import PAGES

    width = SCREENS[PHONE]["viewport"]["width"]
    for one in PAGES:
        page = visitors.visit(address, f"{one.route}?__theme=dark", PHONE)
        page.get_by_role("heading", name=one.title).wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, one.name
        assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--ink')") == (
            "#e7eaee"
        )
    assert visitors.wrong == []


def test_what_the_server_does_not_give_or_take(address: str) -> None:
    asked: list[tuple[str, bytes | None, set[int]]] = [
        ("gradio_api/file=/etc/passwd", None, {403, 404}),
        (f"gradio_api/file={Path(__file__)}", None, {403, 404}),
        ("gradio_api/file=pyproject.toml", None, {403, 404}),
        ("gradio_api/upload", b"x", {403}),
        ("monitoring", None, {403, 404}),
    ]
    for path, body, expected in asked:
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(f"{address}{path}", body)
        assert error.value.code in expected, path
