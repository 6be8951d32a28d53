"""Starting the app on an address, with what it may read and receive."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import gradio as gr

from rclicks_hf.space.limits import MAX_UPLOAD_BYTES

MAX_SESSIONS = 200  # whose state is kept; the oldest goes first


def serve(
    app: gr.Blocks, *, host: str | None = None, port: int | None = None, block: bool = True
) -> str:
    """Start the app and return its address.

    Args:
        app: What `make_app` returned.
        host: Address to bind; None for Gradio's own choice, which is this computer only except on
            a Hub Space.
        port: Port; None for a free one from 7860.
        block: Serve until Ctrl-C; False returns at once and serves until the process ends.

    Returns:
        The local address.

    Example:
        >>> serve(make_app(), port=7861)  # doctest: +SKIP
        'http://127.0.0.1:7861/'
    """
    _, address, _ = app.launch(
        server_name=host,
        server_port=port,
        share=False,
        quiet=True,
        prevent_thread_lock=True,
        css_paths=Path(str(files("rclicks_hf.space").joinpath("style.css"))),
        theme=gr.themes.Default(),
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
    )
    if block:
        app.block_thread()
    return str(address)
