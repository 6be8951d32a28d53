"""How the app looks: the report's palette in Gradio's light and dark mode, and one stylesheet."""

from __future__ import annotations

from importlib.resources import files

from rclicks_hf.report.pictures.palette import PALETTE


def stylesheet() -> str:
    """The app's CSS; nothing in it is fetched from elsewhere.

    Example:
        >>> "@import" in stylesheet() or "url(" in stylesheet()
        False
    """
    light = ";".join(f"--{role}:{colour.light}" for role, colour in PALETTE.items())
    dark = ";".join(f"--{role}:{colour.dark}" for role, colour in PALETTE.items())
    sheet = files("rclicks_hf.space").joinpath("web", "style.css").read_text(encoding="utf-8")
    return f":root{{{light}}}\n.dark{{{dark}}}\n{sheet}"
