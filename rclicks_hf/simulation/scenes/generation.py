"""Generated demo scenes: pictures with exact object masks that need no download.

Each scene has a textured background, one to three objects with parts and holes, shading, cast
shadows, and a camera's blur and noise. Objects share colours with the background in part, so that
a method that goes by colour needs several clicks. Scene ``i`` depends on the seed, ``i`` and the
size alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rclicks_hf.data.sources import MemoryStore
from rclicks_hf.simulation.scenes.objects import OBJECT_KINDS
from rclicks_hf.simulation.scenes.rendering import draw_object, paint_background, take_photograph
from rclicks_hf.simulation.scenes.shapes import Frame, Shape

# Shares of the image that an object takes before another hides part of it: alone, and in company.
AREA_ALONE = (0.07, 0.36)
AREA_IN_COMPANY = (0.055, 0.2)
# An object keeps at least this share of itself in view.
MIN_VISIBLE = 0.75
_PLACEMENTS = 24
_MARGIN = 5


@dataclass(frozen=True, eq=False)
class Scene:
    """One generated picture.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        masks: (H, W) int8 of 1 and 0 for each object: what is visible of it.
        kinds: Kind of each object, a key of `scene_objects.OBJECT_KINDS`.
    """

    image: np.ndarray
    masks: tuple[np.ndarray, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Placed:
    """An object with its place: frame coordinates and distance in pixels for the whole image."""

    kind: str
    shape: Shape
    frame: Frame
    scale: float
    distance: np.ndarray

    @property
    def inside(self) -> np.ndarray:
        return self.distance < 0


def generate_scenes(
    count: int = 36, *, seed: int = 0, size: tuple[int, int] = (240, 320)
) -> MemoryStore:
    """Generate the demo's scenes.

    Args:
        count: How many, at least 1.
        seed: Another seed gives other scenes.
        size: (H, W) of the images, pixels, at least 64 each.

    Returns:
        A source with images ``scene_000``, ``scene_001``, ...; the object stem is ``""`` where a
        scene has one object, else ``"1"``, ``"2"``, ``"3"`` from the back to the front.

    Raises:
        ValueError: If ``count`` or ``size`` is too small.

    Example:
        >>> source = generate_scenes(2, size=(96, 128))
        >>> source.image("scene_001").shape
        (96, 128, 3)
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    source = MemoryStore()
    for index in range(count):
        scene = generate_scene(index, seed=seed, size=size)
        stems = [""] if len(scene.masks) == 1 else [str(k + 1) for k in range(len(scene.masks))]
        source.add(f"scene_{index:03d}", scene.image, dict(zip(stems, scene.masks, strict=True)))
    return source


def generate_scene(index: int, *, seed: int = 0, size: tuple[int, int] = (240, 320)) -> Scene:
    """Generate one scene.

    Args:
        index: Number of the scene, at least 0; also chooses the kind of the first object in turn.
        seed: Another seed gives another scene.
        size: (H, W) of the image, pixels, at least 64 each.

    Returns:
        The picture with the visible masks and the kinds of its objects.

    Raises:
        ValueError: If ``index`` is negative or ``size`` is too small.

    Example:
        >>> scene = generate_scene(0, size=(96, 128))
        >>> len(scene.masks) == len(scene.kinds), scene.masks[0].shape
        (True, (96, 128))
    """
    if index < 0:
        raise ValueError(f"index must be at least 0, got {index}")
    if min(size) < 64:
        raise ValueError(f"size must be (H, W) of at least 64 each, got {size}")
    rng = np.random.default_rng([seed, index])
    objects, masks = _arrange(index, size, rng)
    light = rng.uniform(0, 2 * np.pi)
    lab, grounds = paint_background(size, rng)
    for o in objects:
        lab = draw_object(lab, o.shape, o.frame, o.distance, o.scale, grounds, light, rng)
    return Scene(
        take_photograph(lab, rng),
        tuple(mask.astype(np.int8) for mask in masks),
        tuple(placed.kind for placed in objects),
    )


def _arrange(
    index: int, size: tuple[int, int], rng: np.random.Generator
) -> tuple[list[_Placed], list[np.ndarray]]:
    """Objects from back to front with their visible masks, none of them hidden too far."""
    count = int(rng.choice([1, 2, 3], p=[0.45, 0.33, 0.22]))
    names = list(OBJECT_KINDS)
    kinds = [names[index % len(names)], *rng.choice(names, size=count - 1).tolist()]
    low, high = AREA_ALONE if count == 1 else AREA_IN_COMPANY
    objects: list[_Placed] = []
    masks: list[np.ndarray] = []
    for kind in kinds:
        share = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        for _ in range(_PLACEMENTS):
            placed = _place(kind, share, size, rng)
            left = [mask & ~placed.inside for mask in masks]
            whole = [o.inside.sum() for o in objects]
            if all(m.sum() >= MIN_VISIBLE * w for m, w in zip(left, whole, strict=True)):
                objects.append(placed)
                masks = [*left, placed.inside]
                break
    return objects, masks


def _place(kind: str, share: float, size: tuple[int, int], rng: np.random.Generator) -> _Placed:
    """Draw an object of about ``share`` of the image at a random place, inside the border."""
    height, width = size
    shape = OBJECT_KINDS[kind].build(rng)
    angle = rng.uniform(-1, 1) * OBJECT_KINDS[kind].tilt
    mirror = float(rng.choice([-1, 1]))
    left, top, right, bottom, area = _extent(shape, angle, mirror)
    fits = min((width - 2 * _MARGIN) / (right - left), (height - 2 * _MARGIN) / (bottom - top))
    scale = min(float(np.sqrt(share * height * width / area)), fits)
    room_x = max(width - 2 * _MARGIN - (right - left) * scale, 0.0)
    room_y = max(height - 2 * _MARGIN - (bottom - top) * scale, 0.0)
    cx = _MARGIN - left * scale + room_x * rng.random()
    cy = _MARGIN - top * scale + room_y * rng.random()
    y, x = np.mgrid[:height, :width].astype(np.float32)
    frame = _own_frame((x - cx) / scale, (y - cy) / scale, angle, mirror)
    distance = (shape.distance(frame) * scale).astype(np.float32)
    return _Placed(kind, shape, frame, scale, distance)


def _own_frame(x: np.ndarray, y: np.ndarray, angle: float, mirror: float) -> Frame:
    """The object's own coordinates: turned by ``angle``, then mirrored where ``mirror`` is -1."""
    turned = Frame(x, y).turned((0.0, 0.0), angle)
    return Frame(mirror * turned.u, turned.v)


def _extent(shape: Shape, angle: float, mirror: float) -> tuple[float, float, float, float, float]:
    """Left, top, right, bottom (a little wide) and area of a shape of scale 1, as it will stand."""
    step = np.float32(0.025)
    y, x = np.mgrid[-1.8:1.8:step, -1.8:1.8:step].astype(np.float32)
    rows, columns = np.nonzero(shape.distance(_own_frame(x, y, angle, mirror)) < 0)
    return (
        float(x[0, columns.min()] - step),
        float(y[rows.min(), 0] - step),
        float(x[0, columns.max()] + step),
        float(y[rows.max(), 0] + step),
        float(len(rows) * step**2),
    )
