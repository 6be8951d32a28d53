"""A visitor's mistake as one line on the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import gradio as gr

from rclicks_hf.errors import RclicksError
from rclicks_hf.space.markup import escaped
from rclicks_hf.support.text.visible_text import without_secrets

F = TypeVar("F", bound=Callable[..., Any])


def shows_mistakes(event: F) -> F:
    """The event handler; an `RclicksError` becomes a message that closes by itself."""

    @wraps(event)
    def run(*values: Any, **named: Any) -> Any:
        try:
            return event(*values, **named)
        except RclicksError as error:
            text = escaped(without_secrets(" ".join(str(error).split())))
            raise gr.Error(text, print_exception=False) from None

    return run  # type: ignore[return-value]
