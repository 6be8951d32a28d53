"""Leaderboard and Collect in headless Chromium: sort, filter, click, reload, resume."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.invented_results import write_results
from helpers.study_folder import SIZE, write_study
from helpers.visitors import DESK, PATIENCE, PHONE, SCREENS, Visitors

from rclicks_hf.space.collect.clicks import ClickJournal, annotator_of, parse_code

PICTURES = 3
CODE_IS_FILLED_IN = "document.querySelector('#collect-code :is(textarea, input)')?.value"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("study"), PICTURES)


class Server:
    """The app with the two pages; it can be started again on its port."""

    def __init__(self, port: int, study: Path, results: tuple[str, ...]) -> None:
        self.port = port
        self.settings = {"collect": study, "results": results}
        self.app: Any = None
        self.address = ""

    def start(self) -> None:
        from rclicks_hf.space import SpaceSettings, serve
        from rclicks_hf.space import app as shell

        with pytest.MonkeyPatch.context() as patch:  # the Explorer takes seconds to build
            two = tuple(page for page in shell.PAGES if page.name != "Explorer")
            patch.setattr(shell, "PAGES", two)
            self.app = shell.make_app(SpaceSettings(**self.settings))
        self.address = serve(self.app, host="127.0.0.1", port=self.port, block=False)

    def restart(self) -> None:
        self.app.close(verbose=False)
        self.start()


@pytest.fixture(scope="module")
def server(study: Path, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("results")
    folders = [
        write_results(root / "sam", "sam_vit_b_01ec64", skill=0.9, published=True),
        write_results(root / "ritm", "sbd_h18_itermask", skill=0.7, published=True),
        write_results(root / "own", "<b>mine</b>", skill=0.8),
    ]
    made = Server(port, study, tuple(map(str, folders)))
    made.start()
    yield made
    made.app.close(verbose=False)


@pytest.fixture
def visit(visitors: Visitors, server: Server) -> Iterator[Any]:
    """A function that opens a page as a new visitor; script errors fail the test."""

    def open_page(name: str, screen: str = DESK) -> Any:
        return visitors.visit(server.address, "collect" if name == "Collect" else "", screen)

    yield open_page
    assert visitors.wrong == []


def names(page: Any) -> list[str]:
    rows = page.locator("#board-table tbody tr th").all_inner_texts()
    return [row.split("\n")[0].removesuffix(" paper").removesuffix(" own run") for row in rows]


def test_sort_filter_and_download(visit: Any) -> None:
    page = visit("Leaderboard")
    page.wait_for_selector("#board-table tbody tr")
    assert names(page) == ["SAM ViT-B", "<b>mine</b>", "RITM HR18-IT, SBD"]
    assert page.locator("#board-charts svg:visible").count() == 2
    head = page.locator("#board-table thead button", has_text="Sample NoC")
    head.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert names(page) == ["RITM HR18-IT, SBD", "<b>mine</b>", "SAM ViT-B"]
    assert page.locator("th[aria-sort=descending]").count() == 1

    page.locator("#board-training").get_by_label("SA-1B").uncheck()
    page.wait_for_function("document.querySelectorAll('#board-table tbody tr').length == 2")
    assert names(page) == ["RITM HR18-IT, SBD", "<b>mine</b>"]  # still sorted
    page.wait_for_function(
        "!document.querySelector('#board-charts').textContent.includes('SAM ViT-B')"
    )
    with page.expect_download() as download:
        page.get_by_text("Download this table").click()
    text = Path(download.value.path()).read_text("utf-8")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [line["segmenter"] for line in lines] == ["<b>mine</b>", "sbd_h18_itermask"]

    page.set_viewport_size(SCREENS[PHONE]["viewport"])
    assert page.locator("#board-dataset input").evaluate(
        "field => (field.value = 'Photographs (simulated)', field.scrollWidth <= field.clientWidth)"
    ), "a dataset's name is cut off"
    page.set_viewport_size(SCREENS[DESK]["viewport"])


def begin(page: Any) -> None:
    page.get_by_label("I have read this and agree").check()
    page.get_by_role("button", name="Start").click()
    page.wait_for_selector(".collect-frame img")


def next_picture(page: Any, token: str) -> None:
    page.wait_for_function(
        "token => document.querySelector('.collect-frame')?.dataset.token != token", arg=token
    )


def token_of(page: Any) -> str:
    return str(page.locator(".collect-frame").get_attribute("data-token"))


def position(page: Any, x: int, y: int) -> dict[str, float]:
    """Where on the scaled picture the middle of its pixel is."""
    box = page.locator(".collect-frame img").bounding_box()
    return {"x": (x + 0.5) / SIZE[1] * box["width"], "y": (y + 0.5) / SIZE[0] * box["height"]}


def code_of(page: Any) -> str:
    page.get_by_role("button", name="Pause").click()
    code = page.locator("#collect-rest code").inner_text()
    return parse_code(code) or ""


def test_clicks_survive_reload_and_restart(visit: Any, server: Server, study: Path) -> None:
    page = visit("Collect")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Tick the box first").wait_for()
    page.locator(".toast-close").click()  # for ten seconds it would cover the button Pause
    assert page.locator(".collect-frame").count() == 0
    begin(page)
    token = token_of(page)
    assert page.locator(".collect-frame img").bounding_box()["width"] != SIZE[1]
    page.locator(".collect-frame img").click(position=position(page, 41, 17))
    next_picture(page, token)
    code = code_of(page)
    journal = ClickJournal(study)
    [click] = journal.of(code)
    assert (click.x, click.y, click.w, click.h) == (41, 17, SIZE[1], SIZE[0])
    assert (click.pointer, click.dataset) == ("mouse", "own")
    assert 0 < click.response_ms < PATIENCE

    page.reload()
    page.wait_for_function(CODE_IS_FILLED_IN)
    server.restart()
    page.reload()
    page.wait_for_function(CODE_IS_FILLED_IN)
    page.get_by_label("I have read this and agree").check()
    page.get_by_role("button", name="Continue").first.click()
    frame = page.locator(".collect-frame")
    frame.wait_for()
    assert page.locator("#collect-progress").inner_text().startswith("2 of 3")
    frame.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    token = token_of(page)
    page.keyboard.press("Enter")
    next_picture(page, token)
    page.wait_for_function("document.activeElement.matches('.collect-frame')")
    second = journal.of(code)[1]
    assert (second.x, second.y, second.pointer) == (33, 23, "keyboard")
    page.locator(".collect-frame img").click(position=position(page, 63, 47))
    page.get_by_text("That was the last one").wait_for()
    with page.expect_download() as download:
        page.get_by_text("Download your clicks").click()
    lines = list(csv.DictReader(Path(download.value.path()).read_text("utf-8").splitlines()))
    assert [line["annotator"] for line in lines] == [annotator_of(code)] * PICTURES
    assert {(line["x"], line["y"]) for line in lines} == {("41", "17"), ("33", "23"), ("63", "47")}


def test_a_phone_and_a_desk_at_once(visit: Any, study: Path) -> None:
    phone, desk = visit("Collect", PHONE), visit("Collect")
    for page in (phone, desk):
        begin(page)
    assert (
        phone.evaluate("document.documentElement.scrollWidth")
        <= SCREENS[PHONE]["viewport"]["width"]
    )
    for number in range(2):
        tokens = token_of(phone), token_of(desk)
        where = position(phone, 5 + number, 40)
        phone.locator(".collect-frame img").tap(position=where)
        desk.locator(".collect-frame img").click(position=position(desk, 50, 3 + number))
        for page, token in zip((phone, desk), tokens, strict=True):
            next_picture(page, token)
    journal = ClickJournal(study)
    on_phone, at_desk = (journal.of(code_of(page)) for page in (phone, desk))
    assert [(one.x, one.y, one.pointer) for one in on_phone] == [(5, 40, "touch"), (6, 40, "touch")]
    assert [(one.x, one.y, one.pointer) for one in at_desk] == [(50, 3, "mouse"), (50, 4, "mouse")]


def test_a_stranger_cannot_go_on_for_somebody(visit: Any) -> None:
    page = visit("Collect")
    page.get_by_label("I have read this and agree").check()
    for text, answer in (
        ("what", "This is not a code"),
        ("ABCD-EFGH-JKMN", "No clicks are recorded"),
    ):
        page.get_by_label("your code").fill(text)
        page.keyboard.press("Enter")
        page.get_by_text(answer).wait_for()
    assert page.locator(".collect-frame").count() == 0
