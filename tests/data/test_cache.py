"""A rebuilt dataset is never served from the cache of the old one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from datasets import load_dataset

from rclicks_hf.data.build.builder import build_dataset
from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.data.schema import CLICK_SCHEMA


def _moved(clicks: pa.Table) -> pa.Table:
    """Other coordinates, the same number of rows: the card differs in nothing but the digest."""
    rows = [row | {"x": (row["x"] + 1) % row["w"]} for row in clicks.to_pylist()]
    return pa.Table.from_pylist(rows, CLICK_SCHEMA)


def test_a_rebuilt_dataset_is_read_anew(
    tmp_path: Path,
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    configs = ["all", "simulated_scenes-instances", "simulated_scenes-first"]
    clicks = make_clicks(make_source(3), seed=5)
    build_dataset(clicks, {}, "rclicks", progress=False)
    old = [load_dataset("rclicks", config, split="test") for config in configs]
    build_dataset(_moved(clicks), {}, "rclicks", replace=True, progress=False)
    for config, before in zip(configs, old, strict=True):
        after = load_dataset("rclicks", config, split="test")
        assert len(before) == len(after)
        assert before["x"][:] != after["x"][:]


def test_changed_pictures_are_read_anew(
    tmp_path: Path,
    make_source: Callable[..., MemoryStore],
    make_clicks: Callable[..., pa.Table],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    old_source, new_source = make_source(3), MemoryStore()
    for stem, name in old_source.objects():
        previous = {f"{stem}_sam_fn_pc_4": np.eye(12, 16) > 0}
        image = 255 - old_source.image(stem)
        new_source.add(stem, image, {name: old_source.mask(stem, name)}, previous)
    pictures = []
    for source in (old_source, new_source):
        sources = {"simulated_scenes": source}
        build_dataset(make_clicks(source), sources, "rclicks", replace=True, progress=False)
        row = load_dataset("rclicks", "simulated_scenes-images", split="test")[0]
        pictures.append(row["image"].getpixel((0, 0)))
    assert pictures[0] == tuple(255 - value for value in pictures[1])
