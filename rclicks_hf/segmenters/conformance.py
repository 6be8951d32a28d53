"""A quick check of whether the benchmark can use a segmenter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rclicks_hf.data.instances import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters.interface import (
    Prediction,
    Segmenter,
    on_dataset,
    settings_of,
    wrong_attributes,
)
from rclicks_hf.segmenters.registry import load_segmenter
from rclicks_hf.support.model_spec import in_one_line
from rclicks_hf.support.text.text_table import plain_table

_TOLERANCE = 1e-3  # a network's rounding differs between batched and single calls
_HALF_TOLERANCE = 0.05  # the same of one that computes in 16-bit floats
_HEIGHT, _WIDTH = 61, 84


@dataclass(frozen=True)
class ConformanceCheck:
    """The result of one check of a segmenter.

    Attributes:
        name: What was checked.
        ok: Whether the segmenter follows the interface there.
        detail: What was wrong, in one line; ``""`` if nothing was.
    """

    name: str
    ok: bool
    detail: str = ""


def check_segmenter(segmenter: Segmenter) -> list[ConformanceCheck]:
    """Check a segmenter on small images: shapes, ranges, memory, independence, repeatability.

    Args:
        segmenter: The object to check; exceptions of its code become findings.

    Returns:
        One entry per check, in a fixed order; the segmenter conforms if all are ``ok``.

    Example:
        >>> from rclicks_hf.segmenters import GeoCut
        >>> all(check.ok for check in check_segmenter(GeoCut()))
        True
    """
    return [_try(name, check, segmenter) for name, check in _CHECKS.items()]


def check_report(spec: str, **options: Any) -> tuple[str, bool]:
    """Load and check a segmenter: a table of the findings as text, and whether all are good."""
    name = "can be loaded"
    try:
        segmenter = load_segmenter(spec, **options)
    except RclicksError as error:
        checks = [ConformanceCheck(name, False, str(error))]
    else:
        checks = [ConformanceCheck(name, True), *check_segmenter(segmenter)]
    findings = [check.detail for check in checks]
    first = {detail: checks[findings.index(detail)].name for detail in findings if detail}
    rows = [
        [
            "✓" if check.ok else "✗",
            check.name,
            f'as for "{first[check.detail]}"'
            if check.detail and first[check.detail] != check.name
            else check.detail,
        ]
        for check in checks
    ]
    ok = all(check.ok for check in checks)
    verdict = "the benchmark can use it" if ok else "the benchmark cannot use it yet"
    return f"{plain_table([['', 'check', 'finding'], *rows], left=3)}\n\n{spec}: {verdict}", ok


def check_predictions(
    predictions: Sequence[Prediction], count: int, shape: tuple[int, int]
) -> list[Prediction]:
    """The predictions themselves if there are ``count`` valid (H, W) ones; ValueError otherwise."""
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
    except (Exception, SystemExit) as error:  # whatever the user's code raises is the finding
        detail = in_one_line(error)
    return ConformanceCheck(name, not detail, detail)


def _image(height: int = _HEIGHT, width: int = _WIDTH) -> np.ndarray:
    """A bright ellipse on a dark background, with noise."""
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


def _tolerance(segmenter: Any) -> float:
    return _TOLERANCE if getattr(segmenter, "dtype", "float32") == "float32" else _HALF_TOLERANCE


def _predicts_probabilities(segmenter: Any) -> str:
    _one(segmenter, segmenter.encode(_image()), _clicks()[:1])
    return ""


def _leaves_its_input_unchanged(segmenter: Any) -> str:
    image, clicks = _image(), _clicks()
    given = list(clicks)
    _one(segmenter, segmenter.encode(image), given)
    if not np.array_equal(image, _image()):
        return "the image was changed: work on a copy"
    return "" if given == clicks else "the clicks were changed: work on a copy"


def _accepts_memory(segmenter: Any) -> str:
    state, clicks, memory = segmenter.encode(_image()), _clicks(), None
    for count in range(1, len(clicks) + 1):
        memory = _one(segmenter, state, clicks[:count], memory).memory
    return ""


def _trajectories_are_independent(segmenter: Any) -> str:
    state, clicks = segmenter.encode(_image()), _clicks()
    batch = [clicks[:1], clicks, clicks[1:2]]
    # Copies, because predictions that share one buffer would all equal the last one.
    together = [_values(p) for p in _predict(segmenter, state, batch, [None] * len(batch))]
    for number, (values, trajectory) in enumerate(zip(together, batch, strict=True)):
        gap = _gap(_values(_one(segmenter, state, trajectory)), values)
        if gap > _tolerance(segmenter):
            return f"trajectory {number} differs by {gap:.2g} when predicted with others"
    return ""


def _is_repeatable(segmenter: Any) -> str:
    state, clicks = segmenter.encode(_image()), _clicks()
    first = _one(segmenter, state, clicks[:1])
    one_click = _values(first)
    before = _values(_one(segmenter, state, clicks[:2], first.memory))
    _one(segmenter, state, clicks, first.memory)
    gap = _gap(_values(_one(segmenter, state, clicks[:2], first.memory)), before)
    if gap > _tolerance(segmenter):
        return f"the same call differs by {gap:.2g}"
    gap = _gap(_values(_one(segmenter, segmenter.encode(_image()), clicks[:1])), one_click)
    return f"the image encoded again differs by {gap:.2g}" if gap > _tolerance(segmenter) else ""


def _accepts_a_negative_first_click(segmenter: Any) -> str:
    _one(segmenter, segmenter.encode(_image()), [Click(0, 0, False)])
    return ""


def _accepts_border_clicks(segmenter: Any) -> str:
    _one(segmenter, segmenter.encode(_image()), [Click(_WIDTH - 1, _HEIGHT - 1, True)])
    return ""


def _accepts_small_images(segmenter: Any) -> str:
    for height, width in ((1, 1), (2, 9), (33, 8)):
        state = segmenter.encode(_image(height, width))
        predictions = segmenter.predict(state, [[Click(0, 0, True)]], [None])
        check_predictions(predictions, 1, (height, width))
    return ""


def _adapts_to_datasets(segmenter: Any) -> str:
    before = settings_of(segmenter)
    for dataset in ("davis", "tetris"):
        for reference in (False, True):
            settings_of(on_dataset(segmenter, dataset, reference=reference))
    return "" if settings_of(segmenter) == before else "for_dataset changed the segmenter itself"


_CHECKS: dict[str, Callable[[Any], str]] = {
    "has a name and a threshold": wrong_attributes,
    "predicts probabilities of the image's size": _predicts_probabilities,
    "accepts its memory": _accepts_memory,
    "does not change image or clicks": _leaves_its_input_unchanged,
    "trajectories are independent": _trajectories_are_independent,
    "is repeatable": _is_repeatable,
    "accepts a negative first click": _accepts_a_negative_first_click,
    "accepts clicks on the image border": _accepts_border_clicks,
    "accepts small images": _accepts_small_images,
    "adapts to datasets, if at all": _adapts_to_datasets,
}
