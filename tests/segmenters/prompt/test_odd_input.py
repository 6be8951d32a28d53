"""SAM-like segmenters given what nobody means to give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from helpers.tiny_networks import FAMILIES, tiny_segmenter
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rclicks_hf.data import Click

IMAGE = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)


@pytest.fixture(params=FAMILIES)
def segmenter(request: pytest.FixtureRequest) -> Any:
    return tiny_segmenter(request.param)


def predict(segmenter: Any, clicks: list[Click], image: np.ndarray = IMAGE) -> np.ndarray:
    [found] = segmenter.predict(segmenter.encode(image), [clicks], [None])
    assert found.probability.shape == image.shape[:2]
    assert np.isfinite(found.probability).all()
    return found.probability


def test_a_hundred_clicks_and_none_that_is_positive(segmenter: Any) -> None:
    rng = np.random.default_rng(0)
    places = np.stack([rng.integers(70, size=100), rng.integers(50, size=100)], 1).tolist()
    many = predict(segmenter, [Click(x, y, i % 3 > 0) for i, (x, y) in enumerate(places)])
    negative = predict(segmenter, [Click(x, y, False) for x, y in places[:2]])
    assert (many != negative).any()


def test_a_click_outside_counts_as_the_nearest_pixel(segmenter: Any) -> None:
    outside, corner = Click(10**6, -5, True), Click(69, 0, True)
    np.testing.assert_array_equal(predict(segmenter, [outside]), predict(segmenter, [corner]))


def test_a_trajectory_without_a_click_is_named(segmenter: Any) -> None:
    with pytest.raises(ValueError, match="a trajectory has no click; give at least one"):
        segmenter.predict(segmenter.encode(IMAGE), [[Click(1, 1, True)], []], [None, None])


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (4, 4, 4)])
def test_grey_and_alpha_are_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"a grey image or one with alpha has to be converted"):
        tiny_segmenter("sam").encode(np.zeros(shape, np.uint8))


class Largest(TorchDispatchMode):
    """Remembers the largest result of an operation."""

    size = 0  # bytes

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = operation(*args, **(kwargs or {}))
        sizes = [leaf.nbytes for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        self.size = max(self.size, *sizes, 0)
        return result


def test_a_large_image_takes_at_most_four_bytes_per_pixel_at_a_time(segmenter: Any) -> None:
    height, width = 1500, 1000
    with Largest() as mode:
        predict(segmenter, [Click(5, 5, True)], np.full((height, width, 3), 9, np.uint8))
    assert height * width < mode.size <= 4 * height * width
