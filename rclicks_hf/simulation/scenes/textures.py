"""Textures of generated scenes, for backgrounds and objects.

A texture maps pixel coordinates to an (H, W) array of about 0 to 1, which mixes two colours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from rclicks_hf.simulation.scenes.shapes import Frame

Texture = Callable[[Frame, float, np.random.Generator], np.ndarray]


def fractal_noise(
    shape: tuple[int, int],
    period: float,
    rng: np.random.Generator,
    *,
    octaves: int = 4,
    stretch: float = 1.0,
) -> np.ndarray:
    """(H, W) float32 noise in [0, 1]: octaves, each of half the period and 0.55 of the amplitude.

    ``period`` is the size of the coarsest blobs in pixels; along x, ``stretch`` times as much.
    """
    height, width = shape
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        step = max(period * 0.5**octave, 1.0)
        rows, columns = int(height / step) + 3, int(width / (step * stretch)) + 3
        grid = rng.standard_normal((rows, columns), dtype=np.float32)
        total += 0.55**octave * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    total -= total.mean()
    return np.clip(0.5 + 0.22 * total / (total.std() + 1e-6), 0, 1).astype(np.float32)


def _plain(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    return 0.3 + 0.4 * fractal_noise(frame.u.shape, 4 * period, rng, octaves=5)


def _clouds(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    return fractal_noise(frame.u.shape, 2 * period, rng, octaves=5)


def _grass(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    """Noise stretched along the frame's x axis: blades, fur, brushed metal."""
    flat = fractal_noise((256, 256), max(period / 3, 2), rng, octaves=3, stretch=9)
    map_u = np.mod(frame.u, 510).astype(np.float32)
    map_v = np.mod(frame.v, 510).astype(np.float32)
    fold = [np.minimum(m, 510 - m) for m in (map_u, map_v)]
    return cv2.remap(flat, fold[0], fold[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _stripes(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    warp = fractal_noise(frame.u.shape, 5 * period, rng, octaves=2)
    wave = np.sin(2 * np.pi * (frame.u / period + 0.8 * warp))
    return 0.5 + 0.5 * np.tanh(2.5 * wave)


def _wood(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    bend = fractal_noise(frame.u.shape, 9 * period, rng, octaves=2)
    rings = np.mod(frame.v / period + 3.5 * bend, 1.0)
    grain = _grass(frame, period / 2, rng)
    boards = np.mod(frame.v, 4.5 * period) < 1.6
    return np.where(boards, 0.0, 0.55 * rings + 0.45 * grain)


def _marble(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    warp = fractal_noise(frame.u.shape, 4 * period, rng, octaves=5)
    return np.abs(np.sin(np.pi * (frame.u / (2.5 * period) + 3.0 * warp))) ** 0.6


def _tone(cell_u: np.ndarray, cell_v: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One random tone per cell of a grid with integer cell numbers."""
    tones = rng.random((64, 64), dtype=np.float32)
    return tones[cell_v.astype(int) % 64, cell_u.astype(int) % 64]


def _bricks(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    row = np.floor(frame.v / period)
    along = frame.u / (2.2 * period) + 0.5 * np.mod(row, 2)
    tone = _tone(np.floor(along), row, rng)
    joint = np.minimum(
        np.minimum(np.mod(along, 1), 1 - np.mod(along, 1)) * 2.2,
        np.minimum(np.mod(frame.v / period, 1), 1 - np.mod(frame.v / period, 1)),
    )
    rough = fractal_noise(frame.u.shape, period / 2, rng, octaves=3)
    face = 0.35 + 0.4 * tone + 0.4 * (rough - 0.5)
    return np.where(joint * period < 1.3, 0.05 + 0.2 * rough, face)


def _checks(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    phase = np.mod(np.floor(frame.u / period) + np.floor(frame.v / period), 2)
    return 0.15 + 0.6 * phase + 0.25 * fractal_noise(frame.u.shape, period, rng)


def _weave(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    thread = np.pi / max(period / 3, 2.5)
    cloth = np.sin(frame.u * thread) * np.sin(frame.v * thread)
    return 0.5 + 0.3 * cloth + 0.5 * (fractal_noise(frame.u.shape, 3 * period, rng) - 0.5)


def _cells(frame: Frame, period: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Distances to the nearest two of scattered seeds, and the tone of the nearest."""
    low = [float(axis.min()) - period for axis in frame]
    span = [float(axis.max()) + period - start for axis, start in zip(frame, low, strict=True)]
    count = max(8, int(span[0] * span[1] / period**2))
    seeds = np.asarray(low) + rng.random((count, 2)) * np.asarray(span)
    coarse = np.stack([axis[::2, ::2].ravel() for axis in frame], axis=1)
    distance, nearest = cKDTree(seeds).query(coarse, k=2)
    shape = frame.u[::2, ::2].shape
    planes = (distance[:, 0], distance[:, 1], rng.random(count)[nearest[:, 0]])
    size = frame.u.shape[::-1]
    first, second, tone = (
        cv2.resize(plane.reshape(shape).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        for plane in planes
    )
    return first, second, tone


def _gravel(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    first, second, tone = _cells(frame, period, rng)
    edge = np.clip((second - first) / (0.25 * period), 0, 1)
    return edge * (0.25 + 0.75 * tone) * (0.75 + 0.25 * fractal_noise(first.shape, 4, rng))


def _spots(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    first, _, tone = _cells(frame, 1.6 * period, rng)
    return np.clip(0.5 + (0.35 * period * (0.6 + tone) - first) / 1.5, 0, 1)


def _scales(frame: Frame, period: float, rng: np.random.Generator) -> np.ndarray:
    row = np.floor(frame.v / (0.6 * period))
    along = np.mod(frame.u / period + 0.5 * np.mod(row, 2), 1) - 0.5
    down = np.mod(frame.v / (0.6 * period), 1)
    rim = np.hypot(2 * along, down)
    return np.clip(0.9 - 0.6 * rim + 0.5 * (fractal_noise(frame.u.shape, period, rng) - 0.5), 0, 1)


TEXTURES: dict[str, Texture] = {
    "plain": _plain,
    "clouds": _clouds,
    "grass": _grass,
    "stripes": _stripes,
    "wood": _wood,
    "marble": _marble,
    "bricks": _bricks,
    "checks": _checks,
    "weave": _weave,
    "gravel": _gravel,
    "spots": _spots,
    "scales": _scales,
}


@dataclass(frozen=True)
class Material:
    """A texture between two colours."""

    texture: str  # key of TEXTURES
    period: float  # size of the pattern, pixels
    angle: float  # radians
    colors: tuple[np.ndarray, np.ndarray]  # (L, a, b) of CIELAB each

    def paint(self, frame: Frame, rng: np.random.Generator) -> np.ndarray:
        """(H, W, 3) float32 Lab image of the material."""
        turned = frame.turned((0.0, 0.0), self.angle)
        mix = np.clip(TEXTURES[self.texture](turned, self.period, rng), 0, 1)[..., None]
        return (self.colors[0] * (1 - mix) + self.colors[1] * mix).astype(np.float32)
