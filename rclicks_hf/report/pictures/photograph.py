"""Shared parts of the pictures: the image, the contour, and the embedded JPEG.

Matplotlib draws all of them at one scale, so that markers and lines look alike for any image size.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

PANEL_PIXELS = 640
_JPEG_QUALITY = 82

#: Limits of width over height; narrower or wider images get bars.
ASPECT_LIMITS = (0.6, 2.4)
_BARS = "#8a9099"

_DPI = 100


class Picture(NamedTuple):
    """A JPEG as a ``data:`` URI, and its size in pixels."""

    uri: str
    width: int
    height: int


def picture(draw: Callable[[Axes], None], shape: tuple[int, ...]) -> Picture:
    """Draw one picture of an image of shape (H, W); its longer side has `PANEL_PIXELS`."""
    height, width = shape
    aspect = float(np.clip(width / height, *ASPECT_LIMITS))
    side = PANEL_PIXELS / _DPI
    size = (side, side / aspect) if aspect >= 1 else (side * aspect, side)
    figure = Figure(figsize=size, dpi=_DPI, facecolor=_BARS)
    draw(figure.add_axes((0, 0, 1, 1)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    buffer = io.BytesIO()
    # No chroma subsampling: small markers would lose their colour. No optimisation: Pillow's
    # buffer for it is too small for pictures that are mostly noise.
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    code = base64.b64encode(buffer.getvalue()).decode("ascii")
    return Picture(f"data:image/jpeg;base64,{code}", pixels.shape[1], pixels.shape[0])


def draw_photograph(axes: Axes, image: np.ndarray) -> None:
    """Draw an (H, W, 3) uint8 RGB image; the axes take its shape."""
    height, width = image.shape[:2]
    axes.imshow(image)
    axes.set_axis_off()
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), autoscale_on=False)


def faded(image: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8, the image nearly grey, so that markers and heat stand out."""
    grey = image @ np.array([0.299, 0.587, 0.114])
    return (0.75 * grey[..., None] + 0.15 * image).astype(np.uint8)


def draw_contour(axes: Axes, mask: np.ndarray, scale: float) -> None:
    """Draw the contour of an (H, W) bool mask; ``scale`` is a factor on the line's width."""
    # A frame of background closes the contour where the object touches the image's border.
    height, width = mask.shape
    x, y = np.arange(-1, width + 1), np.arange(-1, height + 1)
    if mask.any():
        lines = axes.contour(x, y, np.pad(mask, 1), levels=[0.5], colors="white")
        lines.set(linewidths=2.0 * scale, path_effects=[halo(scale)])


def halo(scale: float) -> withStroke:
    """A dark rim that makes a white line visible on any image."""
    return withStroke(linewidth=4.5 * scale, foreground="#101010")
