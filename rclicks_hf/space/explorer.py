"""The Explorer page."""

from __future__ import annotations

import gradio as gr

from rclicks_hf.space.settings import SpaceSettings


def explorer_page(settings: SpaceSettings) -> None:
    """Add the Explorer."""
    gr.Markdown("Under construction.")
