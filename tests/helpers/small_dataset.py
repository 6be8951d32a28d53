"""Small synthetic images, clicks and a built dataset, as fixtures for the conftest of a room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pytest

from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.schema import CLICK_SCHEMA

datasets.disable_progress_bars()

SIZE = (12, 16)  # (H, W)


def _mask() -> np.ndarray:
    mask = np.zeros(SIZE, np.int8)
    mask[2:8, 3:11] = 1
    mask[8, 3:11] = -1
    return mask


def _source(images: int = 6, objects: tuple[str, ...] = ("",)) -> MemoryStore:
    """``images`` noise images; every object has a first round and an fn round."""
    rng = np.random.default_rng(0)
    source = MemoryStore()
    for index in range(images):
        stem = f"{index:03d}"
        joined = [f"{stem}_______{name}" if name else stem for name in objects]
        previous = {f"{name}_sam_fn_pc_4": np.eye(*SIZE) > 0 for name in joined}
        image = rng.integers(0, 256, (*SIZE, 3), np.uint8)
        source.add(stem, image, dict.fromkeys(objects, _mask()), previous)
    return source


def _clicks(
    source: MemoryStore, dataset: str = "simulated_scenes", count: int = 5, seed: int = 0
) -> pa.Table:
    """``count`` random clicks on every object and round of a source made by ``_source``."""
    rng = np.random.default_rng(seed)
    rows = []
    for image_stem, object_stem in source.objects():
        name = f"{image_stem}_______{object_stem}" if object_stem else image_stem
        for full_stem, click_type, model in (
            (name, "first", "none"),
            (f"{name}_sam_fn_pc_4", "fn", "sam"),
        ):
            for _ in range(count):
                rows.append(
                    {
                        "dataset": dataset,
                        "full_stem": full_stem,
                        "image_stem": image_stem,
                        "object_stem": object_stem,
                        "click_type": click_type,
                        "model_type": model,
                        "device": ("pc", "mobile")[rng.integers(2)],
                        "x": int(rng.integers(SIZE[1])),
                        "y": int(rng.integers(SIZE[0])),
                        "w": SIZE[1],
                        "h": SIZE[0],
                    }
                )
    return pa.Table.from_pylist(rows, CLICK_SCHEMA)


@pytest.fixture(scope="session")
def make_source() -> Callable[..., MemoryStore]:
    return _source


@pytest.fixture(scope="session")
def make_clicks() -> Callable[..., pa.Table]:
    return _clicks


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built dataset of simulated clicks, read-only for tests; its folder is named rclicks."""
    out = tmp_path_factory.mktemp("built") / "rclicks"
    source = _source()
    build_dataset(_clicks(source), {"simulated_scenes": source}, out, progress=False)
    return out
