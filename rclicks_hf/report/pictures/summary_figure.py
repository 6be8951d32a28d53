"""A summary picture for a README: a few instances and the curves, as a small PNG."""

from __future__ import annotations

import io
import os
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from PIL import Image

from rclicks_hf.report.page_data import ReportData
from rclicks_hf.report.pictures.charts import draw_curves
from rclicks_hf.report.pictures.gallery import (
    BASELINE_MARKER,
    DEVICE_MARKERS,
    draw_click_map,
    paint_clicks,
)
from rclicks_hf.report.pictures.palette import light
from rclicks_hf.support.files.atomic import atomic_file

SUMMARY_INSTANCES = 3
SUMMARY_BYTES = 900_000

_DPI = 100
_SIZE = (14.0, 5.3)
_MARKER_SCALE = 0.6

# Number of colours and dithering, tried in turn until the file is small enough.
_PALETTES = ((256, True), (256, False), (128, False), (64, False), (32, False), (16, False))


def summary_figure(data: ReportData, path: str | os.PathLike[str]) -> Path:
    """Write the summary picture: clicks and click maps of a few instances, and the first curves.

    Args:
        data: A report with a gallery and curves.
        path: PNG file, 1400 pixels wide, at most `SUMMARY_BYTES` long; an existing one is replaced.

    Returns:
        The path.

    Raises:
        ValueError: If the gallery or the curves are empty.
        RclicksError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.report.page_data import GalleryItem, IoUCurves
        >>> from rclicks_hf.data.instances import Click, Instance
        >>> instance = Instance("a", "a", "", "grabcut", "test", "first", "none",
        ...                     np.zeros((3, 4, 3), np.uint8), np.ones((3, 4), np.int8))
        >>> item = GalleryItem(instance, np.ones((3, 4)), Click(2, 1, True))
        >>> curves = IoUCurves("geocut", {"base": np.linspace(0.5, 0.9, 20)})
        >>> data = ReportData("GeoCut", is_simulated=False, curves=[curves], gallery=[item])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = summary_figure(data, f"{folder}/summary.png")
        ...     Image.open(path).size
        (1400, 530)
    """
    if not data.gallery or not data.curves:
        raise ValueError("data must have a gallery and curves to make a summary figure")
    with mpl.rc_context({"font.size": 11.0}):
        figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor="white", layout="constrained")
        halves = figure.subfigures(1, 2, squeeze=False, width_ratios=(2.05, 1.0), wspace=0.02)
        pictures, chart = halves[0]
        _draw_pictures(pictures, data)
        _head(chart, "IoU per click", data)
        draw_curves(chart.subplots(), data.curves[0])
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    with atomic_file(path) as part:
        part.write_bytes(_small_png(image))
    return Path(path)


def _head(figure: SubFigure, title: str, data: ReportData) -> None:
    mark = ", simulated clicks" if data.shows_simulated else ""
    figure.suptitle(title + mark, color=light("ink"), fontsize=12, fontweight="bold")


def _draw_pictures(figure: SubFigure, data: ReportData) -> None:
    items = data.gallery[:SUMMARY_INSTANCES]
    clicks = "simulated clicks" if data.shows_simulated else "clicks"
    _head(figure, "Clicks and click maps", data)
    rows = figure.subplots(2, len(items), squeeze=False)
    for column, item in enumerate(items):
        paint_clicks(rows[0][column], item, _MARKER_SCALE)
        draw_click_map(rows[1][column], item, _MARKER_SCALE)
    for axes, name in zip(rows[:, 0], (clicks, "predicted click map"), strict=True):
        _name_row(axes, name)
    names = {"pc": "click on a PC", "mobile": "click on a mobile device"}
    handles = [_handle(d, marker, names[d], 8) for d, marker in DEVICE_MARKERS.items()]
    handles.append(_handle("base", BASELINE_MARKER, "baseline click", 13))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)


def _handle(role: str, marker: str, label: str, size: float) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        color=light(role),
        marker=marker,
        markersize=size,
        markeredgecolor="#101010",
        label=label,
    )


def _name_row(axes: Axes, name: str) -> None:
    axes.text(
        -0.03,
        0.5,
        name,
        transform=axes.transAxes,
        rotation=90,
        horizontalalignment="right",
        verticalalignment="center",
        color=light("ink"),
    )


def _small_png(image: Image.Image) -> bytes:
    """PNG with as many colours as fit into `SUMMARY_BYTES`."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    if buffer.tell() <= SUMMARY_BYTES:
        return buffer.getvalue()
    for colours, dither in _PALETTES:
        buffer = io.BytesIO()
        few = image.quantize(colours, method=Image.Quantize.MEDIANCUT)
        if dither:
            few = image.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)
        few.save(buffer, "PNG")
        if buffer.tell() <= SUMMARY_BYTES:
            break
    return buffer.getvalue()
