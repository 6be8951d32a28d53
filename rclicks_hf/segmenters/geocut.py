"""GeoCut: interactive segmentation without weights, for demos, tests and as a lower baseline.

Geodesic distances over colour differences assign each pixel to the nearest click; one GrabCut
iteration around that object then moves its border by colour models. The first mask depends on the
click's place, so robustness metrics are meaningful. It is weak at objects that touch the image
border and at thin parts, and the IoU may fall after a click.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from rclicks_hf.data.instances import Click
from rclicks_hf.segmenters.interface import Prediction, check_image, clicks_inside

SCALE = 2  # image pixels per graph pixel, along each axis
LENGTH_COST = 0.02  # of one graph pixel of path; a step from black to white in Lab costs 1
BAND = 0.35  # reach of the colour models beyond the geodesic object, in square roots of its area
SEED_RADIUS = 5  # graph pixels around a click that are certain to have its sign

_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))  # (dy, dx); the other four follow by symmetry
_MODEL_SHAPE = (1, 65)  # OpenCV's layout of a mixture of five Gaussians
_NO_RECTANGLE = (0, 0, 1, 1)  # unused: the labels initialise GrabCut
_LARGEST_LAB = 100.0


@dataclass(frozen=True, eq=False)
class GeoCutState:
    """An encoded image."""

    shape: tuple[int, int]  # (H, W) of the image
    small: np.ndarray  # (h, w, 3) uint8 RGB, the image at half the resolution
    graph: csr_matrix  # (h·w, h·w) costs between neighbouring pixels
    border_distance: np.ndarray  # (h·w,) geodesic distance to the image border


@dataclass(frozen=True, eq=False)
class GeoCutMemory:
    """Distances after the clicks so far."""

    clicks: int  # how many clicks are included
    to_object: np.ndarray  # (h·w,) to the nearest positive click; inf beyond all background seeds
    to_background: np.ndarray  # (h·w,) to the nearest negative click or the image border


class GeoCut:
    """Geodesic distances from the clicks, then one GrabCut iteration around the object.

    Deterministic, and independent of which trajectories are predicted together.

    Example:
        >>> image = np.zeros((40, 40, 3), np.uint8)
        >>> image[10:30, 10:30] = 255
        >>> geocut = GeoCut()
        >>> state = geocut.encode(image)
        >>> [prediction] = geocut.predict(state, [[Click(20, 20, True)]], [None])
        >>> is_object = prediction.probability > geocut.threshold
        >>> bool(is_object[15:25, 15:25].all()), bool(is_object[:5].any())
        (True, False)
    """

    name = "geocut"
    threshold = 0.5
    batched = False  # trajectories are processed one by one

    def encode(self, image: np.ndarray) -> GeoCutState:
        """Build the half-resolution graph and the distances to the image border."""
        check_image(image)
        height, width = image.shape[:2]
        size = (math.ceil(width / SCALE), math.ceil(height / SCALE))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        graph = _colour_graph(small)
        border = np.ones(small.shape[:2], bool)
        border[1:-1, 1:-1] = False
        distance = dijkstra(graph, indices=np.flatnonzero(border), min_only=True)
        return GeoCutState((height, width), small, graph, distance)

    def predict(
        self,
        state: GeoCutState,
        clicks: Sequence[Sequence[Click]],
        previous: Sequence[Any],
    ) -> list[Prediction]:
        """See `Segmenter.predict`."""
        clicks = clicks_inside(clicks, state.shape)
        return [
            self._predict_one(state, trajectory, memory)
            for trajectory, memory in zip(clicks, previous, strict=True)
        ]

    def _predict_one(
        self, state: GeoCutState, clicks: Sequence[Click], memory: GeoCutMemory | None
    ) -> Prediction:
        memory = _update(state, clicks, memory)
        nearer = (memory.to_object < memory.to_background).reshape(state.small.shape[:2])
        refined = _refine(state.small, nearer, clicks)
        height, width = state.shape
        enlarged = cv2.resize(
            refined.astype(np.float32), None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_LINEAR
        )
        return Prediction(np.ascontiguousarray(enlarged[:height, :width]), memory)


def _colour_graph(image: np.ndarray) -> csr_matrix:
    """Costs between 8-connected pixels: length of the step plus colour change in Lab."""
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    height, width = lab.shape[:2]
    number = np.arange(height * width, dtype=np.int32).reshape(height, width)
    starts, ends, costs = [], [], []
    for dy, dx in _NEIGHBOURS:
        start = np.s_[: height - dy, max(0, -dx) : width - max(0, dx)]
        end = np.s_[dy:, max(0, dx) : width + min(0, dx)]
        change = np.linalg.norm(lab[start] - lab[end], axis=-1).ravel()
        costs.append(LENGTH_COST * math.hypot(dy, dx) + change.astype(np.float64) / _LARGEST_LAB)
        starts.append(number[start].ravel())
        ends.append(number[end].ravel())
    pairs = (np.concatenate(starts + ends), np.concatenate(ends + starts))
    return csr_matrix((np.concatenate(costs + costs), pairs), shape=(number.size, number.size))


def _update(
    state: GeoCutState, clicks: Sequence[Click], memory: GeoCutMemory | None
) -> GeoCutMemory:
    """Distances after all clicks; those in the memory are not computed again."""
    if memory is None:
        nowhere = np.full(state.border_distance.shape, np.inf)
        memory = GeoCutMemory(0, nowhere, state.border_distance)
    to_object, to_background = memory.to_object, memory.to_background
    width = state.small.shape[1]
    for click in clicks[memory.clicks :]:
        x, y = _graph_pixel(click)
        # Background distances only shrink: no pixel beyond the largest one can become object.
        distance = dijkstra(state.graph, indices=y * width + x, limit=float(to_background.max()))
        if click.is_positive:
            to_object = np.minimum(to_object, distance)
        else:
            to_background = np.minimum(to_background, distance)
    return GeoCutMemory(len(clicks), to_object, to_background)


def _refine(image: np.ndarray, nearer: np.ndarray, clicks: Sequence[Click]) -> np.ndarray:
    """(h, w) bool: the geodesic object with its border refined by colour models."""
    labels = np.full(nearer.shape, cv2.GC_BGD, np.uint8)
    area = int(np.count_nonzero(nearer))
    if area:
        outside = (~nearer).astype(np.uint8)
        distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_3)
        labels[distance <= BAND * math.sqrt(area)] = cv2.GC_PR_BGD
        labels[nearer] = cv2.GC_PR_FGD
    _plant_seeds(labels, nearer, clicks)
    is_object = _is_object(labels)
    if is_object.all() or not is_object.any():
        return is_object  # there are no two colour models to compare
    cv2.setRNGSeed(0)  # its k-means is initialised at random
    background, foreground = np.zeros(_MODEL_SHAPE), np.zeros(_MODEL_SHAPE)
    cv2.grabCut(image, labels, _NO_RECTANGLE, background, foreground, 1, cv2.GC_INIT_WITH_MASK)
    return _is_object(labels)


def _plant_seeds(labels: np.ndarray, nearer: np.ndarray, clicks: Sequence[Click]) -> None:
    """Fix disks at the clicks, up to the geodesic border; small objects would vanish otherwise."""
    sides = ((True, cv2.GC_FGD, nearer), (False, cv2.GC_BGD, ~nearer))
    for is_positive, label, side in sides:
        disks = np.zeros(labels.shape, np.uint8)
        for click in clicks:
            if click.is_positive == is_positive:
                cv2.circle(disks, _graph_pixel(click), SEED_RADIUS, 1, cv2.FILLED)
        labels[(disks == 1) & side] = label
    for click in clicks:
        x, y = _graph_pixel(click)
        labels[y, x] = cv2.GC_FGD if click.is_positive else cv2.GC_BGD


def _graph_pixel(click: Click) -> tuple[int, int]:
    """(x, y) of a click at the resolution of the graph."""
    return int(click.x) // SCALE, int(click.y) // SCALE


def _is_object(labels: np.ndarray) -> np.ndarray:
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
