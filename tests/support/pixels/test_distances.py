from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from rclicks_hf.support.pixels.distances import distance_transform


def masks() -> st.SearchStrategy[np.ndarray]:
    sides = st.integers(1, 24)
    return st.tuples(sides, sides, st.integers(0, 999), st.floats(0.05, 0.95)).map(
        lambda spec: np.random.default_rng(spec[2]).random(spec[:2]) < spec[3]
    )


@given(masks())
@settings(deadline=None)
def test_it_is_the_exact_transform(mask: np.ndarray) -> None:
    padded = np.pad(mask, 1)
    expected = distance_transform_edt(padded)[1:-1, 1:-1].astype(np.float32)
    assert np.array_equal(distance_transform(mask, border_is_outside=True), expected)
    if not mask.all():
        plain = distance_transform_edt(mask).astype(np.float32)
        assert np.array_equal(distance_transform(mask), plain)


def test_it_repeats_bit_for_bit_wherever_the_mask_lies_in_memory() -> None:
    rng = np.random.default_rng(0)
    mask = rng.random((97, 131)) < 0.97
    first = distance_transform(mask)
    for offset in range(16):
        buffer = np.zeros(mask.size + 16, bool)
        view = buffer[offset : offset + mask.size].reshape(mask.shape)
        view[:] = mask
        assert np.array_equal(distance_transform(view), first)


def test_a_mask_without_an_outside_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mask \(3, 4\) is all true"):
        distance_transform(np.ones((3, 4), bool))
