"""The network and the image processor against what the paper's code gives."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from helpers.oracles import read_arrays
from helpers.plain_clickability import plain_forward

from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
    convert_checkpoint,
)


@pytest.fixture(scope="module")
def folder(oracles: Path) -> Path:
    return oracles / "clickability_t"


@pytest.fixture(scope="module")
def converted(
    oracle: ModuleType, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> ClickabilityModel:
    out = tmp_path_factory.mktemp("converted")
    oracle.save_checkpoint(folder, out / "clickability_model.pth")
    convert_checkpoint(out / "clickability_model.pth", out / "model")
    return ClickabilityModel.from_pretrained(out / "model").eval()


def test_converted_tensors_keep_names_and_values(
    converted: ClickabilityModel, oracle: ModuleType, folder: Path
) -> None:
    original = oracle.load(folder)[0]
    state = converted.state_dict()
    assert set(state) == set(json.loads((folder / "keys.json").read_text())["keys"])
    assert all(torch.equal(state[key], original[key]) for key in original)
    assert converted.config.depths == [3, 3, 5, 2]


@pytest.mark.parametrize("case", ["a", "b"])
def test_outputs_equal_the_paper_code(
    converted: ClickabilityModel, oracle: ModuleType, folder: Path, case: str
) -> None:
    _, inputs, expected, _ = oracle.load(folder)
    names = ("pixel_values", "object_mask", "error_mask")
    with torch.no_grad():
        output = converted(**{name: inputs[case][name] for name in names})
        guidance = converted.maps_transform(inputs[case]["coord_features"])
    for actual, name, atol in (
        (output.click_map, "instances", 1e-4),
        (output.logits, "logits", 1e-3),
        (guidance[:, ::2, ::2, ::2], "maps_s2", 1e-5),
    ):
        report = oracle.compare(actual, expected[case][name], atol=atol, rtol=0)
        assert report["ok"], (name, report)


def _awake(model: ClickabilityModel) -> ClickabilityModel:
    """With batch statistics, scales and factors that all matter, as after a training."""
    generator = torch.Generator().manual_seed(5)
    for name, value in model.state_dict().items():
        if "layer_scale" in name or name.endswith("scale"):
            value.uniform_(-0.1, 0.1, generator=generator)
        elif name.endswith(("running_mean", "bias")):
            value.normal_(0, 0.2, generator=generator)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=generator)
    return model.eval()


@pytest.mark.parametrize(
    ("preset", "sizes"),
    [
        ("nano", [(3, 96, 64)]),
        ("tiny", [(2, 64, 96), (1, 70, 101)]),
        ("small", [(1, 64, 96)]),
        ("base", [(1, 64, 32)]),
    ],
)
def test_every_preset_equals_the_plain_network(
    preset: str, sizes: list[tuple[int, int, int]]
) -> None:
    torch.manual_seed(0)
    config = ClickabilityConfig.from_preset(preset, map_activation="minmax")
    model = _awake(ClickabilityModel(config))
    for size in sizes:
        _assert_plain(model, *size)


def _assert_plain(model: ClickabilityModel, batch: int, height: int, width: int) -> None:
    groups = model.config.num_groups
    pixel_values = torch.randn(batch, 3, height, width)
    object_mask = torch.zeros(batch, 1, height, width)
    object_mask[:, :, height // 4 : height // 2, width // 4 :] = 1
    error_mask = object_mask * (torch.rand(batch, 1, height, width) > 0.3)
    inputs = (pixel_values, object_mask, error_mask)
    with torch.no_grad():
        logits, click_map = plain_forward(model.state_dict(), *inputs, groups=groups)
    for grad in (False, True):  # without gradients the work is done in pieces
        with torch.set_grad_enabled(grad):
            output = model(*inputs)
            features = model.encode_image(pixel_values)
            reused = model(None, object_mask, error_mask, image_features=features)
        scale = logits.std()
        assert (output.logits - logits).abs().max() < 1e-3 * scale
        assert (output.click_map - click_map).abs().max() < 1e-4
        torch.testing.assert_close(reused.click_map, output.click_map, rtol=0, atol=1e-5)


def test_the_plain_network_is_the_paper_s(oracle: ModuleType, folder: Path) -> None:
    state, inputs, expected, _ = oracle.load(folder)
    names = ("pixel_values", "object_mask", "error_mask")
    # A batch; the network itself is compared with both cases above.
    logits, click_map = plain_forward(state, *(inputs["b"][name] for name in names))
    assert oracle.compare(click_map, expected["b"]["instances"], atol=1e-4, rtol=0)["ok"]
    assert oracle.compare(logits, expected["b"]["logits"], atol=1e-3, rtol=0)["ok"]


@pytest.mark.parametrize(
    ("preset", "millions"), [("tiny", 4.24), ("small", 13.92), ("base", 27.60)]
)
def test_presets_have_the_published_numbers_of_parameters(preset: str, millions: float) -> None:
    with torch.device("meta"):
        model = ClickabilityModel(ClickabilityConfig.from_preset(preset))
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.005)


def test_nano_has_less_than_a_million_parameters() -> None:
    with torch.device("meta"):
        model = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
    assert sum(p.numel() for p in model.parameters()) < 1e6


@pytest.mark.parametrize("case", [0, 3])
def test_processing_equals_the_paper_code(oracles: Path, case: int) -> None:
    _check_processing(read_arrays(oracles / "clickability_processing" / "data.npz"), case)


@pytest.mark.parametrize("case", [1, 2, 4])
def test_processing_of_other_shapes_equals_the_paper_code(shared: Path, case: int) -> None:
    folder = shared / "oracles" / "clickability_processing"
    _check_processing(read_arrays(folder / "data.npz"), case)


def _check_processing(arrays: dict[str, np.ndarray], case: int) -> None:
    stored = {name.split("/")[1]: array for name, array in arrays.items() if name[0] == str(case)}
    processor = ClickabilityImageProcessor()
    inputs = processor(
        stored["image"], stored["object_mask"], stored["error_mask"], return_tensors="pt"
    )
    pixels = inputs["pixel_values"][0].permute(1, 2, 0)[::4, ::4]
    # 2e-5: OpenCV keeps its interpolation weights in float32, torch its coordinates.
    np.testing.assert_allclose(pixels, stored["pixel_values_s4"], rtol=0, atol=2e-5)
    for name in ("object_mask", "error_mask"):
        padded = inputs[name][0, 0, ::2, ::2]
        np.testing.assert_allclose(padded, stored[f"{name}_padded_s2"], rtol=0, atol=2e-5)
    click_map = processor.post_process_click_maps(
        torch.from_numpy(stored["network_map"])[None, None], [stored["image"].shape[:2]]
    )[0]
    np.testing.assert_allclose(click_map, stored["image_map"], rtol=0, atol=1e-6)
