"""The interface of a segmenter: what an interactive segmentation method has to offer.

Any class with ``name``, ``threshold``, ``encode`` and ``predict`` is a segmenter; there is no base
class to inherit from. `docs/benchmark_your_method.md` shows one in ten lines.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Protocol, runtime_checkable

import numpy as np

from rclicks_hf.data.instances import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.model_spec import in_one_line

_METHODS = ("encode", "predict")


@dataclass(frozen=True, eq=False)
class Prediction:
    """A segmenter's result for one trajectory.

    Attributes:
        probability: (H, W) float32 in [0, 1], of the image's size; the object is where it is above
            the segmenter's ``threshold``.
        memory: Passed back with the trajectory's next clicks, for example the previous mask; None
            if the segmenter needs nothing. It must not be changed afterwards.

    Example:
        >>> prediction = Prediction(np.array([[0.2, 0.9]], np.float32))
        >>> (prediction.probability > 0.5).tolist()
        [[False, True]]
    """

    probability: np.ndarray
    memory: Any = None


@runtime_checkable
class Segmenter(Protocol):
    """An interactive segmentation method.

    Attributes:
        name: What tables call it.
        threshold: The object is where the probability is above this, in (0, 1).

    Four more are optional:

    - ``batched = True`` if one call with many trajectories is as cheap as separate calls, or
      cheaper, as it is on a GPU; see `is_batched`.
    - ``encodes_ahead = True`` if `encode` may run in another thread while `predict` runs: on a GPU
      the next image is then encoded while the last one is segmented and scored.
    - ``for_dataset(dataset, *, reference)`` if the method has other settings on some datasets; see
      `on_dataset`.
    - ``settings``, a mapping that JSON can hold: what changes the output besides the weights. It is
      stored with the results, and results with other settings are not added to them.
    """

    name: str
    threshold: float

    def encode(self, image: np.ndarray) -> Any:
        """Do everything that does not depend on the clicks, once per image.

        Args:
            image: (H, W, 3) uint8 RGB.

        Returns:
            The state that `predict` takes; many trajectories share it, so `predict` must not change
            it.
        """
        ...

    def predict(
        self,
        state: Any,
        clicks: Sequence[Sequence[Click]],
        previous: Sequence[Any],
    ) -> list[Prediction]:
        """Segment one image for many independent trajectories at once.

        Args:
            state: What `encode` returned.
            clicks: Per trajectory ALL its clicks so far, oldest first, at least one.
            previous: Per trajectory the ``memory`` of its last prediction; None at its start.

        Returns:
            One prediction per trajectory, independent of which others are in the call.
        """
        ...


def is_batched(segmenter: Segmenter) -> bool:
    """Whether a segmenter gains from many trajectories per call; false if it does not say."""
    return bool(getattr(segmenter, "batched", False))


def on_dataset(segmenter: Segmenter, dataset: str, *, reference: bool) -> Segmenter:
    """The segmenter as it is for a source dataset: itself if it has no ``for_dataset``.

    ``for_dataset`` is cheap, leaves the segmenter as it is, and what it returns shares the weights.
    ``dataset`` is a key of `SOURCE_DATASETS` or any other name; ``reference`` asks for what the
    paper's code does even where that looks like a defect (`zoom_rule` of the benchmark's protocol).
    """
    fit = getattr(segmenter, "for_dataset", None)
    if fit is None:
        return segmenter
    where = f"{segmenter.name}, for_dataset({dataset!r})"
    try:
        fitted = fit(dataset, reference=reference)
    except (Exception, SystemExit) as error:
        raise RclicksError(f"{where}: raised {in_one_line(error)}; fix that") from error
    return require_segmenter(fitted, where)


def settings_of(segmenter: Segmenter) -> dict[str, Any]:
    """The ``settings`` of a segmenter as JSON gives them back; empty if it has none."""
    try:
        return dict(json.loads(json.dumps(dict(getattr(segmenter, "settings", None) or {}))))
    except (TypeError, ValueError) as error:
        raise RclicksError(
            f"{segmenter.name}: its settings are not a mapping that JSON can hold ({error}); "
            "fix that"
        ) from error


def check_image(image: np.ndarray) -> None:
    """Raise ValueError unless the image is (H, W, 3) uint8 with at least one pixel."""
    if not isinstance(image, np.ndarray):
        raise ValueError(f"image must be an (H, W, 3) uint8 array, got {type(image).__name__}")
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise ValueError(
            f"image must be (H, W, 3) uint8, got shape {image.shape}, dtype {image.dtype}; a grey "
            "image or one with alpha has to be converted to RGB"
        )


def clicks_inside(
    trajectories: Sequence[Sequence[Click]], shape: tuple[int, int]
) -> list[list[Click]]:
    """The clicks, each at its nearest pixel of (H, W) ``shape``; ValueError if one is none."""
    return [[_inside(click, *shape) for click in trajectory] for trajectory in trajectories]


def _inside(click: Click, height: int, width: int) -> Click:
    try:
        x, y, is_positive = click
        is_click = math.isfinite(x) and math.isfinite(y) and is_positive in (0, 1)
    except (TypeError, ValueError, OverflowError):
        is_click = False
    if not is_click:
        raise ValueError(f"{click!r} is not a click; give Click(x, y, is_positive), x and y finite")
    return Click(min(max(x, 0), width - 1), min(max(y, 0), height - 1), bool(is_positive))


def require_segmenter(segmenter: Any, where: str) -> Segmenter:
    """The object itself if it implements the interface; errors start with ``where``."""
    if isinstance(segmenter, type):
        raise RclicksError(f"{segmenter.__name__}: is a class; give an instance of it")
    missing = [f"a {part}" for part in ("name", "threshold") if not hasattr(segmenter, part)]
    missing += [f"{m}()" for m in _METHODS if not callable(getattr(segmenter, m, None))]
    if missing:
        raise RclicksError(f"{where}: not a segmenter: it lacks {', '.join(missing)}; add that")
    if wrong := wrong_attributes(segmenter):
        raise RclicksError(f"{where}: {wrong}; fix that")
    return segmenter


def wrong_attributes(segmenter: Segmenter) -> str:
    """What is wrong with a segmenter's name or threshold, in one line; ``""`` if nothing is."""
    name, threshold = segmenter.name, segmenter.threshold
    if not isinstance(name, str) or not name:
        return f"name must be a non-empty text, got {name!r}"
    if not isinstance(threshold, Real) or not 0 < threshold < 1:
        return f"threshold must be a number in (0, 1), got {threshold!r}"
    return ""
