"""Synthetic previous masks: an object mask with a part missing and some background added.

They stand in for the predictions that people correct in later rounds.
"""

from __future__ import annotations

import cv2
import numpy as np

from rclicks_hf.support.pixels.distances import distance_transform

# Each error is the part of its domain where a smooth random score is lowest, cut at the wanted
# area, so that it is never empty and never speckled.
# Areas of the errors as shares of the object area. The error that the annotator is asked to correct
# is about as large as in the paper's synthetic (MiVOS) rounds on GrabCut, whose medians are
# 0.54 (fn) and 0.62 (fp); the other error is small.
MAIN_SHARE = {"fn": (0.25, 0.8), "fp": (0.2, 1.0)}
SLIGHT_SHARE = (0.02, 0.15)
BACKGROUND_SHARE = 0.5  # upper limit of the share of the background that is added
LOST_COMPONENT_SHARE = 0.1  # smallest share of the object of a component that may be lost whole
WAVINESS = (0.05, 0.15)  # standard deviation of the wavy cut, share of the object size
WAVELENGTH = 0.35  # of the wavy cut, share of the object size


def distort_mask(object_mask: np.ndarray, click_type: str, rng: np.random.Generator) -> np.ndarray:
    """A plausible wrong mask that mainly misses part of the object (fn) or adds background (fp).

    The error of the wanted type is empty only where it cannot exist: fp without any background.
    """
    if object_mask.ndim != 2 or object_mask.dtype != bool or not object_mask.any():
        raise ValueError(
            f"object_mask must be non-empty (H, W) bool, got {object_mask.dtype} "
            f"{object_mask.shape}"
        )
    if click_type not in MAIN_SHARE:
        raise ValueError(f"click_type must be 'fn' or 'fp', got {click_type!r}")
    shares = {**dict.fromkeys(MAIN_SHARE, SLIGHT_SHARE), click_type: MAIN_SHARE[click_type]}
    area = int(object_mask.sum())
    missed = _missed_part(object_mask, area * rng.uniform(*shares["fn"]), click_type, rng)
    added = _added_background(object_mask, area * rng.uniform(*shares["fp"]), rng)
    return (object_mask & ~missed) | added


def _missed_part(
    object_mask: np.ndarray, area: float, click_type: str, rng: np.random.Generator
) -> np.ndarray:
    """Part of the object: a whole component, everything beyond a wavy line, or a bite."""
    kind = rng.choice(["component", "line", "bite"])
    if kind == "component" and click_type == "fn":
        lost = _lost_component(object_mask, rng)
        if lost is not None:
            return lost
    if kind == "bite":
        score = _distance_to(_random_pixel(object_mask, rng), object_mask.shape)
    else:
        score = _slope(object_mask.shape, rng)
    score += _waves(object_mask, rng)
    return _lowest(score, object_mask, area)


def _added_background(object_mask: np.ndarray, area: float, rng: np.random.Generator) -> np.ndarray:
    """Background next to the object: a blob, or a band along one side."""
    background = ~object_mask
    if not background.any():
        return background
    distance = distance_transform(background)
    if rng.random() < 0.5:
        anchor = _random_pixel(background & (distance <= 1.5), rng)
        # Half the distance to the object keeps the blob in contact with it.
        score = _distance_to(anchor, object_mask.shape) + 0.5 * distance
    else:
        score = distance + 0.5 * _slope(object_mask.shape, rng)
    score += _waves(object_mask, rng)
    return _lowest(score, background, min(area, BACKGROUND_SHARE * background.sum()))


def _lost_component(object_mask: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """One of the object's larger components, None if it has only one."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(object_mask.astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA]
    large = [i for i in range(1, count) if areas[i] >= LOST_COMPONENT_SHARE * object_mask.sum()]
    if len(large) < 2:
        return None
    return labels == rng.choice(large)


def _lowest(score: np.ndarray, domain: np.ndarray, area: float) -> np.ndarray:
    """The pixels of the domain with the lowest scores; at least one, about ``area`` of them."""
    values = score[domain]
    count = int(np.clip(round(area), 1, values.size))
    return domain & (score <= np.partition(values, count - 1)[count - 1])


def _random_pixel(mask: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
    """Row and column of a pixel drawn uniformly from the mask."""
    row, column = np.unravel_index(rng.choice(np.flatnonzero(mask)), mask.shape)
    return int(row), int(column)


def _distance_to(pixel: tuple[int, int], shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) float32 distance to a pixel (row, column)."""
    rows, columns = (np.arange(side, dtype=np.float32) for side in shape)
    return np.hypot(rows[:, None] - pixel[0], columns[None] - pixel[1])


def _slope(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(H, W) float32 coordinate along a random direction, pixels."""
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = (np.arange(side, dtype=np.float32) for side in shape)
    return np.float32(np.sin(angle)) * rows[:, None] + np.float32(np.cos(angle)) * columns[None]


def _waves(object_mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W) float32 smooth noise; amplitude and wavelength are proportional to the object size."""
    size = float(np.sqrt(object_mask.sum()))
    height, width = object_mask.shape
    cell = max(WAVELENGTH * size, 2.0)
    grid = rng.standard_normal((int(height / cell) + 2, int(width / cell) + 2)).astype(np.float32)
    noise = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    return noise * np.float32(rng.uniform(*WAVINESS) * size)
