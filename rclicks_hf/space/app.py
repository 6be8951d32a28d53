"""The app: one Gradio page per row of `PAGES`, under one header."""

from __future__ import annotations

import os
import pkgutil
from dataclasses import dataclass

from rclicks_hf.errors import RclicksError
from rclicks_hf.space.settings import SpaceSettings
from rclicks_hf.support.gradio_import import without_type_stubs

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported

try:
    with without_type_stubs():
        import gradio as gr
except ModuleNotFoundError as missing:
    raise RclicksError(
        'gradio: is not installed; run `pip install "rclicks-hf[space]"`'
    ) from missing

from rclicks_hf.space.limits import CACHE_SECONDS, MAX_WAITING

_TITLE = "RClicks"


@dataclass(frozen=True)
class Page:
    """One page of the app."""

    name: str  # what the navigation calls it
    route: str  # its path; "" for the first page
    title: str
    # ``"module:function"``; called with the settings inside the page's Blocks, it adds components
    # and events
    builder: str


_ROOM = "rclicks_hf.space"

PAGES: tuple[Page, ...] = (
    Page("Explorer", "", "Where do people click?", f"{_ROOM}.explorer:explorer_page"),
    Page(
        "Leaderboard",
        "leaderboard",
        "How many clicks does a method really need?",
        f"{_ROOM}.leaderboard:leaderboard_page",
    ),
    Page("Collect", "collect", "Record your own clicks", f"{_ROOM}.collect:collect_page"),
)


def make_app(settings: SpaceSettings | None = None) -> gr.Blocks:
    """Build the app; `serve` starts it.

    Args:
        settings: What it shows; None for the defaults, which need no files and no network.

    Returns:
        The app, with one route per page.

    Raises:
        RclicksError: If something that the settings name does not exist or cannot be loaded.

    Example:
        >>> sorted(route for route, *_ in make_app().pages)
        ['', 'collect', 'leaderboard']
    """
    settings = settings or SpaceSettings()
    first, *others = PAGES
    with gr.Blocks(
        title=_TITLE, analytics_enabled=False, delete_cache=(CACHE_SECONDS, CACHE_SECONDS)
    ) as app:
        gr.Navbar(main_page_name=first.name)
        _fill(first, settings)
    for page in others:
        with app.route(page.name, f"/{page.route}"):
            gr.Navbar(main_page_name=first.name)
            _fill(page, settings)
    return app.queue(max_size=MAX_WAITING, api_open=False)


def _fill(page: Page, settings: SpaceSettings) -> None:
    gr.Markdown(f"# {page.title}", elem_classes="page-title")
    pkgutil.resolve_name(page.builder)(settings)
