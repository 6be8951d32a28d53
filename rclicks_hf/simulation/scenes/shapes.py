"""Signed distance fields, of which the objects of generated scenes are made.

A field maps a `Frame` to an (H, W) array: negative inside, positive outside, about Euclidean near
the outline. One field thus gives the exact mask, anti-aliased edges and shading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np

Point = tuple[float, float]


class Frame(NamedTuple):
    """Coordinates (H, W) of every pixel in an object's frame: u to the right, v down."""

    u: np.ndarray
    v: np.ndarray

    def turned(self, center: Point, angle: float) -> Frame:
        """The frame of a part at ``center``, turned by ``angle`` radians."""
        du, dv = self.u - center[0], self.v - center[1]
        if angle == 0:
            return Frame(du, dv)
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        return Frame(c * du + s * dv, c * dv - s * du)


Field = Callable[[Frame], np.ndarray]


def ellipse(center: Point, radii: Point, angle: float = 0.0) -> Field:
    """Filled ellipse with half axes ``radii``; a first-order distance, exact for a circle."""

    def field(frame: Frame) -> np.ndarray:
        p = frame.turned(center, angle)
        a, b = p.u / radii[0], p.v / radii[1]
        k0 = np.hypot(a, b)
        k1 = np.hypot(a / radii[0], b / radii[1])
        distance = k0 * (k0 - 1) / np.maximum(k1, 1e-6)
        return np.where(k0 < 1e-3, -min(radii), distance)

    return field


def box(center: Point, half: Point, rounding: float = 0.0, angle: float = 0.0) -> Field:
    """Rectangle with rounded corners; ``half`` is half its width and height, rounding included."""

    def field(frame: Frame) -> np.ndarray:
        p = frame.turned(center, angle)
        a = np.abs(p.u) - (half[0] - rounding)
        b = np.abs(p.v) - (half[1] - rounding)
        outside = np.hypot(np.maximum(a, 0), np.maximum(b, 0))
        return outside + np.minimum(np.maximum(a, b), 0) - rounding

    return field


def stroke(points: Sequence[Point], start: float, end: float | None = None) -> Field:
    """Round-ended line through points; its radius changes evenly from ``start`` to ``end``."""
    radii = np.linspace(start, start if end is None else end, len(points))

    def field(frame: Frame) -> np.ndarray:
        distance = np.full(frame.u.shape, np.inf, np.float32)
        for (a, b), r, r_next in zip(pairwise(points), radii, radii[1:], strict=False):
            along, across = b[0] - a[0], b[1] - a[1]
            du, dv = frame.u - a[0], frame.v - a[1]
            t = np.clip((du * along + dv * across) / (along**2 + across**2 + 1e-12), 0, 1)
            gap = np.hypot(du - t * along, dv - t * across) - (r + (r_next - r) * t)
            np.minimum(distance, gap, out=distance)
        return distance

    return field


def polygon(points: Sequence[Point]) -> Field:
    """Filled simple polygon; the last point joins the first."""
    edges = list(zip(points, [*points[1:], points[0]], strict=True))

    def field(frame: Frame) -> np.ndarray:
        distance = stroke([*points, points[0]], 0.0)(frame)
        inside = np.zeros(frame.u.shape, bool)
        for (ax, ay), (bx, by) in edges:
            if ay == by:
                continue
            crosses = (frame.v < ay) != (frame.v < by)
            inside ^= crosses & (frame.u < ax + (frame.v - ay) * ((bx - ax) / (by - ay)))
        return np.where(inside, -distance, distance)

    return field


def lobes(center: Point, radius: float, depth: float, count: int, sharpness: float = 0.0) -> Field:
    """Disk whose radius waves ``count`` times (petals, starfish arms; gear teeth if sharp).

    ``depth`` is the amplitude as a share of the radius; larger ``sharpness`` gives steeper flanks.
    """

    def field(frame: Frame) -> np.ndarray:
        p = frame.turned(center, 0.0)
        phase = count * np.arctan2(p.v, p.u)
        wave = np.cos(phase)
        slope = -count * depth * np.sin(phase)
        if sharpness:
            steep = np.tanh(sharpness * wave)
            slope = slope * sharpness * (1 - steep**2)
            wave = steep
        # Divided by the slope of the flanks, it is a distance near the outline.
        return (np.hypot(p.u, p.v) - radius * (1 + depth * wave)) / np.hypot(1, slope)

    return field


def outline(field: Field, width: float) -> Field:
    """A band of half thickness ``width`` along the outline of ``field``."""
    return lambda frame: np.abs(field(frame)) - width


def common(*fields: Field) -> Field:
    """Intersection of fields."""
    return lambda frame: reduce(np.maximum, (field(frame) for field in fields))


def _smooth_minimum(a: np.ndarray, b: np.ndarray, blend: float) -> np.ndarray:
    """Minimum whose crease is filled over the width ``blend`` (a fillet between two parts)."""
    if blend == 0:
        return np.minimum(a, b)
    fill = np.maximum(blend - np.abs(a - b), 0) / blend
    return np.minimum(a, b) - fill * fill * (blend / 4)


@dataclass(frozen=True)
class Part:
    """One part of an object, painted over the parts before it."""

    field: Field
    material: int = 0  # which of the object's three materials
    blend: float = 0.0  # width of the fillet to the parts before it


@dataclass(frozen=True)
class Shape:
    """An object: the union of its parts, in painting order, without its holes."""

    parts: tuple[Part, ...]
    holes: tuple[Field, ...] = ()

    def distance(self, frame: Frame) -> np.ndarray:
        """(H, W) field of the whole object in the units of the frame."""
        total = self.parts[0].field(frame)
        for part in self.parts[1:]:
            total = _smooth_minimum(total, part.field(frame), part.blend)
        for hole in self.holes:
            total = np.maximum(total, -hole(frame))
        return total
