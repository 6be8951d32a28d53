"""The code of a network's card runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rclicks_hf.networks.clickability import ClickabilityImageProcessor, ClickabilityModel
from rclicks_hf.support.hub_cards.hub_card import use_section


def test_the_code_of_the_card_runs(
    model: ClickabilityModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    model.save_pretrained("network")
    side = model.config.image_size
    ClickabilityImageProcessor(size={"height": side, "width": side}).save_pretrained("network")
    image = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    mask = np.zeros((48, 64), np.uint8)
    mask[10:30, 20:50] = 255
    Image.fromarray(image).save("image.jpg")
    Image.fromarray(mask).save("mask.png")
    code = re.findall(r"```python\n(.*?)```", use_section("network"), flags=re.DOTALL)
    assert len(code) == 2
    scope: dict[str, Any] = {"image": image, "object_mask": mask > 0, "error_mask": mask > 0}
    for snippet in code:
        exec(snippet, scope)
    assert re.fullmatch(r"\{'x': \d+, 'y': \d+\}", capsys.readouterr().out.strip())
    assert scope["click_map"].shape == (48, 64)
