"""What the Explorer does when a visitor acts; a visitor's data is in the `Visit` that is passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rclicks_hf.click_models import ClickModel
from rclicks_hf.data.instances import Click, Instance
from rclicks_hf.data.schema import KIND_OF_CLICKS
from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters import Segmenter
from rclicks_hf.space.click_session import (
    ClickSession,
    add_click,
    baseline_click,
    has_object,
    start_session,
    without_last,
)
from rclicks_hf.space.instance_catalogues import InstanceCatalogue
from rclicks_hf.space.limits import MAX_DRAWN
from rclicks_hf.space.markup import escaped, figure_grid, image_uri, table
from rclicks_hf.space.pictures import Draw, click_figures, iou_chart, map_figures, overlay_uri
from rclicks_hf.space.uploads import decode_object_mask, decode_picture
from rclicks_hf.space.web_components import brush, surface

OWN_PICTURE = "your picture"
_ROUND_WORDS = {
    "first": "first round",
    "fn": "later round, a missed region",
    "fp": "later round, a wrongly included region",
}
_NO_OBJECT = (
    "<p class='note'>No object yet: paint or upload its mask, or create it below with the "
    "segmenter.</p>"
)
NO_NETWORK = (
    "Only UD and DT are loaded. To add a clickability network, start the app with "
    "`rclicks space --click-model` and its folder or Hub id; `rclicks demo` trains a small one, "
    "`rclicks-demo/clickability-nano-simulated`."
)


@dataclass(frozen=True, eq=False)
class Visit:
    """What one visitor looks at."""

    session: ClickSession  # the instance and the clicks on it
    # (H, W) of the file that the picture is from; it may have been scaled down
    file_shape: tuple[int, int]

    @property
    def instance(self) -> Instance:
        """The picture and its object."""
        return self.session.instance


class ExplorerEvents:
    """The visitors' actions on the catalogues, click models and segmenters of an app."""

    def __init__(
        self,
        catalogues: dict[str, InstanceCatalogue],
        models: dict[str, ClickModel],
        segmenters: dict[str, Segmenter],
    ) -> None:
        self.catalogues = catalogues
        self.models = models
        self.segmenters = segmenters

    def stems(self, catalogue: Any, round: Any) -> list[str]:
        """The instances of a catalogue and round."""
        return self._catalogue(catalogue).stems("first" if round == "first" else "subsequent")

    def open(self, catalogue: Any, full_stem: Any, segmenter: Any) -> Visit:
        """Look at an instance."""
        if full_stem not in self.stems(catalogue, "first") + self.stems(catalogue, "subsequent"):
            raise RclicksError("no such instance; choose one from the list")
        return self._visit(self._catalogue(catalogue).instance(full_stem), segmenter)

    def open_own(self, upload: Any, segmenter: Any) -> Visit:
        """Look at an uploaded picture, which has no object yet."""
        image, file_shape = decode_picture(upload)
        nothing = np.zeros(image.shape[:2], np.int8)
        return replace(self._visit(_own(image, nothing), segmenter), file_shape=file_shape)

    def take_mask(self, visit: Visit | None, upload: Any) -> Visit:
        """Take an uploaded or painted mask as the object."""
        shape, file_shape = _there(visit).instance.mask.shape, _there(visit).file_shape
        return self._with_mask(
            _there(visit), decode_object_mask(upload, (shape[0], shape[1]), file_shape)
        )

    def take_prediction(self, visit: Visit | None) -> Visit:
        """Take the segmenter's mask as the object."""
        mask = _there(visit).session.mask
        if not mask.any():
            raise RclicksError("the segmenter found nothing yet; click on the object first")
        return self._with_mask(_there(visit), mask.astype(np.int8))

    def click(self, visit: Visit | None, x: Any, y: Any, is_positive: bool) -> Visit:
        """Click at a place, pixels of the shown picture."""
        height, width = _there(visit).instance.mask.shape
        click = Click(
            whole_number(x, "x", most=width - 1), whole_number(y, "y", most=height - 1), is_positive
        )
        return self._after(_there(visit), click)

    def click_as_baseline(self, visit: Visit | None) -> Visit:
        """Click where the baseline clicker would."""
        return self._after(_there(visit), baseline_click(_there(visit).session))

    def undo(self, visit: Visit | None) -> Visit:
        """Take the last click back."""
        session = _there(visit).session
        return replace(_there(visit), session=without_last(session, self._segmenter(session)))

    def restart(self, visit: Visit | None, segmenter: Any) -> Visit:
        """Start again without clicks, with a segmenter of the list."""
        session = start_session(_there(visit).instance, self._known_segmenter(segmenter))
        if session.segmenter == _there(visit).session.segmenter:
            session = replace(session, encoded=_there(visit).session.encoded)
        return replace(_there(visit), session=session)

    def about(self, visit: Visit) -> str:
        """One line on what is shown."""
        instance = visit.instance
        height, width = instance.mask.shape
        words = [instance.full_stem, f"{width} × {height} pixels"]
        if visit.file_shape != instance.mask.shape:
            words[-1] += f", scaled down from {visit.file_shape[1]} × {visit.file_shape[0]}"
        if instance.full_stem != OWN_PICTURE:
            words.append(_ROUND_WORDS[instance.click_type])
        kind = KIND_OF_CLICKS[instance.is_simulated]
        badge = (
            f'<strong class="badge">{kind}</strong>' if instance.full_stem != OWN_PICTURE else ""
        )
        return f"<p>{escaped(' · '.join(words))} {badge}</p>"

    def clicks_html(self, visit: Visit, devices: Sequence[str]) -> str:
        """The object, and the clicks on it."""
        if not has_object(visit.instance):
            return _NO_OBJECT
        figures = click_figures(visit.instance, devices)
        return figure_grid(figures if len(visit.instance.clicks) else figures[:1])

    def brush_html(self, visit: Visit) -> str:
        """The picture to paint on."""
        return brush(image_uri(visit.instance.image), visit.instance.mask.shape)

    def surface_html(self, visit: Visit) -> str:
        """The picture to click on."""
        session = visit.session
        label = (
            "Picture to click on. Arrow keys aim, with Shift in larger steps; Enter clicks. "
            f"{len(session.clicks)} clicks so far."
        )
        return surface(overlay_uri(session), session.mask.shape, session.clicks, label)

    def steps_html(self, visit: Visit) -> str:
        """The clicks so far and the IoU after each."""
        session = visit.session
        if not session.clicks:
            return "<p class='note'>No click yet. The first one is usually on the object.</p>"
        ious = [f"{value:.3f}" for value in session.ious] or ["–"] * len(session.clicks)
        rows = [
            (k, click.x, click.y, "positive" if click.is_positive else "negative", iou)
            for k, (click, iou) in enumerate(zip(session.clicks, ious, strict=True), start=1)
        ]
        text = table(("Click", "x", "y", "Sign", "IoU"), rows, f"Clicks of {session.segmenter}")
        chart = f'<div class="chart">{iou_chart(session.ious, "iou")}</div>' if session.ious else ""
        return text + chart

    def maps_html(self, visit: Visit | None, group: Any, count: Any, seed: Any) -> str:
        """The click maps, with the clicks drawn from them."""
        if not has_object(_there(visit).instance):
            return _NO_OBJECT
        draw = Draw(
            str(group),
            whole_number(count, "number of clicks", most=MAX_DRAWN),
            whole_number(seed, "seed", most=2**32 - 1),
        )
        return figure_grid(map_figures(_there(visit).instance, self.models, draw))

    def _catalogue(self, title: Any) -> InstanceCatalogue:
        if title not in self.catalogues:
            raise RclicksError("no such catalogue of pictures; choose one from the list")
        return self.catalogues[title]

    def _known_segmenter(self, name: Any) -> str:
        if name not in self.segmenters:
            raise RclicksError("no such segmenter; choose one from the list")
        return str(name)

    def _segmenter(self, session: ClickSession) -> Segmenter:
        return self.segmenters[session.segmenter]

    def _visit(self, instance: Instance, segmenter: Any) -> Visit:
        height, width = instance.mask.shape
        return Visit(start_session(instance, self._known_segmenter(segmenter)), (height, width))

    def _with_mask(self, visit: Visit, mask: np.ndarray) -> Visit:
        instance = _own(visit.instance.image, mask)
        session = start_session(instance, visit.session.segmenter)
        return replace(visit, session=replace(session, encoded=visit.session.encoded))

    def _after(self, visit: Visit, click: Click) -> Visit:
        session = visit.session
        return replace(visit, session=add_click(session, self._segmenter(session), click))


def _own(image: np.ndarray, mask: np.ndarray) -> Instance:
    """A visitor's picture as an instance of no dataset."""
    return Instance(OWN_PICTURE, OWN_PICTURE, "", "", "", "first", "none", image, mask)


def _there(visit: Visit | None) -> Visit:
    if visit is None:
        raise RclicksError("no picture is open, or the page was idle too long; choose a picture")
    return visit


def whole_number(value: Any, name: str, *, most: int) -> int:
    """A whole number that a visitor sent, from 0 to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise RclicksError(f"{name}: is not a number; give one from 0 to {most}")
    if not 0 <= value <= most:
        raise RclicksError(f"{name}: must be from 0 to {most}")
    return int(value)
