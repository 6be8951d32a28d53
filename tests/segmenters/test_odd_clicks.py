"""Clicks that are outside, of other types, or none: the same for every kind of segmenter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from helpers.tiny_networks import tiny_segmenter

from rclicks_hf import load_segmenter
from rclicks_hf.data import Click

IMAGE = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)


@pytest.fixture(scope="module", params=["geocut", "sam", "ritm"])
def predict(request: pytest.FixtureRequest) -> Any:
    name = request.param
    segmenter = load_segmenter(name) if name == "geocut" else tiny_segmenter(name)
    state = segmenter.encode(IMAGE)
    return lambda *clicks: segmenter.predict(state, [clicks], [None])[0].probability


def test_what_means_the_same_click_gives_the_same(predict: Any) -> None:
    expected = predict(Click(59, 0, True), Click(3, 4, False))
    for first, second in (
        ((59, 0, True), (3, 4, False)),
        (Click(10**30, -5, True), Click(3, 4, False)),
        (Click(np.int64(59), np.int32(0), np.bool_(True)), Click(3.0, np.float64(4), np.int8(0))),
    ):
        np.testing.assert_array_equal(predict(first, second), expected)


@pytest.mark.parametrize(
    "click",
    [
        (float("nan"), 3, True),
        (float("inf"), 3, True),
        ("3", 3, True),
        (3, 3),
        (3, 3, -1),
        (3, 3, None),
        None,
    ],
)
def test_what_is_no_click_is_refused(predict: Any, click: Any) -> None:
    with pytest.raises(ValueError, match=r"is not a click; give Click\(x, y, is_positive\)"):
        predict(Click(3, 3, True), click)
