"""Names of click models and segmenters in the app."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.space.settings import SpaceSettings
from rclicks_hf.space.tools import click_models, segmenters


def test_click_models_are_called_by_their_folder(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = ClickabilityModel(ClickabilityConfig.from_preset("nano", image_size=64))
    folders = [str(tmp_path / parent / "nano") for parent in ("a", "b")]
    for folder in folders:
        network.save_pretrained(folder)
        ClickabilityImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    found = click_models(SpaceSettings(click_models=(*folders, folders[0])))
    assert list(found) == ["UD", "DT", "nano", folders[1]]


def test_segmenters() -> None:
    assert list(segmenters(SpaceSettings())) == ["geocut"]
    assert list(segmenters(SpaceSettings(segmenters=()))) == ["geocut"]
    with pytest.raises(RclicksError, match="no such segmenter"):
        segmenters(SpaceSettings(segmenters=("geocut", "nothing")))
