"""What a visitor may send: sizes of uploads, and the requests that are refused unread.

Uploads of this app are part of a JSON request and stay in memory. Gradio's own upload route, which
writes files, is closed.
"""

from __future__ import annotations

from typing import Any

MAX_UPLOAD_BYTES = 10 * 2**20
MAX_UPLOAD_PIXELS = 24_000_000  # looked up in the header, before anything is decoded
MAX_SIDE = 800  # pixels; a larger picture is scaled down, which bounds what a session holds
MAX_DRAWN = 200  # clicks drawn from a click map
MAX_SESSIONS = 100  # whose state is kept; the oldest goes first
MAX_WAITING = 40  # requests that wait for their turn; more are told to come back
SESSION_SECONDS = 1800  # for which the state of a closed page is kept
CACHE_SECONDS = 600  # after which a file that Gradio wrote is removed

# An upload in base64, and the rest of its request.
MAX_REQUEST_BYTES = MAX_UPLOAD_BYTES * 4 // 3 + 2**20
_BODILESS = ("GET", "HEAD", "OPTIONS")


class RequestLimits:
    """ASGI middleware: refuses uploads to files, and bodies that are large or of unknown size."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request that is refused; pass the others on."""
        refused = _refusal(scope) if scope["type"] == "http" else None
        if refused is None:
            await self.app(scope, receive, send)
            return
        status, text = refused
        head = [(b"content-type", b"text/plain"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": text.encode()})


def _refusal(scope: Any) -> tuple[int, str] | None:
    """Status and text for a request that is not let in."""
    if scope["method"] in _BODILESS:
        return None
    if scope["path"].rstrip("/").endswith("/upload"):
        return 403, "files are not uploaded here"
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if b"transfer-encoding" in headers or not length.isdigit():
        return 411, "give the length of the request"
    if int(length) > MAX_REQUEST_BYTES:
        return 413, f"larger than {MAX_REQUEST_BYTES} bytes"
    return None
