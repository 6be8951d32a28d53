"""The clicker: where the next click goes, given the segmenter's errors.

The rules, and every draw, are those of the paper's code (supplement, "Evaluation protocol").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rclicks_hf.benchmark.error_regions import ErrorRegion
from rclicks_hf.benchmark.groups import check_group, sample_places
from rclicks_hf.click_models.interface import BoxedMap
from rclicks_hf.data.instances import Click

ClickMapFn = Callable[[np.ndarray], np.ndarray]

_WHOLE_MAP = (0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Target:
    """What the next click corrects.

    Attributes:
        is_positive: Sign of the click.
        region: The wrong pixels of that sign, outside the unknown band.

    Example:
        >>> mask = np.zeros((5, 7), np.int8)
        >>> mask[1:4, 2:5] = 1
        >>> target = Clicker(mask).target(np.zeros((5, 7), bool))  # the whole object is missed
        >>> target.is_positive, int(target.error_mask.sum())
        (True, 9)
    """

    is_positive: bool
    region: ErrorRegion

    @property
    def error_mask(self) -> np.ndarray:
        """(H, W) bool, the wrong pixels of the click's sign."""
        return self.region.mask


class Clicker:
    """Simulated user of an interactive segmenter, for one object.

    Without a click map it is the baseline: the click goes to the pixel farthest from the border of
    the larger error. With one, a pixel is drawn from the clicking group of the map. The distance
    transforms always decide the sign: positive if the missed region is strictly deeper than the
    excess region, so a tie (also for a perfect mask) gives a negative click.

    Args:
        object_mask: (H, W) integers: 1 object, 0 background, -1 unknown (never clicked).
        click_map: None for the baseline, else a callable that takes the (H, W) bool error mask of
            the click's sign and returns an (H, W) float32 map >= 0.
        group: (q_lo, q_hi), the share of a click map's mass to draw from; None means all of it.
        seed: Seed of the legacy generator, or the generator itself where several objects share it.

    Raises:
        ValueError: If ``object_mask`` is not (H, W) with at least one pixel, has other values (such
            as 255 for the object), or ``group`` is not a group.

    Example:
        >>> mask = np.zeros((5, 7), np.int8)
        >>> mask[1:4, 2:5] = 1
        >>> clicker = Clicker(mask)
        >>> clicker.next(np.zeros((5, 7), bool))
        Click(x=3, y=2, is_positive=True)
    """

    def __init__(
        self,
        object_mask: np.ndarray,
        click_map: ClickMapFn | None = None,
        group: tuple[float, float] | None = None,
        seed: int | np.random.RandomState = 42,
    ) -> None:
        mask = np.asarray(object_mask)
        if mask.ndim != 2 or not mask.size:
            raise ValueError(
                f"object_mask must be (H, W) with at least one pixel, got shape {mask.shape}"
            )
        self._object, self._background = mask == 1, mask == 0
        known = np.count_nonzero(self._object) + np.count_nonzero(self._background)
        if known + np.count_nonzero(mask == -1) != mask.size:
            raise ValueError(
                "object_mask must hold 1 (object), 0 (background) and -1 (unknown) only, "
                f"got {mask.min()} to {mask.max()}"
            )
        self._not_clicked, self._clicked = np.ones(mask.shape, bool), 0
        self._click_map = click_map
        self._group = check_group(group or _WHOLE_MAP)
        self._rng = seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed)

    def next(self, prediction: np.ndarray) -> Click:
        """Make the next click on the (H, W) bool ``prediction``, and remember it.

        Example:
            >>> clicker = Clicker(np.ones((1, 3), np.int8), lambda error: np.array([[0, 0, 1]]))
            >>> clicker.next(np.zeros((1, 3), bool))
            Click(x=2, y=0, is_positive=True)
        """
        target = self.target(prediction)
        if self._click_map is None or target.region.is_empty:
            return self.click(target)
        return self.click(target, self._click_map(target.error_mask))

    def target(self, prediction: np.ndarray) -> Target:
        """Choose sign and region of the next click on the (H, W) bool ``prediction``.

        Nothing is remembered: with `click`, a caller can make the click maps of many clickers in
        one batch.
        """
        values = np.asarray(prediction)
        if values.dtype.kind == "f":  # every probability above 0 would count as object
            raise ValueError(
                f"prediction must be bool, got {values.dtype}; compare it with the threshold first"
            )
        predicted = values.astype(bool, copy=False)
        if predicted.shape != self._object.shape:
            raise ValueError(
                f"prediction must have the object_mask's shape {self._object.shape}, "
                f"got {predicted.shape}"
            )
        # For truth values, "greater" is "and not".
        missed = self._region(np.greater(self._object, predicted))
        taken = self._region(self._background & predicted)
        is_positive = missed.is_deeper_than(taken)
        return Target(is_positive, missed if is_positive else taken)

    def _region(self, mask: np.ndarray) -> ErrorRegion:
        return ErrorRegion(mask, self._not_clicked, self._clicked)

    def click(self, target: Target, click_map: np.ndarray | BoxedMap | None = None) -> Click:
        """Click on a target, and remember the click.

        Only the values of ``click_map``, (H, W) or in the box of the target, inside the target
        count. Without a map, or where it has no finite mass left there, the deepest pixel is
        clicked.
        """
        places = [] if click_map is None else self._draw(target, click_map, 1)
        return self.add(Click(*(places or [target.region.deepest])[0], target.is_positive))

    def alternatives(
        self, target: Target, click_map: np.ndarray | BoxedMap | None, count: int
    ) -> list[Click]:
        """``count`` independent draws of the click that `click` would make; none is remembered."""
        places = [] if click_map is None else self._draw(target, click_map, count)
        places = places or [target.region.deepest] * count
        return [
            clip_click(Click(*place, target.is_positive), self._object.shape) for place in places
        ]

    def _draw(
        self, target: Target, click_map: np.ndarray | BoxedMap, count: int
    ) -> list[tuple[int, int]]:
        """``count`` places in the target's box, where alone the map counts; [] without mass."""
        shape, box = self._object.shape, target.region.box
        if not isinstance(click_map, BoxedMap):
            click_map = np.asarray(click_map, np.float32)
        if click_map.shape != shape or (isinstance(click_map, BoxedMap) and click_map.box != box):
            raise ValueError(
                f"click_map must have the object_mask's shape {shape}, got {click_map.shape}"
            )
        if not isinstance(click_map, BoxedMap) and not np.isfinite(click_map).all():
            return []  # a map that is not finite has no mass to draw from
        if target.region.is_empty:
            return []
        free = target.error_mask[box] & self._not_clicked[box]
        values = click_map.at(free) if isinstance(click_map, BoxedMap) else click_map[box][free]
        size, places = (shape[0], shape[1]), np.flatnonzero(free)
        return sample_places(values, places, size, self._group, self._rng, count, box)

    def add(self, click: Click) -> Click:
        """Move a click, such as a real user's, into the image; its pixel is not clicked again."""
        inside = clip_click(click, self._object.shape)
        self._clicked += int(self._not_clicked[inside.y, inside.x])
        self._not_clicked[inside.y, inside.x] = False
        return inside


def clip_click(click: Click, shape: tuple[int, ...]) -> Click:
    """Move a click to the nearest pixel of an image of size ``shape``."""
    height, width = shape[:2]
    x, y = min(max(int(click.x), 0), width - 1), min(max(int(click.y), 0), height - 1)
    return Click(x, y, bool(click.is_positive))
