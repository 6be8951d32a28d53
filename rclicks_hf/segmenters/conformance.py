"""A small test that tells the author of a segmenter whether the benchmark can use it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rclicks_hf.data.instances import Click
from rclicks_hf.segmenters.interface import Prediction, Segmenter, in_one_line, wrong_parts

_TOLERANCE = 1e-3  # batched and single arithmetic of a network differ a little
_HEIGHT, _WIDTH = 61, 84


@dataclass(frozen=True)
class ConformanceCheck:
    """One thing that was tried on a segmenter.

    Attributes:
        name: What was tried.
        ok: Whether it went as the protocol says.
        detail: What was wrong, in one line; ``""`` where nothing was.
    """

    name: str
    ok: bool
    detail: str = ""


def check_segmenter(segmenter: Segmenter) -> list[ConformanceCheck]:
    """Try a segmenter on small images: shapes, ranges, memory, independence, repeatability.

    Args:
        segmenter: The object to try.

    Returns:
        One entry a check, in a fixed order; the segmenter conforms if all are ``ok``.

    Example:
        >>> from rclicks_hf.segmenters import GeoCut
        >>> all(check.ok for check in check_segmenter(GeoCut()))
        True
    """
    return [_try(name, check, segmenter) for name, check in _CHECKS.items()]


def check_predictions(
    predictions: Sequence[Prediction], count: int, shape: tuple[int, int]
) -> list[Prediction]:
    """The predictions themselves, if they are what the protocol asks for.

    Args:
        predictions: What `Segmenter.predict` returned.
        count: Number of trajectories.
        shape: (H, W) of the image.

    Raises:
        ValueError: If there is not one prediction a trajectory, or a probability is not a
            floating-point (H, W) array of values in [0, 1].

    Example:
        >>> check_predictions([Prediction(np.zeros((2, 3)))], 2, (2, 3))
        Traceback (most recent call last):
        ...
        ValueError: predict must return 2 predictions, got 1
    """
    found = list(predictions)
    if len(found) != count:
        raise ValueError(f"predict must return {count} predictions, got {len(found)}")
    for prediction in found:
        values = np.asarray(prediction.probability)
        if values.shape != shape or values.dtype.kind != "f":
            raise ValueError(
                f"probability must be a floating-point {shape} array, got shape {values.shape}, "
                f"dtype {values.dtype}"
            )
        low, high = float(values.min()), float(values.max())  # NaN where there is one
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError("probability must be finite, got NaN or infinite values")
        if low < -_TOLERANCE or high > 1 + _TOLERANCE:  # interpolation may overshoot a little
            raise ValueError(f"probability must lie in [0, 1], got {low:g} to {high:g}")
    return found


def _try(name: str, check: Callable[[Any], str], segmenter: Segmenter) -> ConformanceCheck:
    try:
        detail = check(segmenter)
    except (Exception, SystemExit) as error:  # whatever a stranger's code raises is the finding
        detail = in_one_line(error)
    return ConformanceCheck(name, not detail, detail)


def _image(height: int = _HEIGHT, width: int = _WIDTH) -> np.ndarray:
    """A bright ellipse on dark ground, with noise."""
    y, x = np.mgrid[:height, :width]
    inside = ((x / width - 0.5) / 0.25) ** 2 + ((y / height - 0.5) / 0.3) ** 2 < 1
    noise = np.random.default_rng(0).integers(0, 30, (height, width, 3))
    return (noise + np.where(inside, 190, 40)[..., None]).astype(np.uint8)


def _clicks() -> list[Click]:
    return [Click(_WIDTH // 2, _HEIGHT // 2, True), Click(3, 3, False), Click(50, 35, True)]


def _predict(segmenter: Any, state: Any, clicks: Any, previous: Any) -> list[Prediction]:
    predictions = segmenter.predict(state, clicks, previous)
    return check_predictions(predictions, len(clicks), (_HEIGHT, _WIDTH))


def _one(segmenter: Any, state: Any, clicks: list[Click], memory: Any = None) -> Prediction:
    return _predict(segmenter, state, [clicks], [memory])[0]


def _values(prediction: Prediction) -> np.ndarray:
    """A copy, which later calls cannot change."""
    return np.asarray(prediction.probability).copy()


def _gap(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first - second).max())


def _predicts_probabilities(segmenter: Any) -> str:
    _one(segmenter, segmenter.encode(_image()), _clicks()[:1])
    return ""


def _leaves_what_it_is_given(segmenter: Any) -> str:
    image, clicks = _image(), _clicks()
    given = list(clicks)
    _one(segmenter, segmenter.encode(image), given)
    if not np.array_equal(image, _image()):
        return "the image was changed: work on a copy"
    return "" if given == clicks else "the clicks were changed: work on a copy"


def _takes_memory(segmenter: Any) -> str:
    state, clicks, memory = segmenter.encode(_image()), _clicks(), None
    for count in range(1, len(clicks) + 1):
        memory = _one(segmenter, state, clicks[:count], memory).memory
    return ""


def _trajectories_are_independent(segmenter: Any) -> str:
    state, clicks = segmenter.encode(_image()), _clicks()
    batch = [clicks[:1], clicks, clicks[1:2]]
    # Copies: predictions that share one buffer are all the last one.
    together = [_values(p) for p in _predict(segmenter, state, batch, [None] * len(batch))]
    for number, (values, trajectory) in enumerate(zip(together, batch, strict=True)):
        gap = _gap(_values(_one(segmenter, state, trajectory)), values)
        if gap > _TOLERANCE:
            return f"trajectory {number} differs by {gap:.2g} when predicted with others"
    return ""


def _repeats(segmenter: Any) -> str:
    state, clicks = segmenter.encode(_image()), _clicks()
    first = _one(segmenter, state, clicks[:1])
    one_click = _values(first)
    before = _values(_one(segmenter, state, clicks[:2], first.memory))
    _one(segmenter, state, clicks, first.memory)
    gap = _gap(_values(_one(segmenter, state, clicks[:2], first.memory)), before)
    if gap > _TOLERANCE:
        return f"the same call differs by {gap:.2g}"
    gap = _gap(_values(_one(segmenter, segmenter.encode(_image()), clicks[:1])), one_click)
    return f"the image encoded again differs by {gap:.2g}" if gap > _TOLERANCE else ""


def _takes_a_negative_first_click(segmenter: Any) -> str:
    _one(segmenter, segmenter.encode(_image()), [Click(0, 0, False)])
    return ""


def _takes_border_clicks(segmenter: Any) -> str:
    _one(segmenter, segmenter.encode(_image()), [Click(_WIDTH - 1, _HEIGHT - 1, True)])
    return ""


def _takes_small_images(segmenter: Any) -> str:
    for height, width in ((1, 1), (2, 9), (33, 8)):
        state = segmenter.encode(_image(height, width))
        predictions = segmenter.predict(state, [[Click(0, 0, True)]], [None])
        check_predictions(predictions, 1, (height, width))
    return ""


_CHECKS: dict[str, Callable[[Any], str]] = {
    "has a name and a threshold": wrong_parts,
    "predicts probabilities of the image's size": _predicts_probabilities,
    "takes its memory back": _takes_memory,
    "leaves image and clicks as they are": _leaves_what_it_is_given,
    "trajectories are independent": _trajectories_are_independent,
    "repeats itself": _repeats,
    "takes a negative first click": _takes_a_negative_first_click,
    "takes clicks on the border": _takes_border_clicks,
    "takes small images": _takes_small_images,
}
