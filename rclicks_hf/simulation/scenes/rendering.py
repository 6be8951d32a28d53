"""Painting of generated scenes: background, objects with shadows, camera.

Images are (H, W, 3) float32 CIELAB (L in 0..100) until the camera turns them into uint8 RGB.
"""

from __future__ import annotations

import cv2
import numpy as np

from rclicks_hf.simulation.scenes.shapes import Frame, Shape
from rclicks_hf.simulation.scenes.textures import TEXTURES, Material, fractal_noise

# Share of materials whose first colour is close to a colour of the background (camouflage).
CAMOUFLAGE = 0.25
_BACKGROUND_TEXTURES = tuple(name for name in TEXTURES if name not in ("scales", "spots"))
_SHININESS = 18


def _color_near(color: np.ndarray, distance: float, rng: np.random.Generator) -> np.ndarray:
    """A Lab colour at about ``distance`` from another, within what a screen shows."""
    step = rng.standard_normal(3) * (1.2, 0.9, 0.9)
    moved = color + distance * step / (np.linalg.norm(step) + 1e-9)
    if not 14 <= moved[0] <= 90:
        moved[0] = 2 * color[0] - moved[0]
    return np.clip(moved, (12, -55, -55), (92, 55, 55)).astype(np.float32)


def _random_color(rng: np.random.Generator) -> np.ndarray:
    """A Lab colour of medium lightness, more often muted than vivid."""
    chroma, hue = 48 * rng.beta(1.2, 1.8), rng.uniform(0, 2 * np.pi)
    lab = (rng.uniform(25, 80), chroma * np.cos(hue), chroma * np.sin(hue))
    return np.array(lab, np.float32)


def _ground(rng: np.random.Generator) -> Material:
    color = _random_color(rng)
    return Material(
        str(rng.choice(_BACKGROUND_TEXTURES)),
        float(rng.uniform(9, 26)),
        float(rng.choice([0.0, np.pi / 2, rng.uniform(-0.5, 0.5)])),
        (color, _color_near(color, rng.uniform(12, 32), rng)),
    )


def paint_background(
    size: tuple[int, int], rng: np.random.Generator
) -> tuple[np.ndarray, tuple[Material, ...]]:
    """One surface, or two that meet at a line, under uneven light; and their materials."""
    height, width = size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    frame = Frame(x, y)
    grounds = (_ground(rng),) if rng.random() < 0.6 else (_ground(rng), _ground(rng))
    lab = grounds[0].paint(frame, rng)
    if len(grounds) == 2:
        line = rng.uniform(0.3, 0.7) * height + rng.uniform(-0.25, 0.25) * (x - width / 2)
        below = np.clip(y - line + 0.5, 0, 1)[..., None]
        lab = lab * (1 - below) + grounds[1].paint(frame, rng) * below
    return _light_unevenly(lab, rng), grounds


def _light_unevenly(lab: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Apply light that falls off to one side, and the soft shadow of something out of view."""
    height, width = lab.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    gain = 1 + rng.uniform(0.05, 0.25) * (x * np.cos(angle) + y * np.sin(angle))
    if rng.random() < 0.5:
        cloud = fractal_noise((height, width), 0.7 * width, rng, octaves=2)
        gain = gain * (1 - rng.uniform(0.2, 0.4) * np.clip((cloud - 0.55) / 0.08, 0, 1))
    return (lab * gain[..., None]).astype(np.float32)


def _object_materials(
    grounds: tuple[Material, ...], rng: np.random.Generator
) -> tuple[Material, ...]:
    """Body, parts and trimmings; some share a colour with the background."""
    main = _random_color(rng)
    materials = []
    for distance in (0.0, rng.uniform(12, 45), rng.uniform(30, 60)):
        first = _color_near(main, distance, rng)
        if rng.random() < CAMOUFLAGE:
            ground = grounds[rng.integers(len(grounds))]
            first = _color_near(ground.colors[rng.integers(2)], rng.uniform(6, 16), rng)
        second = _color_near(first, rng.uniform(10, 38), rng)
        materials.append(
            Material(
                str(rng.choice(list(TEXTURES))),
                float(rng.uniform(5, 16)),
                float(rng.uniform(0, np.pi)),
                (first, second),
            )
        )
    return tuple(materials)


def _coverage(distance: np.ndarray) -> np.ndarray:
    """Share of each pixel that lies inside, from a distance in pixels."""
    return np.clip(0.5 - distance, 0, 1)


def draw_object(
    lab: np.ndarray,
    shape: Shape,
    frame: Frame,
    distance: np.ndarray,
    scale: float,
    grounds: tuple[Material, ...],
    light: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw an object with its shadow over a copy of ``lab``.

    ``frame`` holds the image's pixels in the object's coordinates, ``scale`` pixels per unit of it;
    ``distance`` is in pixels, negative inside; ``light`` is the direction towards the light in
    radians clockwise from +x; ``grounds`` lends its colours for camouflage.
    """
    shaded = _cast_shadow(lab, distance, light, rng)
    rows, columns = _window(distance)
    part = np.s_[rows, columns]
    near = Frame(frame.u[part], frame.v[part])
    y, x = np.mgrid[rows, columns].astype(np.float32)
    surface = _paint_parts(shape, near, Frame(x, y), scale, grounds, rng)
    surface[..., 0] = _shade(surface[..., 0], distance[part], light, rng)
    cover = _coverage(distance[part])[..., None]
    shaded[part] = shaded[part] * (1 - cover) + surface * cover
    return shaded


def _window(distance: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns around the object, with two pixels to spare."""
    ys, xs = np.nonzero(distance < 2)
    return slice(ys.min(), ys.max() + 1), slice(xs.min(), xs.max() + 1)


def _cast_shadow(
    lab: np.ndarray, distance: np.ndarray, light: float, rng: np.random.Generator
) -> np.ndarray:
    """Darken the side away from the light, with a soft edge."""
    reach, softness = rng.uniform(3, 11), rng.uniform(2, 6)
    move = np.array([[1, 0, -reach * np.cos(light)], [0, 1, -reach * np.sin(light)]], np.float32)
    size = distance.shape[::-1]
    shadow = cv2.warpAffine(_coverage(distance).astype(np.float32), move, size)
    shadow = cv2.GaussianBlur(shadow, (0, 0), softness) * rng.uniform(0.25, 0.55)
    return (lab * (1 - shadow * np.float32(0.9))[..., None]).astype(np.float32)


def _paint_parts(
    shape: Shape,
    near: Frame,
    pixels: Frame,
    scale: float,
    grounds: tuple[Material, ...],
    rng: np.random.Generator,
) -> np.ndarray:
    """The object's parts painted one over the other, each in its material."""
    materials = _object_materials(grounds, rng)
    painted = [material.paint(pixels, rng) for material in materials]
    surface = painted[shape.parts[0].material].copy()
    for part in shape.parts[1:]:
        cover = _coverage(part.field(near) * scale)[..., None]
        surface = surface * (1 - cover) + painted[part.material] * cover
    return surface.astype(np.float32)


def _shade(
    lightness: np.ndarray, distance: np.ndarray, light: float, rng: np.random.Generator
) -> np.ndarray:
    """Light a rounded relief whose height grows from the outline inwards."""
    bevel = rng.uniform(6, 22)
    inward = np.clip(-distance / bevel, 0, 1)
    dome = bevel * np.sqrt(1 - (1 - inward) ** 2)
    relief = cv2.GaussianBlur(dome.astype(np.float32), (0, 0), 2.0)
    slope_y, slope_x = np.gradient(relief)
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    facing = (0.6 * (-slope_x * np.cos(light) - slope_y * np.sin(light)) + 0.8) / length
    strength = rng.uniform(0.35, 0.75)
    glint = rng.uniform(0, 30) * np.clip(facing, 0, 1) ** _SHININESS
    return lightness * (1 - strength + strength * facing / 0.8) + glint


def take_photograph(lab: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The (H, W, 3) uint8 RGB photograph of a Lab image: blur, sensor noise, 8 bits."""
    in_range = np.clip(lab, (0, -90, -90), (100, 90, 90)).astype(np.float32)
    rgb = cv2.cvtColor(in_range, cv2.COLOR_LAB2RGB) * 255
    rgb = cv2.GaussianBlur(rgb, (0, 0), 0.6)
    rgb += rng.uniform(1.5, 5) * rng.standard_normal(rgb.shape, dtype=np.float32)
    return np.clip(np.round(rgb), 0, 255).astype(np.uint8)
