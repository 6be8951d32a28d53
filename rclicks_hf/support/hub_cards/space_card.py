"""What every Space of this project declares: the front matter of its card and its requirements."""

from __future__ import annotations

from collections.abc import Iterable

GRADIO = "6.31.0"  # that the pages are tested with, as in constraints.txt
PYTHON = "3.11"  # Spaces run an older one by default, where this package cannot be installed


def space_front(title: str, emoji: str, tags: Iterable[str], description: str) -> str:
    """The front matter of a Space with a Gradio app in ``app.py``."""
    listed = "".join(f"- {tag}\n" for tag in tags)
    return f"""---
title: {title}
emoji: {emoji}
colorFrom: blue
colorTo: green
sdk: gradio
sdk_version: {GRADIO}
python_version: "{PYTHON}"
app_file: app.py
pinned: false
tags:
{listed}description: >-
  {description}
---
"""


def requirements(*names: str) -> str:
    """``requirements.txt``; Gradio is not in it, since the Space's version of it comes first."""
    return "".join(f"{name}\n" for name in names)
