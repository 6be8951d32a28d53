"""Charts: their data, their ids and colours inside a page."""

from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pytest

from rclicks_hf.report.page_data import IoUCurves, UserScatter
from rclicks_hf.report.pictures.charts import (
    curve_table,
    curves_svg,
    draw_curves,
    draw_scatter,
    scatter_svg,
)
from rclicks_hf.report.pictures.palette import PALETTE, follow_scheme

CURVES = IoUCurves("a", {"g1": np.linspace(0.4, 0.8, 20), "base": np.linspace(0.5, 0.95, 20)})
POINTS = UserScatter("a", np.array([0.5, 0.9, np.nan]), np.array([0.2, 0.0, np.nan]), 20.0)


def _axes() -> mpl.axes.Axes:
    return mpl.figure.Figure().add_subplot()


def test_curves_are_drawn_over_clicks_from_one_with_the_threshold() -> None:
    axes = _axes()
    draw_curves(axes, CURVES)
    first, second, threshold = axes.get_lines()
    assert np.array_equal(first.get_xdata(), np.arange(1, 21))
    assert np.array_equal(first.get_ydata(), CURVES.curves["g1"])
    assert np.array_equal(second.get_ydata(), CURVES.curves["base"])
    assert np.asarray(threshold.get_ydata()).tolist() == [0.9, 0.9]
    low, high = axes.get_ylim()
    assert low <= 0.4 < 1.0 <= high


def test_scatter_draws_mean_against_std_and_the_ratio() -> None:
    axes = _axes()
    draw_scatter(axes, POINTS)
    drawn = np.asarray(axes.collections[0].get_offsets())
    assert drawn[:2].tolist() == [[0.5, 0.2], [0.9, 0.0]]
    assert np.asarray(axes.get_lines()[0].get_ydata()).tolist() == [0, 0.2]
    assert axes.get_ylim()[1] > 0.2


def test_charts_survive_the_absence_of_numbers() -> None:
    assert "from – to –" in curves_svg(IoUCurves("a", {"base": np.full(20, np.nan)}), "c")
    empty = UserScatter("a", np.zeros(0), np.zeros(0), float("nan"))
    assert "0 instances, NSR – %" in scatter_svg(empty, "s")


def test_two_charts_share_no_id() -> None:
    ids = [re.findall(r' id="([^"]*)"', svg) for svg in (curves_svg(CURVES, n) for n in "ab")]
    assert len(ids[0]) == len(set(ids[0])) > 10
    assert not set(ids[0]) & set(ids[1])


@pytest.mark.parametrize("svg", [curves_svg(CURVES, "c"), scatter_svg(POINTS, "s")])
def test_a_chart_takes_all_its_colours_from_the_page(svg: str) -> None:
    assert set(re.findall(r"#[0-9a-fA-F]{6}", svg)) == set()
    assert set(re.findall(r"var\(--([\w-]+)\)", svg)) <= set(PALETTE)
    assert "<text" in svg
    assert "font-family" not in svg


def test_charts_side_by_side_have_equal_axes() -> None:
    low = IoUCurves("low", {"base": np.linspace(0.2, 0.6, 10)})
    wide = UserScatter("wide", np.array([0.5]), np.array([0.4]), 80.0)
    limits = []
    for draw, data, beside in (
        (draw_curves, CURVES, [CURVES, low]),
        (draw_curves, low, [CURVES, low]),
        (draw_scatter, POINTS, [POINTS, wide]),
        (draw_scatter, wide, [POINTS, wide]),
    ):
        axes = _axes()
        draw(axes, data, beside)
        limits.append((axes.get_xlim(), axes.get_ylim()))
    assert limits[0] == limits[1]
    assert limits[2] == limits[3]


def test_points_of_a_scatter_can_be_seen() -> None:
    axes = _axes()
    draw_scatter(axes, POINTS)
    [points] = axes.collections
    assert points.get_sizes()[0] >= 36  # points²: 6 points across
    assert not points.get_clip_on()


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    before = dict(mpl.rcParams)
    curves_svg(CURVES, "c")
    assert dict(mpl.rcParams) == before


def test_light_colours_name_one_role_each() -> None:
    lights = [colour.light for colour in PALETTE.values()]
    assert len(set(lights)) == len(lights)
    assert follow_scheme(f"fill: {PALETTE['g1'].light.upper()}") == "fill: var(--g1)"


def _luminance(colour: str) -> float:
    channels = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "paper", 7),
        ("muted", "paper", 4.5),
        ("muted", "panel", 4.5),
        ("link", "paper", 4.5),
        ("warning-ink", "warning", 4.5),
        ("ink", "best", 7),
        ("g1", "paper", 3),
        ("g10", "paper", 3),
        ("base", "paper", 3),
        ("user", "paper", 3),
    ],
)
def test_contrast_is_what_wcag_asks(scheme: str, front: str, back: str, least: float) -> None:
    colours = [getattr(PALETTE[role], scheme) for role in (front, back)]
    assert _contrast(*colours) >= least


def test_bad_shapes_and_unknown_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="g99"):
        IoUCurves("a", {"g99": np.zeros(20)})
    with pytest.raises(ValueError, match=r"\(19,\)"):
        IoUCurves("a", {"g1": np.zeros(20), "g10": np.zeros(19)})
    with pytest.raises(ValueError, match="curves"):
        IoUCurves("a", {})
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\)"):
        UserScatter("a", np.zeros(3), np.zeros(2), 0.0)


def test_curve_numbers_keep_the_order_of_the_legend() -> None:
    table = curve_table(IoUCurves("a", {"base": np.array([0.5]), "g1": np.array([0.25])}))
    assert [[cell.text for cell in row.cells] for row in table.groups[""]] == [
        ["G1, least likely clicks", "0.250"],
        ["Baseline", "0.500"],
    ]
