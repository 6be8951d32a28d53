"""One browser for all pages, so that the app's scripts are compiled once.

Its event loop runs as long as this folder's tests do, so that they are in a folder of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from helpers.visitors import CHROMIUM, Visitors, chromium


@pytest.fixture(scope="package")
def visitors() -> Iterator[Visitors]:
    if CHROMIUM is None:
        pytest.skip("needs chromium, which is not installed")
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with chromium() as browser:
        yield Visitors(browser)
