"""Components that Gradio lacks: a picture to click on, a file that stays in memory, a brush."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import gradio as gr

from rclicks_hf.data.instances import Click
from rclicks_hf.space.limits import MAX_UPLOAD_BYTES
from rclicks_hf.space.markup import escaped

_KINDS = {"surface": "place", "file_choice": "chosen", "paint": "painted"}


def web_component(kind: str, value: str = "", **options: Any) -> gr.HTML:
    """An HTML component with the script of its kind; its event is the one that the script sends."""
    script = files("rclicks_hf.space").joinpath("web", f"{kind}.js").read_text(encoding="utf-8")
    assert f'"{_KINDS[kind]}"' in script
    return gr.HTML(value, js_on_load=script, apply_default_css=False, **options)


def surface(uri: str, shape: tuple[int, ...], clicks: Sequence[Click], label: str) -> str:
    """A picture to click on, with numbered clicks: circles are positive, squares negative."""
    height, width = shape[:2]
    radius = max(width, height) / 42
    marks = "".join(_mark(click, k, radius) for k, click in enumerate(clicks, start=1))
    return (
        f'<svg class="surface" viewBox="0 0 {width} {height}" tabindex="0" role="application" '
        f'aria-label="{escaped(label)}"><image href="{uri}" width="{width}" height="{height}"/>'
        f'{marks}<path class="aim" style="visibility:hidden" '
        f'd="M-{radius} 0H{radius}M0-{radius}V{radius}"/></svg>'
    )


def _mark(click: Click, number: int, radius: float) -> str:
    x, y = click.x + 0.5, click.y + 0.5
    shape = (
        f'<circle cx="{x}" cy="{y}" r="{radius}"/>'
        if click.is_positive
        else f'<rect x="{x - radius}" y="{y - radius}" width="{2 * radius}" height="{2 * radius}"/>'
    )
    kind = "positive" if click.is_positive else "negative"
    return (
        f'<g class="mark {kind}" style="stroke-width:{radius / 8}">{shape}'
        f'<text x="{x}" y="{y}" style="font-size:{1.25 * radius}px">{number}</text></g>'
    )


def file_choice(label: str, accept: str) -> str:
    """A file input, called ``label``."""
    return (
        f'<label class="file-choice">{escaped(label)} <input type="file" accept="{accept}" '
        f'data-most="{MAX_UPLOAD_BYTES}"></label>'
    )


def brush(uri: str, shape: tuple[int, ...]) -> str:
    """A picture to paint the object on."""
    height, width = shape[:2]
    largest = max(width, height) // 4
    return (
        f'<div class="brush-stack"><img src="{uri}" alt="The picture to paint the object on.">'
        f'<canvas width="{width}" height="{height}" aria-label="Painted object"></canvas></div>'
        '<div class="brush-tools">'
        '<button type="button" data-do="paint" aria-pressed="true">Paint</button>'
        '<button type="button" data-do="erase" aria-pressed="false">Erase</button>'
        '<button type="button" data-do="clear">Clear</button>'
        f'<label>Brush <input type="range" min="2" max="{largest}" value="{largest // 4}"></label>'
        '<button type="button" data-do="use" class="strong">Use as object</button></div>'
    )
