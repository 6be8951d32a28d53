"""Starting the app on an address, with what it may read and receive."""

from __future__ import annotations

import errno
import socket
import time

import gradio as gr
from starlette.middleware import Middleware

from rclicks_hf.errors import RclicksError
from rclicks_hf.space.appearance import stylesheet
from rclicks_hf.space.limits import MAX_SESSIONS, MAX_UPLOAD_BYTES, RequestLimits

# Of the system: with Gradio's own fonts, bold headings mixed letters of two fonts in Chromium.
SYSTEM_FONTS = (
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "Helvetica",
    "Arial",
    "sans-serif",
)
SYSTEM_MONO = ("ui-monospace", "Consolas", "monospace")


def serve(
    app: gr.Blocks, *, host: str | None = None, port: int | None = None, block: bool = True
) -> str:
    """Start the app.

    Args:
        app: What `make_app` returned.
        host: Address to bind; None for Gradio's own choice, which is this computer only except on
            a Hub Space.
        port: Port; None for a free one from 7860.
        block: Serve until Ctrl-C; False returns at once and serves until the process ends.

    Returns:
        The local address.

    Raises:
        RclicksError: If the port is taken, or the host is not an address of this computer.

    Example:
        >>> from rclicks_hf.space import make_app
        >>> serve(make_app(), port=7861, block=False)  # doctest: +SKIP
        'http://127.0.0.1:7861/'
    """
    if port is not None:
        require_free(host or "127.0.0.1", port)
    _, address, _ = app.launch(
        server_name=host,
        server_port=port,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        css=stylesheet(),
        theme=gr.themes.Default(font=SYSTEM_FONTS, font_mono=SYSTEM_MONO),
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        max_file_size=MAX_UPLOAD_BYTES,
        state_session_capacity=MAX_SESSIONS,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        strict_cors=True,
        app_kwargs={"middleware": [Middleware(RequestLimits)]},
    )
    if block:
        wait(app)
    return str(address)


def wait(app: gr.Blocks) -> None:
    """Serve until Ctrl-C."""
    try:
        while app.is_running:
            time.sleep(0.2)
    except KeyboardInterrupt:
        app.close(verbose=False)


def require_free(host: str, port: int) -> None:
    """Refuse an address that cannot be bound; Gradio's own message is a traceback."""
    try:
        [family, kind, protocol, _, where] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(where)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise RclicksError(f"port {port}: is taken; give another with --port") from error
        if error.errno == errno.EACCES:
            raise RclicksError(
                f"port {port}: only for administrators; give one above 1023"
            ) from error
        raise RclicksError(
            f"host {host}: is not an address of this computer; give 127.0.0.1, or 0.0.0.0 for all"
        ) from error
