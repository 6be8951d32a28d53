"""Speed of the click-model metrics: both sides in one run, as ratios.

The plain side is tests/metrics/slow.py: double loops for KS and PL1, a linear program for WD,
``numpy.random.choice`` with ``p`` for every metric anew.

Run: python tests/speed/bench_metrics.py
"""

from __future__ import annotations

import runpy
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from rclicks_hf import metrics
from rclicks_hf.metrics.density import nss_at, pde_at
from rclicks_hf.metrics.distribution import ClickDistribution
from rclicks_hf.metrics.kolmogorov_smirnov import ks_share
from rclicks_hf.metrics.sampling import draw_points

SLOW = Path(__file__).resolve().parents[1] / "metrics" / "slow.py"
CLICKS = 50


def instance(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, int]]:
    """A float32 click map with a bump on a large disc, and clicks drawn from a narrower bump."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    radius = height / 3
    distance = np.hypot(x - width / 2, y - height / 2) / radius
    click_map = np.exp(-2 * distance**2) * (distance < 1)
    clicks_x = np.clip(rng.normal(width / 2, radius / 3, CLICKS), 0, width - 1).astype(int)
    clicks_y = np.clip(rng.normal(height / 2, radius / 3, CLICKS), 0, height - 1).astype(int)
    return click_map, clicks_x, clicks_y, (int(2 * radius), int(2 * radius))


def seconds(call: Callable[[], Any], repeats: int) -> float:
    """Best time of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def pairs(
    slow: SimpleNamespace, height: int, width: int
) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """What to compare on one map size: name, plain side, our side."""
    click_map, x, y, size = instance(height, width)
    xs, ys = metrics.sample_points(click_map, CLICKS)
    sets = list(zip(xs, ys, strict=True))
    return {
        "all five metrics": (
            lambda: slow.click_scores(click_map, x, y, size),
            lambda: metrics.click_scores(click_map, x, y, size),
        ),
        "sampling": (
            lambda: slow.sample_points(click_map, CLICKS),
            lambda: metrics.sample_points(click_map, CLICKS),
        ),
        "KS": (
            lambda: [slow.ks2d_pvalue(x, y, *points) for points in sets],
            lambda: metrics.ks2d_pvalue(x, y, xs, ys),
        ),
        "PL1": (
            lambda: [slow.pl1_points(x, y, *points, size) for points in sets],
            lambda: metrics.pl1_points(x, y, xs, ys, size),
        ),
        "WD": (
            lambda: [slow.wd_points(x, y, *points, size) for points in sets],
            lambda: metrics.wd_points(x, y, xs, ys, size),
        ),
        "NSS and PDE": (
            lambda: (slow.nss(click_map, x, y), slow.pde(click_map, x, y)),
            lambda: (metrics.nss(click_map, x, y), metrics.pde(click_map, x, y)),
        ),
    }


def stages(height: int, width: int) -> dict[str, Callable[[], Any]]:
    """The parts of one call of ``click_scores``, each on what the parts before it made."""
    click_map, x, y, size = instance(height, width)
    x, y = x.astype(np.float64), y.astype(np.float64)
    distribution = ClickDistribution.of(click_map)
    xs, ys = (axis.astype(np.float64) for axis in draw_points(distribution, CLICKS, 100, 42))
    costs = np.hypot(xs[:, :, None] - x, ys[:, :, None] - y)
    reduced = costs - costs.min(axis=1, keepdims=True)
    return {
        "check the map, find its mass": lambda: ClickDistribution.of(click_map),
        "draw 100 x 50 points": lambda: draw_points(distribution, CLICKS, 100, 42),
        "KS": lambda: ks_share(x[None], y[None], xs, ys),
        "PL1": lambda: metrics.pl1_points(x, y, xs, ys, size),
        "WD": lambda: metrics.wd_points(x, y, xs, ys, size),
        "  of it, SciPy's assignments": lambda: [linear_sum_assignment(cost) for cost in reduced],
        "NSS and PDE": lambda: (nss_at(distribution, x, y), pde_at(distribution, x, y)),
    }


def print_stages(height: int, width: int) -> None:
    """Where the time of all five metrics goes."""
    click_map, x, y, size = instance(height, width)
    whole = seconds(lambda: metrics.click_scores(click_map, x, y, size), 20)
    print(f"  of the {whole * 1e3:.2f} ms of all five metrics:")
    for name, call in stages(height, width).items():
        part = seconds(call, 20)
        print(f"    {name:<32}{part * 1e3:8.2f} ms{100 * part / whole:6.0f} %")


def main() -> None:
    """Check that both sides agree, and print the table."""
    slow = SimpleNamespace(**runpy.run_path(str(SLOW)))
    print(f"{'n = 50, 100 resamples':<24}{'plain':>12}{'rclicks_hf':>14}{'ratio':>10}")
    for height, width in ((480, 640), (1500, 2048)):
        print(f"{height} x {width}")
        for name, (plain, ours) in pairs(slow, height, width).items():
            np.testing.assert_allclose(np.ravel(ours()), np.ravel(plain()), rtol=1e-5, atol=1e-9)
            before, after = seconds(plain, 1), seconds(ours, 20)
            ratio = before / after
            print(f"  {name:<22}{before * 1e3:9.1f} ms{after * 1e3:11.2f} ms{ratio:8.0f} x")
        print_stages(height, width)


if __name__ == "__main__":
    main()
