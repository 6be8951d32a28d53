from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from rclicks_hf.support.gradio_import import without_type_stubs

with without_type_stubs(), suppress(ImportError):
    import gradio  # noqa: F401


@pytest.fixture(scope="session")
def port() -> int:
    """One that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
