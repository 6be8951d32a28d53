"""One browser and one port for all tests of the app, so that its scripts are compiled once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from helpers.visitors import CHROMIUM, Visitors, chromium

from rclicks_hf.support.gradio_import import without_type_stubs

with without_type_stubs(), suppress(ImportError):
    import gradio  # noqa: F401


@pytest.fixture(scope="package")
def visitors() -> Iterator[Visitors]:
    if CHROMIUM is None:
        pytest.skip("needs chromium, which is not installed")
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with chromium() as browser:
        yield Visitors(browser)


@pytest.fixture(scope="package")
def port() -> int:
    """One that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
