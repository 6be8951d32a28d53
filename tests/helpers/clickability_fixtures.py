"""Fixtures: a tiny clickability network, and instances without files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rclicks_hf.data.instances import Clicks, Instance
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)

SIDE = 64


def make_instance(index: int) -> Instance:
    """An ellipse on noise, with clicks around its centre."""
    rng = np.random.default_rng(index)
    y, x = np.mgrid[:48, :64]
    cx, cy = rng.uniform(20, 44), rng.uniform(16, 32)
    mask = (((x - cx) / 16) ** 2 + ((y - cy) / 11) ** 2 < 1).astype(np.int8)
    clicks = Clicks(
        np.clip(np.rint(rng.normal(cx, 3, 20)), 0, 63).astype(np.int32),
        np.clip(np.rint(rng.normal(cy, 2, 20)), 0, 47).astype(np.int32),
        np.full(20, "pc"),
    )
    return Instance(
        full_stem=f"scene{index}",
        image_stem=f"scene{index}",
        object_stem="",
        dataset="simulated_scenes",
        split="train",
        click_type="first",
        model_type="none",
        image=rng.integers(0, 256, (48, 64, 3), dtype=np.uint8),
        mask=mask,
        clicks=clicks,
        is_simulated=True,
    )


def two_stages() -> ClickabilityConfig:
    """A network that trains in half the time of the smallest preset."""
    sizes = {"hidden_sizes": (16, 32), "depths": (1, 1), "mlp_ratios": (4, 4)}
    return ClickabilityConfig.from_preset("nano", image_size=SIDE, **sizes)


@pytest.fixture
def instances() -> list[Instance]:
    return [make_instance(i) for i in range(8)]


@pytest.fixture
def config() -> ClickabilityConfig:
    return ClickabilityConfig.from_preset("nano", image_size=SIDE)


@pytest.fixture
def model(config: ClickabilityConfig) -> ClickabilityModel:
    torch.manual_seed(0)
    return ClickabilityModel(config).eval()


@pytest.fixture
def processor() -> ClickabilityImageProcessor:
    return ClickabilityImageProcessor(size={"height": SIDE, "width": SIDE})


@pytest.fixture
def model_folder(
    tmp_path: Path, model: ClickabilityModel, processor: ClickabilityImageProcessor
) -> Path:
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
