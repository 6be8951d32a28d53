"""The page on which annotators click on objects."""

from __future__ import annotations

import logging
import math
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import gradio as gr
from gradio.context import Context

from rclicks_hf.errors import RclicksError
from rclicks_hf.space.collect.clicks import (
    POINTERS,
    CollectedClick,
    annotator_of,
    click_csv,
    new_code,
    parse_code,
    readable_code,
)
from rclicks_hf.space.collect.pictures import data_uri, mode_picture
from rclicks_hf.space.collect.study import Study, Task, open_study
from rclicks_hf.space.markup import escaped
from rclicks_hf.space.settings import SpaceSettings

_AGREE_FIRST = "Tick the box first: nothing is recorded without your consent."
_UNREADABLE = "The clicks under this code cannot be read. Please tell whoever runs this study."
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyVisit:
    """An annotator at work; ``token`` names the picture as it is shown now."""

    code: str
    clicks: tuple[CollectedClick, ...] = ()
    task: Task | None = None
    token: str = ""
    size: tuple[int, int] = (0, 0)


def begin_visit(study: Study, code: str) -> StudyVisit:
    """The visit of an annotator, with what is recorded so far."""
    return StudyVisit(code, tuple(study.recorded(code)))


def show_next(study: Study, visit: StudyVisit) -> tuple[StudyVisit, str]:
    """The visit with its next object, and the HTML that shows it; ``""`` after the last."""
    task = study.next_task(visit.code, {click.full_stem for click in visit.clicks})
    if task is None:
        return replace(visit, task=None, token=""), ""
    image, mask = study.picture(task)
    height, width = image.shape[:2]
    shown = replace(visit, task=task, token=secrets.token_hex(8), size=(width, height))
    picture = mode_picture(image, mask, task.mode)
    preview = "" if picture is None else data_uri(picture, 640)
    return shown, _stage_html(task, shown, preview, data_uri(image))


def take_click(study: Study, visit: StudyVisit | None, sent: object) -> StudyVisit:
    """The visit with a click that a browser sent, recorded; ValueError if it is not a click."""
    if visit is None or visit.task is None or not isinstance(sent, Mapping):
        raise ValueError("no picture is shown")
    token = sent.get("token")
    if not isinstance(token, str) or not secrets.compare_digest(
        token.encode("utf-8", "replace"), visit.token.encode()
    ):
        raise ValueError("the click belongs to another picture")
    x, y, milliseconds = (_whole_number(sent.get(name)) for name in ("x", "y", "ms"))
    pointer = sent.get("pointer")
    if pointer not in tuple(POINTERS):
        raise ValueError("the pointer is unknown")
    width, height = visit.size
    task = visit.task
    click = CollectedClick(
        study.dataset,
        task.image_stem,
        task.object_stem,
        x,
        y,
        width,
        height,
        str(pointer),
        task.mode,
        milliseconds,
    )
    clicks = study.record(visit.code, list(visit.clicks), click)
    return replace(visit, clicks=tuple(clicks), task=None, token="")


def _whole_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a number is missing")
    return math.floor(value)


def collect_page(settings: SpaceSettings) -> None:
    """Add the page's components and events; call it inside a Blocks context.

    Raises:
        RclicksError: If the folder to collect in, or its pictures, are not as they must be.
    """
    study = open_study(settings.collect, settings.pictures)
    events = _Events(study)
    is_kept = study.journal is not None
    visit = gr.State(None)
    # Fixed names, so that a browser finds its code again after a restart of the server.
    remembered = gr.BrowserState("", storage_key="rclicks-annotator", secret="rclicks-annotator")
    with gr.Column() as consent_view:
        gr.Markdown(study.consent, elem_id="collect-consent")
        agreed = gr.Checkbox(label="I have read this and agree", elem_id="collect-agree")
        start = gr.Button("Start", variant="primary", elem_id="collect-start")
        with gr.Group(visible=is_kept):
            code = gr.Textbox(
                label="Or enter your code to continue",
                placeholder="ABCD-EFGH-JKMN",
                max_length=40,
                elem_id="collect-code",
            )
            resume = gr.Button("Continue", elem_id="collect-resume")
    with gr.Column(visible=False) as task_view:
        with gr.Row(equal_height=True):
            progress = gr.Markdown(elem_id="collect-progress")
            pause = gr.Button("Pause", size="sm", scale=0, min_width=90, elem_id="collect-pause")
        stage = gr.HTML(
            "",
            css_template=_file("collect.css"),
            js_on_load=_file("collect.js"),
            apply_default_css=False,
            elem_id="collect-stage",
            elem_classes="flush",
        )
    with gr.Column(visible=False) as rest_view:
        rest = gr.HTML(elem_id="collect-rest", elem_classes="flush")
        go_on = gr.Button("Go on", variant="primary", elem_id="collect-go-on")
        leave = gr.Button(
            "Forget my code in this browser" if is_kept else "Start anew", elem_id="collect-leave"
        )

    views = [consent_view, task_view, rest_view]
    shown = [visit, stage, progress, rest, go_on, *views]
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    start.click(events.start, agreed, [*shown, remembered], **private)
    gr.on(
        [resume.click, code.submit],
        events.resume,
        [agreed, code],
        [*shown, remembered],
        **private,
    )
    stage.click(events.clicked, visit, shown, **private)
    pause.click(events.rest, visit, shown, **private)
    go_on.click(events.next, visit, shown, **private)
    leave.click(_leave, None, [*shown, remembered, code, agreed], **private)
    assert Context.root_block is not None
    Context.root_block.load(_remember, remembered, code, **private)


def _file(name: str) -> str:
    return files("rclicks_hf.space").joinpath("web", name).read_text("utf-8")


def _remember(code: object) -> str:
    parsed = parse_code(code)
    return readable_code(parsed) if parsed else ""


class _Events:
    """What the page does at each event; the study is the only thing that visitors share."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def start(self, agreed: bool) -> tuple[Any, ...]:
        if agreed is not True:
            gr.Warning(_AGREE_FIRST)
            return (*_unchanged(), gr.skip())
        code = new_code()
        return (*self.next(begin_visit(self.study, code)), code if self.study.journal else "")

    def resume(self, agreed: bool, text: str) -> tuple[Any, ...]:
        code = parse_code(text)
        problem = ""
        if agreed is not True:
            problem = _AGREE_FIRST
        elif code is None:
            problem = "This is not a code: a code has three groups of four letters and digits."
        else:
            try:
                visit = begin_visit(self.study, code)
            except RclicksError as error:
                _log.error("%s", error)
                problem = _UNREADABLE
            else:
                if visit.clicks:
                    return (*self.next(visit), code)
                problem = "No clicks are recorded under this code. Check it, or start again."
        gr.Warning(problem)
        return (*_unchanged(), gr.skip())

    def clicked(self, visit: StudyVisit | None, event: gr.EventData) -> tuple[Any, ...]:
        if visit is None:
            gr.Warning("This page was open for too long. Reload it and enter your code.")
            return _unchanged()
        try:
            visit = take_click(self.study, visit, event._data)
        except ValueError:
            return _unchanged()  # a second click on a picture that has gone, or no honest click
        except RclicksError as error:
            _log.error("%s", error)
            gr.Warning("The click could not be saved. Please try again.")
            try:
                visit = begin_visit(self.study, visit.code)  # another tab may have gone on
            except RclicksError:
                gr.Warning(_UNREADABLE)
                return _unchanged()
        return self.next(visit)

    def next(self, visit: StudyVisit | None) -> tuple[Any, ...]:
        """The next picture, or the rest view after the last."""
        if visit is None:
            return _views(None, consent=True)
        visit, html = show_next(self.study, visit)
        if visit.task is None:
            return self.rest(visit)
        done, total = len(visit.clicks), len(self.study.objects)
        note = "" if self.study.journal else " (preview: clicks are not saved)"
        return _views(visit, stage=html, progress=f"**{done + 1}** of {total}{note}", task=True)

    def rest(self, visit: StudyVisit | None) -> tuple[Any, ...]:
        """What a pause shows, and the end: how far it went, the code, and one's own clicks."""
        if visit is None:
            return _views(None, consent=True)
        done = {click.full_stem for click in visit.clicks}
        is_end = self.study.next_task(visit.code, done) is None
        visit = replace(visit, task=None, token="")
        html = _rest_html(self.study, visit, is_end)
        return _views(visit, rest=html, can_go_on=not is_end, resting=True)


def _unchanged() -> tuple[Any, ...]:
    return tuple(gr.skip() for _ in range(8))


def _leave() -> tuple[Any, ...]:
    return (*_views(None, consent=True), "", "", False)


def _views(
    visit: StudyVisit | None,
    *,
    stage: str = "",
    progress: str = "",
    rest: str = "",
    can_go_on: bool = True,
    consent: bool = False,
    task: bool = False,
    resting: bool = False,
) -> tuple[Any, ...]:
    """Values for the components of ``shown`` in `collect_page`."""
    visible = (gr.update(visible=view) for view in (consent, task, resting))
    return (visit, stage, progress, rest, gr.update(visible=can_go_on), *visible)


def _rest_html(study: Study, visit: StudyVisit, is_end: bool) -> str:
    done = len(visit.clicks)
    clicks = f"{done} click{'s' * (done != 1)} of {len(study.objects)}"
    if study.journal is None:
        if is_end:
            return f"<p><strong>That was the last one.</strong> {clicks}; none was saved.</p>"
        return f"<p><strong>Paused.</strong> {clicks}; none is saved.</p>"
    title = "That was the last one. Thank you!" if is_end else "Paused."
    lines = [f"<p><strong>{title}</strong> {clicks} recorded.</p>"]
    if done:
        table = click_csv({annotator_of(visit.code): list(visit.clicks)})
        data = b64encode(table.encode()).decode()
        lines += [
            f"<p>Your code: <code>{readable_code(visit.code)}</code>. Keep it to continue later, "
            "on any device.</p>",
            '<p><a style="margin: 0; padding: 0" download="my_clicks.csv" '
            f'href="data:text/csv;base64,{data}">Download your clicks (CSV)</a></p>',
        ]
    return "".join(lines)


def _stage_html(task: Task, visit: StudyVisit, preview: str, picture: str) -> str:
    width, height = visit.size
    if preview:
        shown = f'<img class="collect-shown" src="{preview}" alt="The object to click on">'
    else:
        shown = f'<p class="collect-words">{escaped(task.description)}</p>'
    label = (
        f"Picture, {width} by {height} pixels. Arrow keys move a cross, with Shift by one pixel; "
        "Enter clicks there."
    )
    # At most twice its size, and not higher than the window.
    limit = f"min(100%, {2 * width}px, calc(70vh * {width / height:.6f}))"
    return (
        f'<div class="collect-stage"><figure><figcaption>Click on this object …</figcaption>{shown}'
        f"</figure><figure><figcaption>… in this picture</figcaption>"
        f'<div class="collect-frame" tabindex="0" role="application" aria-label="{label}" '
        f'data-token="{visit.token}" data-width="{width}" data-height="{height}" '
        f'style="width: {limit}; aspect-ratio: {width} / {height}">'
        f'<img src="{picture}" alt="" draggable="false">'
        '<span class="collect-cross" hidden></span></div>'
        '<p class="collect-place" role="status"><span class="collect-hint">Keyboard: Tab to the '
        "picture, arrow keys, Enter.</span></p></figure></div>"
    )
