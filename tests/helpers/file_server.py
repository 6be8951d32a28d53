"""A web server on the loopback: ranges, connections that break off, pages in place of files."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves ``content`` by the last part of the path, and remembers what was asked."""

    def __init__(self, content: dict[str, bytes]) -> None:
        self.content = dict(content)
        self.asked: list[tuple[str, str | None]] = []
        self.break_after: list[int] = []  # bytes after which the next answers break off
        self.ranges = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.rpartition("/")[2]
        wanted = handler.headers.get("Range")
        self.asked.append((name, wanted))
        if name not in self.content:
            handler.send_error(404)
            return
        data = self.content[name]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if start >= len(data) > 0:
            handler.send_error(416)
            return
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(data) - start))
        handler.end_headers()
        end = start + self.break_after.pop(0) if self.break_after else len(data)
        handler.wfile.write(data[start:end])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
