"""The Explorer page: its components, and which action leads to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.context import Context

from rclicks_hf.benchmark import CLICKING_GROUPS
from rclicks_hf.data.schema import DEVICES
from rclicks_hf.space.explorer_events import NO_NETWORK, ExplorerEvents, Visit
from rclicks_hf.space.instance_catalogues import instance_catalogues
from rclicks_hf.space.limits import MAX_DRAWN, MAX_SIDE, MAX_UPLOAD_BYTES, SESSION_SECONDS
from rclicks_hf.space.pictures import WHOLE_MAP
from rclicks_hf.space.settings import SpaceSettings
from rclicks_hf.space.tools import click_models, segmenters
from rclicks_hf.space.visitor_errors import shows_mistakes
from rclicks_hf.space.web_components import file_choice, web_component

_QUIET: dict[str, Any] = {"show_progress": "minimal", "api_visibility": "private"}
_POSITIVE, _NEGATIVE = "positive (object)", "negative (background)"


@dataclass(frozen=True)
class _Parts:
    """The components that events read and write."""

    visit: gr.State
    catalogue: gr.Dropdown
    round: gr.Radio
    stem: gr.Dropdown
    devices: gr.CheckboxGroup
    picture_file: gr.HTML
    mask_file: gr.HTML
    brush: gr.HTML
    about: gr.HTML
    clicks: gr.HTML
    maps: gr.HTML
    draw: tuple[gr.Dropdown, gr.Number, gr.Number]
    draw_button: gr.Button
    segmenter: gr.Dropdown
    surface: gr.HTML
    sign: gr.Radio
    place: tuple[gr.Number, gr.Number]
    buttons: dict[str, gr.Button]
    steps: gr.HTML


def explorer_page(settings: SpaceSettings) -> None:
    """Add the Explorer's components and events."""
    events = ExplorerEvents(
        instance_catalogues(settings), click_models(settings), segmenters(settings)
    )
    parts = _layout(events, has_network=bool(settings.click_models))
    _wire_choice(events, parts)
    _wire_views(events, parts)
    _wire_clicks(events, parts)


def _layout(events: ExplorerEvents, *, has_network: bool) -> _Parts:
    visit = gr.State(None, time_to_live=SESSION_SECONDS)
    with gr.Row(equal_height=False):
        with gr.Column(scale=1, min_width=280):
            titles = list(events.catalogues)
            catalogue = gr.Dropdown(titles, value=titles[0], label="Pictures")
            round = gr.Radio(
                [("first", "first"), ("later", "subsequent")], value="first", label="Round"
            )
            stem = gr.Dropdown(events.stems(titles[0], "first"), label="Instance")
            devices = gr.CheckboxGroup(list(DEVICES), value=list(DEVICES), label="Clicks made on")
            with gr.Accordion("Your own picture or object", open=False):
                gr.Markdown(
                    f"Up to {MAX_UPLOAD_BYTES // 2**20} MB; more than {MAX_SIDE} pixels are scaled "
                    "down. It stays in memory while this page is open; no file is written."
                )
                picture_file = web_component(
                    "file_choice", file_choice("Picture", "image/jpeg,image/png,image/webp")
                )
                mask_file = web_component(
                    "file_choice", file_choice("Object mask, white on black", "image/png")
                )
                gr.Markdown(
                    "Or paint the object. By keyboard: click with the segmenter below, then use "
                    "its mask."
                )
                brush = web_component("paint", elem_id="brush")
        with gr.Column(scale=3, min_width=280):
            about = gr.HTML(elem_id="about")
            clicks = gr.HTML(elem_id="clicks")
    gr.Markdown("## Click maps: where a click is likely", elem_classes="section")
    if not has_network:
        gr.Markdown(NO_NETWORK)
    with gr.Row(equal_height=False, elem_classes="tools"):
        group = gr.Dropdown(
            [("whole map", WHOLE_MAP), *((name.upper(), name) for name in CLICKING_GROUPS)],
            value=WHOLE_MAP,
            label="Clicking group",
            info="G1 least likely, G10 most likely clicks",
            min_width=160,
        )
        count = gr.Number(
            20, label="Number of clicks", precision=0, minimum=0, maximum=MAX_DRAWN, min_width=120
        )
        seed = gr.Number(42, label="Seed", precision=0, minimum=0, min_width=120)
        draw_button = gr.Button("Draw clicks", min_width=120)
    maps = gr.HTML(elem_id="maps")
    gr.Markdown(
        "Heat: where the click model expects clicks. Purple dots: clicks drawn from it. Star: the "
        "baseline click."
    )
    gr.Markdown("## Segment it, click by click", elem_classes="section")
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=280):
            surface = web_component("surface", elem_id="surface")
            gr.Markdown(
                "Click on the picture, or focus it and use the arrow keys and Enter. White: the "
                "object; green: the segmenter's mask."
            )
        with gr.Column(scale=2, min_width=280):
            names = list(events.segmenters)
            segmenter = gr.Dropdown(names, value=names[0], label="Segmenter")
            sign = gr.Radio([_POSITIVE, _NEGATIVE], value=_POSITIVE, label="Your next click is")
            with gr.Row(elem_classes="tools"):
                x = gr.Number(0, label="x", precision=0, minimum=0, min_width=80)
                y = gr.Number(0, label="y", precision=0, minimum=0, min_width=80)
                at = gr.Button("Click at x, y", min_width=120)
            baseline = gr.Button("Next click by the baseline clicker", variant="primary")
            with gr.Row(elem_classes="tools"):
                undo = gr.Button("Undo", min_width=80)
                restart = gr.Button("Start again", min_width=110)
                take = gr.Button("Use mask as object", min_width=160)
            steps = gr.HTML(elem_id="steps")
    buttons = {"at": at, "baseline": baseline, "undo": undo, "restart": restart, "take": take}
    return _Parts(
        visit, catalogue, round, stem, devices, picture_file, mask_file, brush, about, clicks, maps,
        (group, count, seed), draw_button, segmenter, surface, sign, (x, y), buttons, steps,
    )  # fmt: skip


def _wire_choice(events: ExplorerEvents, parts: _Parts) -> None:
    """Choosing, uploading and painting: all of the page follows."""

    @shows_mistakes
    def list_stems(catalogue: str, round: str) -> Any:
        stems = events.stems(catalogue, round)
        return gr.Dropdown(choices=stems, value=stems[0] if stems else None)

    @shows_mistakes
    def choose(devices: list[str], catalogue: str, stem: str, segmenter: str) -> Any:
        return _everything(events, events.open(catalogue, stem, segmenter), devices)

    @shows_mistakes
    def upload(devices: list[str], segmenter: str, event: gr.EventData) -> Any:
        return _everything(events, events.open_own(event._data, segmenter), devices)

    @shows_mistakes
    def take_mask(devices: list[str], visit: Visit | None, event: gr.EventData) -> Any:
        return _everything(events, events.take_mask(visit, event._data), devices)

    @shows_mistakes
    def take_prediction(devices: list[str], visit: Visit | None) -> Any:
        return _everything(events, events.take_prediction(visit), devices)

    for change in (parts.catalogue.input, parts.round.input):
        change(list_stems, [parts.catalogue, parts.round], parts.stem, **_QUIET)
    every = [parts.visit, parts.about, parts.clicks, parts.surface, parts.steps, parts.brush]
    quiet = _QUIET | {"show_progress_on": parts.about}
    app = Context.root_block
    assert app is not None  # pages are built inside the app
    choice = [parts.devices, parts.catalogue, parts.stem, parts.segmenter]
    own = [parts.devices, parts.visit]
    for done in (
        app.load(choose, choice, every, **quiet),
        parts.stem.change(choose, choice, every, **quiet),
        parts.picture_file.chosen(upload, [parts.devices, parts.segmenter], every, **quiet),
        parts.mask_file.chosen(take_mask, own, every, **quiet),
        parts.brush.painted(take_mask, own, every, **quiet),
        parts.buttons["take"].click(take_prediction, own, every, **quiet),
    ):
        _show_maps(events, parts, done.success)


def _everything(events: ExplorerEvents, visit: Visit, devices: list[str]) -> tuple[Any, ...]:
    """A new visit and all that shows it, but for the click maps, which take longer."""
    return (
        visit,
        events.about(visit),
        events.clicks_html(visit, devices),
        events.surface_html(visit),
        events.steps_html(visit),
        events.brush_html(visit),
    )


def _show_maps(events: ExplorerEvents, parts: _Parts, when: Any) -> None:
    """Show the click maps on an event."""

    @shows_mistakes
    def show_maps(visit: Visit | None, group: str, count: float, seed: float) -> str:
        return events.maps_html(visit, group, count, seed)

    when(show_maps, [parts.visit, *parts.draw], parts.maps, **_QUIET)


def _wire_views(events: ExplorerEvents, parts: _Parts) -> None:
    """What is drawn of the instance: whose clicks, and draws from the click maps."""

    @shows_mistakes
    def show_devices(visit: Visit | None, devices: list[str]) -> Any:
        return events.clicks_html(visit, devices) if visit else gr.skip()

    parts.devices.input(show_devices, [parts.visit, parts.devices], parts.clicks, **_QUIET)
    _show_maps(events, parts, parts.draw_button.click)


def _wire_clicks(events: ExplorerEvents, parts: _Parts) -> None:
    """Clicking: the picture to click on and the table of steps follow."""
    followers = [parts.visit, parts.surface, parts.steps]

    def shown(visit: Visit) -> tuple[Any, ...]:
        return visit, events.surface_html(visit), events.steps_html(visit)

    @shows_mistakes
    def place(visit: Visit | None, sign: str, event: gr.EventData) -> Any:
        data = event._data if isinstance(event._data, dict) else {}
        return shown(events.click(visit, data.get("x"), data.get("y"), sign == _POSITIVE))

    @shows_mistakes
    def click_at(visit: Visit | None, sign: str, x: float, y: float) -> Any:
        return shown(events.click(visit, x, y, sign == _POSITIVE))

    @shows_mistakes
    def as_baseline(visit: Visit | None) -> Any:
        return shown(events.click_as_baseline(visit))

    @shows_mistakes
    def undo(visit: Visit | None) -> Any:
        return shown(events.undo(visit))

    @shows_mistakes
    def restart(visit: Visit | None, segmenter: str) -> Any:
        return shown(events.restart(visit, segmenter))

    where = [parts.visit, parts.sign]
    quiet = _QUIET | {"show_progress_on": parts.steps}
    again = [parts.visit, parts.segmenter]
    parts.surface.place(place, where, followers, **quiet)
    parts.buttons["at"].click(click_at, [*where, *parts.place], followers, **quiet)
    parts.buttons["baseline"].click(as_baseline, parts.visit, followers, **quiet)
    parts.buttons["undo"].click(undo, parts.visit, followers, **quiet)
    parts.buttons["restart"].click(restart, again, followers, **quiet)
    parts.segmenter.input(restart, again, followers, **quiet)
