"""Text from outside as HTML, and what is shown with it."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from rclicks_hf.support.text.visible_text import visible

_JPEG_QUALITY = 88


def escaped(text: object) -> str:
    """A text for HTML and for an attribute in double quotes; inert in Gradio's templates as well.

    Example:
        >>> escaped('<b>${a}"')
        '&lt;b&gt;&#36;&#123;a&#125;&quot;'
    """
    plain = html.escape(visible(str(text)))
    return plain.replace("$", "&#36;").replace("{", "&#123;").replace("}", "&#125;")


class Figure(NamedTuple):
    """A picture as a ``data:`` URI with its alternative text and its caption."""

    uri: str
    alt: str
    caption: str


def figure_grid(figures: Iterable[Figure]) -> str:
    """Figures side by side, as many as fit."""
    items = "".join(
        f'<figure><img src="{figure.uri}" alt="{escaped(figure.alt)}">'
        f"<figcaption>{escaped(figure.caption)}</figcaption></figure>"
        for figure in figures
    )
    return f'<div class="figures">{items}</div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], caption: str) -> str:
    """A table of texts and numbers."""
    head = "".join(f'<th scope="col">{escaped(name)}</th>' for name in heads)
    body = "".join(
        f"<tr>{''.join(f'<td>{escaped(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<div class="scrolled"><table class="plain"><caption>{escaped(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def image_uri(pixels: np.ndarray) -> str:
    """(H, W, 3) uint8 RGB as a ``data:`` URI, so that no file is written."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
