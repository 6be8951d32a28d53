"""The network and its image processor against what TranSalNet's code gives."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from rclicks_hf.cli import app
from rclicks_hf.networks.saliency import SaliencyImageProcessor, SaliencyModel

CASES = ("a",)


@pytest.fixture(scope="module")
def folder(oracles: Path) -> Path:
    return oracles / "transalnet_res"


@pytest.fixture(scope="module")
def converted(
    oracle: ModuleType, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> SaliencyModel:
    """Through `rclicks convert saliency`, and loaded from the folder that it made."""
    out = tmp_path_factory.mktemp("converted")
    checkpoint = oracle.save_checkpoint(folder, out / "TranSalNet_Res.pth")
    words = ["convert", "saliency", str(checkpoint), str(out / "model")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert done.output.strip().endswith(str(out / "model"))
    checkpoint.unlink()
    return SaliencyModel.from_pretrained(out / "model").eval()


def test_converted_tensors_keep_names_and_values(
    converted: SaliencyModel, oracle: ModuleType, folder: Path
) -> None:
    original = oracle.load(folder)[0]
    state = converted.state_dict()
    assert set(state) == set(original)
    assert all(torch.equal(state[key], original[key]) for key in original)


def test_outputs_equal_the_original_code(
    converted: SaliencyModel, oracle: ModuleType, folder: Path
) -> None:
    _, inputs, expected, meta = oracle.load(folder)
    for case in CASES:
        with torch.no_grad():
            saliency = converted(inputs[case]["x"]).saliency
        report = oracle.compare(saliency, expected[case]["saliency"], **meta["tolerance"])
        # Random weights amplify the rounding of a CPU's own kernels: the oracle's tolerance holds.
        assert report["ok"], report


def test_processing_equals_the_original_code(oracle: ModuleType, folder: Path) -> None:
    data = oracle.read(folder)[1]
    processor = SaliencyImageProcessor()
    images = [data[f"in/{case}/image"] for case in CASES]
    pixel_values = processor(images)["pixel_values"]
    for i, case in enumerate(CASES):
        canvas = data[f"in/{case}/canvas"].transpose(2, 0, 1)
        np.testing.assert_array_equal((255 * pixel_values[i]).round().numpy(), canvas)
    maps = torch.cat([torch.from_numpy(data[f"out/{case}/saliency"]) for case in CASES])
    sizes = [image.shape[:2] for image in images]
    for case, plane in zip(CASES, processor.post_process_saliency(maps, sizes), strict=True):
        np.testing.assert_array_equal(plane, data[f"out/{case}/postprocessed"])
