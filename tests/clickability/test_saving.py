"""Saved and loaded again: bit for bit, through the Auto classes, and without the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoImageProcessor, AutoModel, pipeline

from rclicks_hf.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
    ClickabilityPipeline,
)
from rclicks_hf.clickability.loading import load_pretrained
from rclicks_hf.errors import RclicksError

REMOTE = """
import sys
import numpy as np
from transformers import AutoImageProcessor, AutoModel

assert not any("rclicks" in path for path in sys.path)
folder = sys.argv[1]
model = AutoModel.from_pretrained(folder, trust_remote_code=True).eval()
processor = AutoImageProcessor.from_pretrained(folder, trust_remote_code=True)
mask = np.zeros((48, 64), bool)
mask[10:30, 12:40] = True
inputs = processor(np.full((48, 64, 3), 90, np.uint8), mask, mask, return_tensors="pt")
click_map = processor.post_process_click_maps(model(**inputs), [(48, 64)])[0]
np.save(sys.argv[2], click_map.detach().numpy())
print("rclicks_hf" in sys.modules)
"""


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_round_trip_is_bit_for_bit(
    tmp_path: Path, model: ClickabilityModel, dtype: torch.dtype
) -> None:
    model = model.to(dtype=dtype)  # type: ignore[call-arg]
    model.save_pretrained(tmp_path)
    again = ClickabilityModel.from_pretrained(tmp_path, dtype=dtype)
    before, after = model.state_dict(), again.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert again.config.to_diff_dict() == model.config.to_diff_dict()


def test_bases_survive_and_are_unit_columns(model_folder: Path, model: ClickabilityModel) -> None:
    name = "encoder_decoder.decode_head.0.hamburger.ham.bases"
    bases = ClickabilityModel.from_pretrained(model_folder).state_dict()[name]
    assert torch.equal(bases, model.state_dict()[name])
    torch.testing.assert_close(bases.norm(dim=1), torch.ones(1, bases.shape[2]))
    assert bases.min() >= 0


def test_a_missing_buffer_is_filled_not_garbage(tmp_path: Path, model: ClickabilityModel) -> None:
    state = {key: value for key, value in model.state_dict().items() if "bases" not in key}
    model.save_pretrained(tmp_path, state_dict=state)
    loaded: Any = ClickabilityModel.from_pretrained(tmp_path)
    bases = loaded.encoder_decoder.decode_head[0].hamburger.ham.bases
    torch.testing.assert_close(bases.norm(dim=1), torch.ones(1, bases.shape[2]))
    with pytest.raises(RclicksError, match=r"lack .*bases"):
        model.save_pretrained(tmp_path, state_dict=state)
        ClickabilityImageProcessor().save_pretrained(tmp_path)
        load_pretrained(tmp_path)


def test_auto_classes_know_it(model_folder: Path) -> None:
    assert type(AutoConfig.from_pretrained(model_folder)) is ClickabilityConfig
    assert type(AutoModel.from_pretrained(model_folder)) is ClickabilityModel
    processor = AutoImageProcessor.from_pretrained(model_folder)
    assert type(processor) is ClickabilityImageProcessor
    assert dict(processor.size) == {"height": 64, "width": 64}
    assert set(json.loads((model_folder / "config.json").read_text())["auto_map"]) == {
        "AutoConfig",
        "AutoModel",
    }


def test_loads_with_remote_code_where_the_package_is_absent(
    tmp_path: Path, model_folder: Path, model: ClickabilityModel
) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", REMOTE, str(model_folder), str(tmp_path / "map.npy")],
        cwd=tmp_path,
        env={**environment, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-1] == "False"
    processor = ClickabilityImageProcessor.from_pretrained(model_folder)
    mask = np.zeros((48, 64), bool)
    mask[10:30, 12:40] = True
    inputs = processor(np.full((48, 64, 3), 90, np.uint8), mask, mask, return_tensors="pt")
    with torch.no_grad():
        expected = processor.post_process_click_maps(model(**inputs), [(48, 64)])[0]
    np.testing.assert_allclose(np.load(tmp_path / "map.npy"), expected, rtol=0, atol=1e-6)


def test_pipeline_by_task_name(model_folder: Path, tmp_path: Path) -> None:
    clicks = pipeline("click-prediction", model=str(model_folder))  # type: ignore[call-overload]
    assert isinstance(clicks, ClickabilityPipeline)
    rng = np.random.default_rng(0)
    inputs = []
    for height, width in ((40, 60), (60, 40), (50, 50)):
        mask = np.zeros((height, width), bool)
        mask[10:30, 12:30] = True
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        inputs.append({"image": image, "object_mask": mask, "error_mask": mask})
    one_by_one = [clicks(item) for item in inputs]
    batched = clicks(inputs, batch_size=2)
    for item, alone, together in zip(inputs, one_by_one, batched, strict=True):
        assert alone["click_map"].shape == item["object_mask"].shape
        np.testing.assert_allclose(alone["click_map"], together["click_map"], atol=1e-5)
        assert item["error_mask"][alone["click"]["y"], alone["click"]["x"]]
    keywords = clicks(inputs[0]["image"], object_mask=inputs[0]["object_mask"])
    np.testing.assert_allclose(keywords["click_map"], one_by_one[0]["click_map"], atol=1e-5)
    with pytest.raises(ValueError, match="object_mask is missing"):
        clicks(inputs[0]["image"])
    clicks.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved" / "pipeline_clickability.py").is_file()


def test_a_damaged_folder_is_one_line(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="no clickability network can be loaded"):
        load_pretrained(tmp_path)
    weights = model_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(RclicksError, match="no clickability network") as caught:
        load_pretrained(model_folder)
    assert "\n" not in str(caught.value)
