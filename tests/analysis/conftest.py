"""Simulated clicks of a few instances, as rows and as a built dataset."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pytest

from rclicks_hf import data, simulation
from rclicks_hf.data.schema import CLICK_TYPES, DEVICES, SOURCE_DATASETS, SPLITS

datasets.disable_progress_bars()

NAME = "simulated_scenes"
BOX = [5, 7, 60, 40]  # x, y, width, height


@pytest.fixture(scope="session")
def slow() -> SimpleNamespace:
    """The plain definitions of the metrics."""
    path = Path(__file__).parents[1] / "metrics" / "slow.py"
    return SimpleNamespace(**runpy.run_path(str(path)))


def _row(
    full_stem: str,
    pc: list[tuple[int, int]],
    mobile: list[tuple[int, int]],
    *,
    dataset: str = NAME,
    split: str = "test",
    click_type: str = "first",
    box: list[int] = BOX,
) -> dict[str, Any]:
    points = [*pc, *mobile]
    return {
        "dataset": list(SOURCE_DATASETS).index(dataset),
        "split": SPLITS.index(split),
        "click_type": CLICK_TYPES.index(click_type),
        "full_stem": full_stem,
        "is_simulated": SOURCE_DATASETS[dataset].is_simulated,
        "w": 160,
        "h": 120,
        "box": box,
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "device": [DEVICES.index("pc")] * len(pc) + [DEVICES.index("mobile")] * len(mobile),
    }


@pytest.fixture(scope="session")
def make_row() -> Callable[..., dict[str, Any]]:
    """A row of an ``-instances`` config from the points clicked on either device."""
    return _row


@pytest.fixture(scope="session")
def clouds() -> pa.Table:
    """Eight instances, 10 to 17 random clicks on each device, those on mobile slightly shifted."""
    rng = np.random.default_rng(0)

    def points(count: int, shift: int) -> list[tuple[int, int]]:
        x, y = rng.normal(60 + shift, 15, count), rng.normal(40 + shift, 10, count)
        clipped = np.clip(x, 0, 159).astype(int), np.clip(y, 0, 119).astype(int)
        return list(zip(*(axis.tolist() for axis in clipped), strict=True))

    return pa.Table.from_pylist(
        [_row(f"s{i}", points(10 + i, 0), points(17 - i, 3 * i)) for i in range(8)]
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built dataset of simulated clicks: two images in ``test``, one in ``train``."""
    scenes = simulation.generate_scenes(3, seed=3, size=(64, 64))
    rounds = simulation.simulate_rounds(scenes, dataset=NAME, progress=False)
    stores = {NAME: data.StoreWithPrevious(scenes, rounds.previous_masks)}
    splits = {NAME: {"scene_000": "test", "scene_001": "test", "scene_002": "train"}}
    out = tmp_path_factory.mktemp("built") / "rclicks"
    data.build_dataset(rounds.clicks, stores, out, splits=splits, progress=False)
    return out
