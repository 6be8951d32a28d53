"""One object segmented click by click, as an immutable value that a visitor's state can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rclicks_hf.benchmark import Clicker
from rclicks_hf.data.instances import Click, Instance
from rclicks_hf.errors import RclicksError
from rclicks_hf.metrics.click_counts import MAX_CLICKS
from rclicks_hf.metrics.masks import iou
from rclicks_hf.segmenters.interface import Segmenter


@dataclass(frozen=True, eq=False)
class ClickSession:
    """Clicks on one instance, and what the segmenter made of them."""

    instance: Instance  # the image and the object; without an object there is no IoU
    segmenter: str  # its name in the app
    mask: np.ndarray  # (H, W) bool, the object after the last click
    encoded: Any = None  # what `Segmenter.encode` returned; None before the first click
    clicks: tuple[Click, ...] = ()  # all clicks, oldest first
    ious: tuple[float, ...] = ()  # IoU after each click; empty without an object
    memory: Any = None  # the last prediction's, for the next one


def has_object(instance: Instance) -> bool:
    """Whether it is known where the object is."""
    return bool(instance.object_mask.any())


def start_session(instance: Instance, segmenter: str) -> ClickSession:
    """A session without clicks."""
    return ClickSession(instance, segmenter, np.zeros(instance.mask.shape, bool))


def add_click(session: ClickSession, segmenter: Segmenter, click: Click) -> ClickSession:
    """The session after one more click inside the image."""
    if len(session.clicks) >= MAX_CLICKS:
        raise RclicksError(f"{MAX_CLICKS} clicks are the maximum, as in the benchmark; start again")
    if session.encoded is None:
        session = replace(session, encoded=segmenter.encode(session.instance.image))
    clicks = (*session.clicks, click)
    [prediction] = segmenter.predict(session.encoded, [clicks], [session.memory])
    mask = prediction.probability > segmenter.threshold
    ious = session.ious
    if has_object(session.instance):
        ious = (*ious, float(iou(session.instance.mask, mask)))
    return replace(session, clicks=clicks, ious=ious, mask=mask, memory=prediction.memory)


def baseline_click(session: ClickSession) -> Click:
    """Where the baseline clicker would click next."""
    if not has_object(session.instance):
        raise RclicksError("the baseline clicker needs an object; paint or upload its mask first")
    clicker = Clicker(session.instance.mask)
    for click in session.clicks:
        clicker.add(click)
    return clicker.next(session.mask)


def without_last(session: ClickSession, segmenter: Segmenter) -> ClickSession:
    """The session before its last click; the clicks before it are predicted again."""
    return replay(session, segmenter, session.clicks[:-1])


def replay(session: ClickSession, segmenter: Segmenter, clicks: Sequence[Click]) -> ClickSession:
    """The session with other clicks from its start."""
    again = replace(start_session(session.instance, session.segmenter), encoded=session.encoded)
    for click in clicks:
        again = add_click(again, segmenter, click)
    return again
