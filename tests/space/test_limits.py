"""Requests that are refused unread."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rclicks_hf.space.limits import MAX_REQUEST_BYTES, RequestLimits


def status(method: str, path: str, **headers: str) -> int:
    """Status of a request; 200 where the app behind gets it."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        raise AssertionError("a refused request is not read")

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": pairs}
    asyncio.run(RequestLimits(app)(scope, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("expected", "method", "path", "headers"),
    [
        (200, "GET", "/", {}),
        (200, "POST", "/gradio_api/queue/join", {"content_length": str(MAX_REQUEST_BYTES)}),
        (413, "POST", "/gradio_api/queue/join", {"content_length": str(MAX_REQUEST_BYTES + 1)}),
        (411, "POST", "/gradio_api/queue/join", {"transfer_encoding": "chunked"}),
        (411, "POST", "/gradio_api/queue/join", {"content_length": "-1"}),
        (403, "POST", "/gradio_api/upload", {"content_length": "1"}),
        (403, "POST", "/gradio_api/upload/", {}),
        (403, "PUT", "/upload", {}),
    ],
)
def test_requests(expected: int, method: str, path: str, headers: dict[str, str]) -> None:
    assert status(method, path, **headers) == expected
