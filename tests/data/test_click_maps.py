from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from rclicks_hf.data.click_maps import click_map, soften

SIZE = (150, 220)


def _independent(x: np.ndarray, y: np.ndarray, mask: np.ndarray, sigma: float) -> np.ndarray:
    """The formula written out: a truncated, normalised Gaussian at every click."""
    diagonal = math.hypot(*mask.shape)
    s = sigma * diagonal / math.hypot(1080, 1920)
    side = math.ceil(7 * s)
    side += side % 2 == 0
    taps = np.exp(-((np.arange(side) - side // 2) ** 2) / (2 * s * s))
    taps /= taps.sum()
    half = side // 2
    padded = np.zeros((mask.shape[0] + 2 * half, mask.shape[1] + 2 * half))
    for column, row in zip(x, y, strict=True):
        padded[row : row + side, column : column + side] += np.outer(taps, taps)
    blurred = padded[half : half + mask.shape[0], half : half + mask.shape[1]]
    radius = int(5 * diagonal / (500 * math.sqrt(2)))
    return blurred / blurred.max() * gaussian_filter(mask.astype(float), radius)


@pytest.mark.parametrize("sigma", [2.0, 5.0, 40.0])
def test_matches_the_formula_written_out(sigma: float) -> None:
    rng = np.random.default_rng(1)
    mask = np.zeros(SIZE, bool)
    mask[30:120, 40:180] = True
    x, y = rng.integers(0, SIZE[1], 30), rng.integers(0, SIZE[0], 30)
    x[:3], y[:3] = 0, SIZE[0] - 1  # clicks on the border, and three on one pixel
    target = click_map(x, y, mask, sigma=sigma)
    assert target.dtype == np.float32
    np.testing.assert_allclose(target, _independent(x, y, mask, sigma), atol=2e-6)


def test_the_error_mask_is_softened_and_cuts() -> None:
    mask = np.zeros((600, 600), bool)
    mask[:, :300] = True
    target = click_map(np.array([299, 500]), np.array([300, 300]), mask)
    assert target[300, 500] == 0  # far outside the mask
    assert 0.4 < target[300, 299] < 0.6  # at its border


@pytest.mark.parametrize(
    ("x", "y", "mask", "sigma", "message"),
    [
        ([1], [1], np.ones((4, 4)), 5.0, r"error_mask must be \(H, W\) bool"),
        ([], [], np.ones((4, 4), bool), 5.0, "n >= 1"),
        ([1, 2], [1], np.ones((4, 4), bool), 5.0, r"got \(2,\) and \(1,\)"),
        ([4], [1], np.ones((4, 4), bool), 5.0, "must be inside"),
        ([1], [-1], np.ones((4, 4), bool), 5.0, "must be inside"),
        ([1], [1], np.ones((4, 4), bool), 0.0, "sigma must be positive"),
    ],
)
def test_bad_arguments(
    x: list[int], y: list[int], mask: np.ndarray, sigma: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        click_map(np.array(x, int), np.array(y, int), mask, sigma=sigma)


def test_a_softened_mask_that_is_given_changes_nothing() -> None:
    mask = np.zeros((60, 80), bool)
    mask[20:50, 10:60] = True
    x, y = np.array([20, 40]), np.array([25, 30])
    given = click_map(x, y, mask, softened=soften(mask))
    np.testing.assert_array_equal(given, click_map(x, y, mask))
    with pytest.raises(ValueError, match="error_mask must be"):
        soften(mask.astype(int))
