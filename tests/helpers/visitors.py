"""People who visit the app in headless Chromium, each as if for the first time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CHROMIUM = shutil.which("chromium")
PATIENCE = 60_000  # milliseconds; the first page also simulates its clicks
DESK, PHONE = "desk", "phone"
SCREENS: dict[str, dict[str, Any]] = {
    DESK: {"viewport": {"width": 1100, "height": 900}},
    PHONE: {"viewport": {"width": 400, "height": 800}, "has_touch": True},
}


class Visitors:
    """Whoever comes to a screen takes the page of the one before, but none of its memory.

    A page of its own for everybody would compile the app's scripts anew, which takes seconds.
    `wrong` lists errors of scripts and requests to elsewhere.
    """

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self._pages: dict[str, Any] = {}
        self._address = ""
        self.wrong: list[str] = []

    def visit(self, address: str, route: str = "", screen: str = DESK) -> Any:
        """The page of somebody new, who opens a route of the app."""
        self._address = address
        page = self._pages.get(screen)
        if page is None:
            page = self._pages[screen] = self._browser.new_context(**SCREENS[screen]).new_page()
            page.set_default_timeout(PATIENCE)
            page.on("pageerror", lambda error: self.wrong.append(str(error)))
            page.on("request", self._note)
        else:
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
            page.context.clear_cookies()
        page.goto(f"{address}{route}", wait_until="domcontentloaded")
        return page

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self._address, "data:", "blob:")):
            self.wrong.append(request.url)


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser, while it runs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        # Without the emulation of a GPU, which takes a fifth of the browser's time.
        without = ["--no-sandbox", "--disable-gpu", "--disable-software-rasterizer"]
        started = play.chromium.launch(executable_path=CHROMIUM, args=without)
        yield started
        started.close()
