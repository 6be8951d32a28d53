"""Signed distance fields: the outlines that the generated demo scenes are made of.

A field is a function of a `Frame` (coordinates of every pixel in the object's own frame, about
-1..1 over the object, x right, y down) that returns an (H, W) array: negative inside, positive
outside, zero on the outline, about Euclidean near it. Unions are minima, holes are maxima, and
thresholding gives an exact mask while the same field gives anti-aliased edges and shading.
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
    """Coordinates of every pixel in the frame of an object.

    Attributes:
        u: (H, W) float32, to the right.
        v: (H, W) float32, down.
    """

    u: np.ndarray
    v: np.ndarray

    def turned(self, center: Point, angle: float) -> Frame:
        """The frame of a part that stands at ``center``, turned by ``angle`` radians."""
        du, dv = self.u - center[0], self.v - center[1]
        if angle == 0:
            return Frame(du, dv)
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        return Frame(c * du + s * dv, c * dv - s * du)


Field = Callable[[Frame], np.ndarray]


def ellipse(center: Point, radii: Point, angle: float = 0.0) -> Field:
    """Filled ellipse; the distance is of first order (exact for a circle).

    Args:
        center: (x, y) of the middle.
        radii: Half axes.
        angle: Turn in radians.

    Returns:
        Its distance field.

    Example:
        >>> frame = Frame(np.float32([[0, 2, 3]]), np.float32([[0, 0, 0]]))
        >>> ellipse((0, 0), (2, 1))(frame).round(2).tolist()
        [[-1.0, 0.0, 1.0]]
    """

    def field(frame: Frame) -> np.ndarray:
        p = frame.turned(center, angle)
        a, b = p.u / radii[0], p.v / radii[1]
        k0 = np.hypot(a, b)
        k1 = np.hypot(a / radii[0], b / radii[1])
        distance = k0 * (k0 - 1) / np.maximum(k1, 1e-6)
        return np.where(k0 < 1e-3, -min(radii), distance)

    return field


def box(center: Point, half: Point, rounding: float = 0.0, angle: float = 0.0) -> Field:
    """Rectangle with rounded corners.

    Args:
        center: (x, y) of the middle.
        half: Half width and half height, rounding included.
        rounding: Radius of the corners.
        angle: Turn in radians.

    Returns:
        Its distance field.

    Example:
        >>> frame = Frame(np.float32([[0, 3]]), np.float32([[0, 0]]))
        >>> box((0, 0), (2, 1))(frame).tolist()
        [[-1.0, 1.0]]
    """

    def field(frame: Frame) -> np.ndarray:
        p = frame.turned(center, angle)
        a = np.abs(p.u) - (half[0] - rounding)
        b = np.abs(p.v) - (half[1] - rounding)
        outside = np.hypot(np.maximum(a, 0), np.maximum(b, 0))
        return outside + np.minimum(np.maximum(a, b), 0) - rounding

    return field


def stroke(points: Sequence[Point], start: float, end: float | None = None) -> Field:
    """Round-ended line through ``points`` whose radius goes evenly from ``start`` to ``end``.

    Args:
        points: At least two (x, y).
        start: Radius at the first point.
        end: Radius at the last point; the same where None.

    Returns:
        Its distance field.

    Example:
        >>> frame = Frame(np.float32([[0, 1]]), np.float32([[0, 3]]))
        >>> stroke([(-1, 0), (1, 0)], 0.5)(frame).tolist()
        [[-0.5, 2.5]]
    """
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
    """Filled simple polygon.

    Args:
        points: At least three (x, y); the last joins the first.

    Returns:
        Its distance field.

    Example:
        >>> frame = Frame(np.float32([[0, 3]]), np.float32([[0, 0]]))
        >>> polygon([(-1, -1), (1, -1), (1, 1), (-1, 1)])(frame).tolist()
        [[-1.0, 2.0]]
    """
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
    """Disk whose radius waves ``count`` times around: petals, starfish arms, or gear teeth.

    Args:
        center: (x, y) of the middle.
        radius: Mean radius.
        depth: Amplitude of the wave, as a share of the radius.
        count: Waves around the circle.
        sharpness: 0 for a sine, larger for steeper flanks (teeth).

    Returns:
        Its field; flanks are divided by their slope, so that it is a distance near the outline.

    Example:
        >>> frame = Frame(np.float32([[1.2, 0]]), np.float32([[0, 2]]))
        >>> np.abs(lobes((0, 0), 1.0, 0.2, 4)(frame)).round(1).tolist() == [[0.0, np.float32(0.8)]]
        True
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
        return (np.hypot(p.u, p.v) - radius * (1 + depth * wave)) / np.hypot(1, slope)

    return field


def outline(field: Field, width: float) -> Field:
    """A band of half thickness ``width`` along the outline of ``field``: rings, frames, rims.

    Args:
        field: What to run along.
        width: Half thickness.

    Returns:
        The distance field of the band.

    Example:
        >>> frame = Frame(np.float32([[0, 1]]), np.float32([[0, 0]]))
        >>> outline(ellipse((0, 0), (1, 1)), 0.25)(frame).tolist()
        [[0.75, -0.25]]
    """
    return lambda frame: np.abs(field(frame)) - width


def common(*fields: Field) -> Field:
    """What all ``fields`` cover.

    Args:
        *fields: At least one.

    Returns:
        The field of their intersection.

    Example:
        >>> frame = Frame(np.float32([[0, 0.8]]), np.float32([[0, 0]]))
        >>> lens = common(ellipse((-0.5, 0), (1, 1)), ellipse((0.5, 0), (1, 1)))
        >>> (lens(frame) < 0).tolist()
        [[True, False]]
    """
    return lambda frame: reduce(np.maximum, (field(frame) for field in fields))


def _smooth_minimum(a: np.ndarray, b: np.ndarray, blend: float) -> np.ndarray:
    """Minimum whose crease is filled over the width ``blend`` (a fillet between two parts)."""
    if blend == 0:
        return np.minimum(a, b)
    fill = np.maximum(blend - np.abs(a - b), 0) / blend
    return np.minimum(a, b) - fill * fill * (blend / 4)


@dataclass(frozen=True)
class Part:
    """One part of an object, painted over the parts before it.

    Attributes:
        field: Where it is.
        material: Which of the object's materials it is made of, 0, 1 or 2.
        blend: Width of the fillet to the parts before it.
    """

    field: Field
    material: int = 0
    blend: float = 0.0


@dataclass(frozen=True)
class Shape:
    """An object: the union of its parts without its holes.

    Attributes:
        parts: In the order in which they are painted.
        holes: Fields of what is cut out of everything.

    Example:
        >>> v, u = np.mgrid[-2:2:41j, -2:2:41j].astype(np.float32)
        >>> ring = Shape((Part(ellipse((0, 0), (1, 1))),), (ellipse((0, 0), (0.5, 0.5)),))
        >>> distance = ring.distance(Frame(u, v))
        >>> bool(distance[20, 20] > 0), bool(distance[20, 28] < 0)
        (True, True)
    """

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
