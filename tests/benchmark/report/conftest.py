"""Reports made of invented numbers: they test how things are shown, they are nobody's results."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rclicks_hf.benchmark.report import (
    ClickScore,
    GalleryItem,
    IoUCurves,
    ReportData,
    UserScatter,
)
from rclicks_hf.benchmark.tables import BenchmarkRow
from rclicks_hf.data.instances import Click, Clicks, Instance

MakeItem = Callable[..., GalleryItem]
MakeReport = Callable[..., ReportData]


def _item(
    height: int = 60,
    width: int = 80,
    *,
    clicks: int = 12,
    stem: str = "scene_001",
    later: bool = False,
    simulated: bool = True,
) -> GalleryItem:
    rng = np.random.default_rng(height * 1000 + width)
    mask = np.zeros((height, width), np.int8)
    mask[height // 4 : height // 4 + max(1, height // 2), width // 3 :] = 1
    ys, xs = np.nonzero(mask == 1)
    chosen = rng.integers(0, len(xs), clicks)
    previous = None
    if later:
        previous = mask == 1
        previous[: height // 2] = False
    instance = Instance(
        stem,
        stem,
        "",
        "simulated_scenes",
        "test",
        "fn" if later else "first",
        "geocut" if later else "none",
        rng.integers(0, 255, (height, width, 3)).astype(np.uint8),
        mask,
        previous,
        Clicks(
            xs[chosen].astype(np.int32),
            ys[chosen].astype(np.int32),
            np.where(np.arange(clicks) % 3 == 0, "mobile", "pc"),
        ),
        is_simulated=simulated,
    )
    click_map = (mask == 1) * rng.random((height, width))
    return GalleryItem(instance, click_map, Click(int(xs[0]), int(ys[0]), True), "by the network")


def _report(*, simulated: bool = True, **changes: object) -> ReportData:
    clicks = np.arange(1, 21)
    curves = {"g1": 0.9 - 0.4 / clicks, "g10": 0.97 - 0.3 / clicks, "base": 0.95 - 0.2 / clicks}
    row = BenchmarkRow(
        segmenter="geocut",
        click_model="network",
        dataset="scenes",
        instances=24,
        failures=1,
        sample_noc=6.4142,
        sample_noc_std=1.1213,
        delta_sb=-18.3,
        delta_gr=47.1,
        nsr=16.42,
        nof=2.5,
        baseline_noc=5.25,
        is_simulated=simulated,
    )
    parts: dict[str, object] = {
        "title": "Invented report",
        "is_simulated": simulated,
        "command": "rclicks demo",
        "settings": {"seed": "0"},
        "click_scores": [
            ClickScore("UD", "scenes", 24, 0.1, 0.45, 0.15, 2.0, 3e-5),
            ClickScore("DT", "scenes", 24, 0.25, 0.39, 0.12, 3.0, 5e-5),
            ClickScore("Network", "scenes", 24, 0.4, 0.40, 0.09, 4.0, 1.2e-4),
        ],
        "benchmark_rows": [row],
        "curves": [IoUCurves("geocut on scenes", curves)],
        "scatter": [UserScatter("geocut on scenes", np.full(5, 0.8), np.full(5, 0.1), 12.5)],
        "gallery": [_item(simulated=simulated), _item(later=True, simulated=simulated)],
    }
    return ReportData(**{**parts, **changes})  # type: ignore[arg-type]


@pytest.fixture
def make_item() -> MakeItem:
    """Makes a gallery item: ``make_item(height, width, clicks=..., stem=..., later=...)``."""
    return _item


@pytest.fixture
def make_report() -> MakeReport:
    """Makes a whole report; keywords replace its fields."""
    return _report
