"""Speed of the analyses on as many clicks as the paper has: both sides in one run, as ratios.

The clicks are simulated. The plain side is tests/metrics/slow.py, double loops and a linear
program, on a few of the instances; the rates are compared.

Run: python tests/speed/bench_analysis.py
"""

from __future__ import annotations

import runpy
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from rclicks_hf import analysis
from rclicks_hf.data.schema import DEVICES

SLOW = Path(__file__).resolve().parents[1] / "metrics" / "slow.py"
CLICKS, INSTANCES, PLAIN = 475_544, 14_000, 100
SIZE = (300, 240)


def simulated_rows() -> pa.Table:
    """Instances of 33 or 34 clicks around a place of their own, each on either device."""
    rng = np.random.default_rng(0)
    counts = np.diff(np.linspace(0, CLICKS, INSTANCES + 1).astype(int))
    offsets = pa.array(np.append(0, np.cumsum(counts)), pa.int32())
    limits = {"x": 2048, "y": 1200}
    columns: dict[str, Any] = {
        axis: np.repeat(rng.integers(200, limit - 200, INSTANCES), counts)
        + rng.normal(0, 50, CLICKS).astype(int)
        for axis, limit in limits.items()
    }
    columns["device"] = rng.integers(len(DEVICES), size=CLICKS)
    lists = {n: pa.ListArray.from_arrays(offsets, pa.array(v)) for n, v in columns.items()}
    same = {"dataset": 5, "split": 2, "click_type": 0, "is_simulated": True, "w": 2048, "h": 1200}
    keys: dict[str, Any] = {name: [value] * INSTANCES for name, value in same.items()}
    keys["box"] = [[0, 0, *SIZE]] * INSTANCES
    return pa.table({"full_stem": [str(i) for i in range(INSTANCES)]} | keys | lists)


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def plain_devices(slow: SimpleNamespace, instances: list[analysis.ClickedInstance]) -> None:
    """What `compare_devices` computes, by double loops and a linear program."""
    for instance in instances:
        pc, mobile = (instance.clicks.on(device) for device in DEVICES)
        points = (pc.x, pc.y, mobile.x, mobile.y)
        slow.ks2d_pvalue(*points)
        slow.wd_points(*points, SIZE)
        slow.pl1_points(*points, SIZE)


def main() -> None:
    slow = SimpleNamespace(**runpy.run_path(str(SLOW)))
    rows = simulated_rows()
    print(f"{CLICKS:,} simulated clicks on {INSTANCES:,} instances, one process")
    took = {}
    for function in (
        analysis.compare_devices,
        analysis.split_half_agreement,
        analysis.spread_by_instance,
        analysis.sensitivity_by_instance,
    ):
        took[function.__name__] = seconds(lambda function=function: function(rows, progress=False))
        print(f"{function.__name__:<26}{took[function.__name__]:8.1f} s")
    few = analysis.read_instances(rows.slice(0, PLAIN))
    plain = seconds(lambda: plain_devices(slow, few)) * INSTANCES / PLAIN
    print(f"plain compare_devices     {plain:8.1f} s, from {PLAIN} instances")
    print(f"ratio plain / ours        {plain / took['compare_devices']:8.1f}")
    result = analysis.spread_by_instance(rows, progress=False)
    print(f"summary of spread         {seconds(lambda: analysis.summarise(result)):8.1f} s")


if __name__ == "__main__":
    main()
