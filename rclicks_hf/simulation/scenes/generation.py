"""Generated demo scenes: images with exact object masks that need no download.

Scene ``i`` depends on the seed, ``i`` and the size only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.simulation.scenes.objects import OBJECT_KINDS
from rclicks_hf.simulation.scenes.rendering import draw_object, paint_background, take_photograph
from rclicks_hf.simulation.scenes.shapes import Frame, Shape

# Share of the image that an object covers before another hides part of it: a single object, and one
# of several.
AREA_SINGLE = (0.07, 0.36)
AREA_OF_SEVERAL = (0.055, 0.2)
MIN_VISIBLE = 0.75  # share of an object that stays visible
_PLACEMENTS = 24
_MARGIN = 5


@dataclass(frozen=True, eq=False)
class Scene:
    """One generated image with the masks and kinds of its objects."""

    image: np.ndarray  # (H, W, 3) uint8 RGB
    masks: tuple[np.ndarray, ...]  # (H, W) int8 of 1 and 0: the visible part of each object
    kinds: tuple[str, ...]  # keys of OBJECT_KINDS


@dataclass(frozen=True, eq=False)
class _Placed:
    """An object in the image: frame coordinates and distance in pixels, for the whole image."""

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
    """Generate demo scenes: objects with parts, holes and shadows on textured backgrounds.

    Objects and backgrounds share some colours, so that a method that relies on colour alone needs
    several clicks.

    Args:
        count: Number of scenes, >= 1.
        seed: Seed of all scenes, >= 0.
        size: (H, W) of the images in pixels, at least 64 each.

    Returns:
        A store of images ``scene_000``, ``scene_001``, ...; the object stem is ``""`` where a scene
        has one object, else ``"1"``, ``"2"``, ``"3"`` from back to front.

    Raises:
        ValueError: If ``count`` or ``size`` is too small.

    Example:
        >>> store = generate_scenes(2, size=(96, 128))
        >>> store.image("scene_001").shape
        (96, 128, 3)
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    store = MemoryStore()
    for index in range(count):
        scene = generate_scene(index, seed=seed, size=size)
        stems = [""] if len(scene.masks) == 1 else [str(k + 1) for k in range(len(scene.masks))]
        store.add(f"scene_{index:03d}", scene.image, dict(zip(stems, scene.masks, strict=True)))
    return store


def generate_scene(index: int, *, seed: int = 0, size: tuple[int, int] = (240, 320)) -> Scene:
    """Generate one scene; ``index`` also selects the kind of the first object."""
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
    low, high = AREA_SINGLE if count == 1 else AREA_OF_SEVERAL
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
    """Place an object of about ``share`` of the image at random, inside the border."""
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
    """Left, top, right, bottom (slightly generous) and area of a shape at scale 1, as placed."""
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
