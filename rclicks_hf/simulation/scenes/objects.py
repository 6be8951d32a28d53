"""The kinds of objects in generated scenes, each drawn with random proportions.

A kind is a function of a random generator that returns an upright `Shape` within about -1..1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rclicks_hf.simulation.scenes.shapes import (
    Field,
    Part,
    Point,
    Shape,
    box,
    common,
    ellipse,
    lobes,
    outline,
    polygon,
    stroke,
)

Rng = np.random.Generator
# Materials of parts: 0 is the body, 1 the other parts, 2 the trimmings.


def _arc(center: Point, radii: Point, start: float, stop: float, count: int = 10) -> list[Point]:
    """Points on an ellipse between two angles in degrees, clockwise on the screen from +x."""
    angles = np.radians(np.linspace(start, stop, count))
    return [
        (center[0] + radii[0] * float(np.cos(a)), center[1] + radii[1] * float(np.sin(a)))
        for a in angles
    ]


def _mug(rng: Rng) -> Shape:
    half_w, half_h = rng.uniform(0.5, 0.68), rng.uniform(0.6, 0.85)
    rim = ellipse((-0.2, -half_h), (half_w, rng.uniform(0.12, 0.2)))
    handle = outline(
        ellipse((-0.2 + half_w, 0.02), (rng.uniform(0.34, 0.45), rng.uniform(0.36, 0.5))),
        rng.uniform(0.07, 0.1),
    )
    body = box((-0.2, 0), (half_w, half_h), 0.14)
    band = common(body, box((-0.2, rng.uniform(-0.1, 0.4)), (2, rng.uniform(0.08, 0.22))))
    return Shape(
        (Part(handle, 1), Part(body, 0, 0.05), Part(band, 1), Part(rim, 2)),
    )


def _fish(rng: Rng) -> Shape:
    height = rng.uniform(0.34, 0.5)
    body = common(
        ellipse((-0.1, height), (0.95, 2 * height)), ellipse((-0.1, -height), (0.95, 2 * height))
    )
    spread = rng.uniform(0.38, 0.55)
    tail = polygon([(0.55, 0), (1.05, -spread), (0.92, 0), (1.05, spread)])
    fin_x = rng.uniform(-0.3, 0.0)
    top = polygon(
        [(fin_x - 0.25, -0.7 * height), (fin_x + 0.35, -height - 0.3), (fin_x + 0.5, -0.4 * height)]
    )
    belly = polygon(
        [(fin_x, 0.7 * height), (fin_x + 0.3, height + 0.22), (fin_x + 0.4, 0.5 * height)]
    )
    eye = ellipse((-0.68, -0.08), (0.07, 0.07))
    gill = stroke(_arc((-0.62, 0), (0.22, 0.6 * height), -60, 60, 7), 0.025)
    return Shape(
        (
            Part(body),
            Part(tail, 1, 0.12),
            Part(top, 1, 0.1),
            Part(belly, 1, 0.08),
            Part(gill, 1),
            Part(eye, 2),
        ),
    )


def _key(rng: Rng) -> Shape:
    bow = rng.uniform(0.36, 0.46)
    shaft = rng.uniform(0.09, 0.13)
    parts = [
        Part(ellipse((-0.6, 0), (bow, bow * rng.uniform(0.9, 1.25)))),
        Part(stroke([(-0.3, 0), (0.95, 0)], shaft), 0, 0.1),
    ]
    for x in np.linspace(rng.uniform(0.3, 0.5), 0.88, int(rng.integers(2, 5))):
        tooth = box((float(x), 0.2), (0.07, rng.uniform(0.13, 0.24)), 0.02)
        parts.append(Part(tooth, 1, 0.02))
    hole = ellipse((-0.64, 0), (0.55 * bow, 0.55 * bow * rng.uniform(0.7, 1.1)))
    return Shape(tuple(parts), (hole,))


def _leaf(rng: Rng) -> Shape:
    offset = rng.uniform(0.25, 0.55)
    radius = float(np.hypot(offset, 0.85))
    blade = common(
        ellipse((-0.1, offset), (radius, radius)), ellipse((-0.1, -offset), (radius, radius))
    )
    midrib = stroke(
        [(-0.85, 0), (0, rng.uniform(-0.05, 0.05)), (1.1, rng.uniform(-0.2, 0.2))], 0.02, 0.05
    )
    veins = [
        Part(common(blade, stroke([(x + 0.2, 0), (x - 0.15, side * 0.5)], 0.018)), 1)
        for x in (-0.5, -0.15, 0.2)
        for side in (-1, 1)
    ]
    bites: tuple[Field, ...] = ()
    if rng.random() < 0.4:
        bites = (ellipse((rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3)), (0.1, 0.08)),)
    return Shape((Part(blade), *veins, Part(midrib, 1)), bites)


def _chair(rng: Rng) -> Shape:
    seat, leg, top = rng.uniform(0.0, 0.15), rng.uniform(0.08, 0.11), rng.uniform(-1.0, -0.8)
    lean = rng.uniform(0.0, 0.15)
    parts = [
        Part(stroke([(-0.5, seat), (-0.5 - lean, top)], leg)),
        Part(stroke([(0.35, seat), (0.35 - lean, top)], leg)),
    ]
    for t in np.linspace(0.25, 1.0, int(rng.integers(2, 4))):
        y = seat + (top - seat) * float(t)
        x = -lean * float(t)
        parts.append(Part(stroke([(-0.5 + x, y), (0.35 + x, y)], rng.uniform(0.06, 0.11)), 1, 0.03))
    for x, low in ((-0.55, 1.0), (0.3, 1.0), (-0.25, 0.8), (0.6, 0.8)):
        parts.append(Part(stroke([(0.85 * x, seat), (x, low)], leg, 0.7 * leg)))
    cushion = polygon(
        [(-0.62, seat + 0.08), (0.4, seat + 0.08), (0.68, seat - 0.1), (-0.4, seat - 0.1)]
    )
    parts.append(Part(lambda frame: cushion(frame) - 0.08, 2, 0.03))
    return Shape(tuple(parts))


def _bird(rng: Rng) -> Shape:
    plump = rng.uniform(0.34, 0.46)
    head = (-0.62, rng.uniform(-0.55, -0.4))
    body = ellipse((0, 0), (0.68, plump), rng.uniform(-0.25, 0.05))
    tail = polygon([(0.5, -0.15), (1.15, rng.uniform(-0.35, 0.05)), (1.1, 0.15), (0.5, 0.15)])
    wing = ellipse((0.12, -0.06), (0.42, rng.uniform(0.17, 0.24)), rng.uniform(-0.1, 0.35))
    beak = polygon(
        [
            (head[0] - 0.12, head[1] - 0.1),
            (head[0] - 0.48, head[1] + 0.04),
            (head[0] - 0.1, head[1] + 0.12),
        ]
    )
    legs = [
        Part(stroke([(x, 0.25), (x + 0.02, 0.8), (x - 0.16, 0.86)], 0.05), 2) for x in (-0.1, 0.15)
    ]
    return Shape(
        (
            *legs,
            Part(beak, 2),
            Part(body),
            Part(ellipse(head, (0.26, 0.24)), 0, 0.25),
            Part(tail, 1, 0.1),
            Part(wing, 1),
            Part(ellipse((head[0] - 0.08, head[1] - 0.04), (0.05, 0.05)), 2),
        ),
    )


def _bottle(rng: Rng) -> Shape:
    width, neck = rng.uniform(0.3, 0.46), rng.uniform(0.1, 0.15)
    shoulder = rng.uniform(-0.35, -0.1)
    body = box((0, (1 + shoulder) / 2), (width, (1 - shoulder) / 2), 0.12)
    label = box((0, rng.uniform(0.3, 0.5)), (width, rng.uniform(0.15, 0.28)))
    return Shape(
        (
            Part(body),
            Part(stroke([(0, shoulder + 0.1), (0, -0.85)], 1.6 * neck, neck), 0, 0.3),
            Part(box((0, -0.92), (1.35 * neck, 0.1), 0.03), 2),
            Part(common(body, label), 1),
        ),
    )


def _gear(rng: Rng) -> Shape:
    wheel = lobes((0, 0), 0.86, rng.uniform(0.09, 0.15), int(rng.integers(8, 15)), 3.0)
    hub = rng.uniform(0.26, 0.34)
    spokes = int(rng.integers(3, 6))
    turn = rng.uniform(0, 2 * np.pi)
    holes = [ellipse((0, 0), (0.5 * hub, 0.5 * hub))]
    for k in range(spokes):
        angle = turn + 2 * np.pi * k / spokes
        center = (0.52 * float(np.cos(angle)), 0.52 * float(np.sin(angle)))
        holes.append(ellipse(center, (0.14, 0.75 / spokes), angle))
    rim = outline(ellipse((0, 0), (0.72, 0.72)), 0.03)
    return Shape((Part(wheel), Part(rim, 1), Part(ellipse((0, 0), (hub, hub)), 2)), tuple(holes))


# Strokes of letters that keep their counters open, on a grid of about -0.6..0.6 by -0.9..0.9.
_LETTERS: tuple[tuple[list[Point], ...], ...] = (
    ([(-0.6, 0.9), (0, -0.9), (0.6, 0.9)], [(-0.35, 0.3), (0.35, 0.3)]),
    ([(-0.5, 0.9), (-0.5, -0.9)], _arc((-0.5, -0.45), (0.9, 0.45), -90, 90),
     _arc((-0.5, 0.45), (1.0, 0.45), -90, 90)),
    ([(-0.5, 0.9), (-0.5, -0.9)], _arc((-0.5, -0.4), (1.0, 0.5), -90, 90),
     [(-0.1, 0.1), (0.55, 0.9)]),
    (_arc((0, 0), (0.65, 0.9), 0, 360, 20), [(0.15, 0.4), (0.65, 0.95)]),
    ([(-0.55, 0.05), (0.58, 0.05)], _arc((0, 0), (0.6, 0.75), 0, -305, 16)),
    ([(0.35, 0.9), (0.35, -0.9), (-0.6, 0.35), (0.65, 0.35)],),
)  # fmt: skip


def _letter(rng: Rng) -> Shape:
    strokes = _LETTERS[rng.integers(len(_LETTERS))]
    weight = rng.uniform(0.13, 0.2)
    return Shape(
        tuple(Part(stroke(s, weight), min(i, 1), 0.05) for i, s in enumerate(strokes)),
    )


def _scissors(rng: Rng) -> Shape:
    opening = rng.uniform(0.18, 0.42)
    parts: list[Part] = []
    holes: list[Field] = []
    for side in (-1, 1):
        tip = (0.98, side * opening)
        loop = (-0.68, -side * rng.uniform(0.36, 0.44))
        radii = (rng.uniform(0.3, 0.36), rng.uniform(0.24, 0.3))
        parts.append(Part(stroke([(-0.05, 0), tip], 0.13, 0.03), 0))
        parts.append(Part(stroke([(0, 0), (loop[0] + 0.2, loop[1] * 0.7)], 0.11), 1, 0.05))
        parts.append(Part(ellipse(loop, radii, side * 0.4), 1, 0.1))
        holes.append(ellipse(loop, (0.6 * radii[0], 0.56 * radii[1]), side * 0.4))
    parts.append(Part(ellipse((0.05, 0), (0.07, 0.07)), 2))
    return Shape(tuple(parts), tuple(holes))


def _flower(rng: Rng) -> Shape:
    petals = int(rng.integers(5, 9))
    head = lobes((0, -0.35), rng.uniform(0.46, 0.55), rng.uniform(0.18, 0.3), petals)
    stem = stroke([(0, -0.3), (rng.uniform(-0.15, 0.15), 0.4), (0.1, 1.0)], 0.06)
    leaf = ellipse((0.32, 0.6), (0.32, 0.13), -0.5)
    return Shape(
        (
            Part(stem, 1),
            Part(leaf, 1, 0.05),
            Part(head),
            Part(ellipse((0, -0.35), (0.18, 0.18)), 2),
        ),
    )


def _starfish(rng: Rng) -> Shape:
    body = lobes((0, 0), 0.62, rng.uniform(0.38, 0.5), 5)
    ridges = [
        Part(stroke([(0, 0), (0.62 * float(np.cos(a)), 0.62 * float(np.sin(a)))], 0.05, 0.02), 1)
        for a in 2 * np.pi * np.arange(5) / 5
    ]
    return Shape((Part(body), *ridges))


def _teapot(rng: Rng) -> Shape:
    height = rng.uniform(0.45, 0.58)
    spout = stroke([(-0.4, 0.2), (-0.75, 0.0), (-0.85, -0.3), (-1.05, -0.42)], 0.18, 0.08)
    handle = outline(
        ellipse((0.68, -0.02), (rng.uniform(0.3, 0.38), rng.uniform(0.34, 0.42))),
        rng.uniform(0.06, 0.09),
    )
    lid = ellipse((0, -0.85 * height), (0.32, 0.14))
    return Shape(
        (
            Part(handle, 1),
            Part(spout, 1),
            Part(ellipse((0, 0), (0.66, height)), 0, 0.12),
            Part(box((0, 0.95 * height), (0.35, 0.06), 0.04), 0),
            Part(lid, 1),
            Part(ellipse((0, -1.0 * height - 0.1), (0.1, 0.1)), 2),
        ),
    )


def _glasses(rng: Rng) -> Shape:
    frame_w = rng.uniform(0.09, 0.13)
    lens = (rng.uniform(0.34, 0.4), rng.uniform(0.28, 0.4))
    rims = [Part(outline(ellipse((x, 0), lens), frame_w)) for x in (-0.5, 0.5)]
    bridge = stroke(_arc((0, 0), (0.15, 0.14), 180, 360, 6), frame_w)
    arms = [
        Part(stroke([(side * 0.9, -0.05), (side * 1.05, -0.5), (side * 0.85, -0.75)], 0.08), 1)
        for side in (-1, 1)
    ]
    return Shape((*arms, *rims, Part(bridge, 2, 0.04)))


def _snake(rng: Rng) -> Shape:
    x = np.linspace(-1, 1, 26)
    y = rng.uniform(0.22, 0.34) * np.sin(rng.uniform(3.2, 4.6) * x + rng.uniform(0, 6))
    spine: list[Point] = list(zip(x.tolist(), y.tolist(), strict=True))
    head = ellipse(spine[0], (0.2, 0.15))
    eye = ellipse((spine[0][0] - 0.06, spine[0][1] - 0.05), (0.035, 0.035))
    return Shape((Part(stroke(spine, 0.16, 0.07)), Part(head, 0, 0.08), Part(eye, 2)))


@dataclass(frozen=True)
class ObjectKind:
    """A kind of object: how to draw one, and how far it may be tilted either way (radians)."""

    build: Callable[[Rng], Shape]
    tilt: float


OBJECT_KINDS: dict[str, ObjectKind] = {
    "mug": ObjectKind(_mug, 0.25),
    "fish": ObjectKind(_fish, 0.7),
    "key": ObjectKind(_key, np.pi),
    "leaf": ObjectKind(_leaf, np.pi),
    "chair": ObjectKind(_chair, 0.12),
    "bird": ObjectKind(_bird, 0.25),
    "bottle": ObjectKind(_bottle, 0.6),
    "gear": ObjectKind(_gear, np.pi),
    "letter": ObjectKind(_letter, 0.35),
    "scissors": ObjectKind(_scissors, np.pi),
    "flower": ObjectKind(_flower, 0.4),
    "starfish": ObjectKind(_starfish, np.pi),
    "teapot": ObjectKind(_teapot, 0.15),
    "glasses": ObjectKind(_glasses, 0.3),
    "snake": ObjectKind(_snake, 0.9),
}
