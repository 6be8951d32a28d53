"""Zoom-in: which part of the image the network sees, and where its output belongs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rclicks_hf.data.instances import Click
from rclicks_hf.segmenters.click_map.settings import ClickMapSettings

# Longer side of an input that is not cropped: above every image of the paper, so that its numbers
# are kept, and small enough that any photograph fits into memory.
LARGEST_WHOLE = 2048


@dataclass(frozen=True)
class ZoomBox:
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, all inclusive."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.bottom - self.top + 1, self.right - self.left + 1

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns as an index."""
        return slice(self.top, self.bottom + 1), slice(self.left, self.right + 1)


@dataclass(frozen=True)
class View:
    """What one forward pass sees of the image."""

    crop: ZoomBox  # the part that is fed
    size: tuple[int, int]  # (height, width) of the input that the crop is resized to
    target: ZoomBox  # where the output belongs
    box: ZoomBox | None  # the zoom's memory for the next click; None if it has none


def choose_view(
    settings: ClickMapSettings,
    shape: tuple[int, int],
    clicks: Sequence[Click],
    seen: ZoomBox | None,
    old: ZoomBox | None,
) -> View:
    """The view of an image of size ``shape`` after its last click.

    ``seen`` bounds the last prediction, ``old`` is the zoom's memory; both are None if there is
    none.
    """
    whole = ZoomBox(0, shape[0] - 1, 0, shape[1] - 1)
    box = None
    if len(clicks) > settings.skip_clicks:
        if seen is not None:
            box = _expanded(_with_positive(seen, clicks), settings, whole)
        elif settings.skip_clicks < 0:
            box = whole
    if box is None:
        target = old if settings.paste_in_old_box and old is not None else whole
        kept = old if settings.paste_in_old_box else None
        return View(whole, _input_size(settings.size, whole, zooms=False), target, kept)
    if old is not None and not settings.box_per_click and _holds(old, clicks):
        box = old if _overlap(box, old) >= settings.keep_overlap else box
    return View(box, _input_size(settings.size, box, zooms=True), box, box)


def _with_positive(box: ZoomBox, clicks: Sequence[Click]) -> ZoomBox:
    rows = [box.top, box.bottom, *(click.y for click in clicks if click.is_positive)]
    columns = [box.left, box.right, *(click.x for click in clicks if click.is_positive)]
    return ZoomBox(min(rows), max(rows), min(columns), max(columns))


def _expanded(box: ZoomBox, settings: ClickMapSettings, whole: ZoomBox) -> ZoomBox:
    top, bottom = _expanded_side(box.top, box.bottom, settings)
    left, right = _expanded_side(box.left, box.right, settings)
    return ZoomBox(max(0, top), min(whole.bottom, bottom), max(0, left), min(whole.right, right))


def _expanded_side(first: int, last: int, settings: ClickMapSettings) -> tuple[int, int]:
    centre = 0.5 * (first + last)
    length = max(settings.expansion * (last - first + 1), settings.smallest_box)
    return round(centre - 0.5 * length), round(centre + 0.5 * length)  # halves to even


def _holds(box: ZoomBox, clicks: Sequence[Click]) -> bool:
    """Whether every positive click lies inside."""
    # As in the paper's code, the last row and column count as outside.
    return all(
        box.top <= click.y < box.bottom and box.left <= click.x < box.right
        for click in clicks
        if click.is_positive
    )


def _overlap(first: ZoomBox, second: ZoomBox) -> float:
    """IoU of the rows times IoU of the columns, as in the paper's code."""
    rows = _share(first.top, first.bottom, second.top, second.bottom)
    return rows * _share(first.left, first.right, second.left, second.right)


def _share(a: int, b: int, c: int, d: int) -> float:
    return max(0, min(b, d) - max(a, c) + 1) / (max(b, d) - min(a, c) + 1)


def _input_size(size: int | tuple[int, int], box: ZoomBox, *, zooms: bool) -> tuple[int, int]:
    if isinstance(size, tuple):
        return size
    longer = max(box.size)
    if not zooms and longer <= LARGEST_WHOLE:
        return box.size
    scale = (size if zooms else LARGEST_WHOLE) / longer
    height, width = (max(1, round(side * scale)) for side in box.size)
    return height, width
