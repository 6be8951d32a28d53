"""The network as a graph: captured whole, exported for any batch, under autocast."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from rclicks_hf.networks.clickability import ClickabilityConfig, ClickabilityModel

Inputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@pytest.fixture
def small() -> ClickabilityModel:
    torch.manual_seed(0)
    shape = {"hidden_sizes": (8, 16), "depths": (1, 1), "mlp_ratios": (2, 2)}
    steps = {"nmf_train_steps": 2, "nmf_eval_steps": 2}  # each is a part of the graph
    changes = {**shape, **steps, "head_channels": 16, "num_groups": 4}
    config = ClickabilityConfig.from_preset("nano", **changes)
    return ClickabilityModel(config).eval()


def _inputs(batch: int) -> Inputs:
    mask = torch.zeros(batch, 1, 64, 96)
    mask[..., 10:40, 20:60] = 1
    pixels = torch.randn(batch, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    return pixels, mask, mask


@torch.no_grad()
def test_compile_captures_one_graph(small: ClickabilityModel) -> None:
    expected = small(*_inputs(2)).click_map
    compiled = torch.compile(small, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(*_inputs(2)).click_map, expected, rtol=0, atol=1e-5)


@torch.no_grad()
def test_an_exported_program_takes_any_batch(small: ClickabilityModel) -> None:
    batch = {0: torch.export.Dim("batch", min=1, max=64)}
    program = torch.export.export(small, _inputs(2), dynamic_shapes=(batch, batch, batch))
    for count in (1, 3):
        actual = program.module()(*_inputs(count)).click_map
        expected = small(*_inputs(count)).click_map
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.skipif(
    not (importlib.util.find_spec("onnxscript") and importlib.util.find_spec("onnxruntime")),
    reason="onnx, onnxscript and onnxruntime are no dependencies; torch.onnx.export needs them",
)
def test_an_onnx_file_gives_the_same_map(small: ClickabilityModel, tmp_path: Path) -> None:
    import onnxruntime

    batch = {0: torch.export.Dim("batch", min=1, max=64)}
    program = torch.onnx.export(small, _inputs(2), dynamic_shapes=(batch, batch, batch))
    assert program is not None
    program.save(tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    names = [node.name for node in session.get_inputs()]
    arrays = (tensor.numpy() for tensor in _inputs(3))
    click_map = session.run(None, dict(zip(names, arrays, strict=True)))[0]
    expected = small(*_inputs(3)).click_map
    torch.testing.assert_close(torch.from_numpy(click_map), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("training", [False, True])
def test_autocast_works_in_training_and_evaluation(
    small: ClickabilityModel, training: bool
) -> None:
    small.train(training)
    labels = torch.rand(2, 1, 64, 96)
    with torch.autocast("cpu", torch.bfloat16):
        output = small(*_inputs(2), labels=labels)
    output.loss.backward()
    assert output.click_map.dtype == torch.float32
    assert all(bool(p.grad.isfinite().all()) for p in small.parameters() if p.grad is not None)


def test_gradient_checkpointing_by_its_usual_name(small: ClickabilityModel) -> None:
    gradients = []
    for checkpointing in (False, True):
        small.zero_grad()
        small.train()
        if checkpointing:
            small.gradient_checkpointing_enable()
            assert small.is_gradient_checkpointing
        torch.manual_seed(0)
        small(*_inputs(2), labels=torch.ones(2, 1, 64, 96)).loss.backward()
        gradients.append(small.maps_transform[0].weight.grad.clone())
    torch.testing.assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"pixel_values": None}, "give exactly one of pixel_values and image_features"),
        ({"image_features": torch.zeros(2, 8, 16, 24)}, "give exactly one of"),
        (
            {"pixel_values": None, "image_features": torch.zeros(3, 8, 16, 24)},
            r"image_features must be \(1 or 2, C, 16, 24\)",
        ),
        (
            {"pixel_values": None, "image_features": torch.zeros(1, 8, 16, 16)},
            r"image_features must be \(1 or 2, C, 16, 24\)",
        ),
    ],
)
def test_image_and_features_exclude_each_other(
    small: ClickabilityModel, change: dict[str, torch.Tensor | None], text: str
) -> None:
    names = ("pixel_values", "object_mask", "error_mask")
    with pytest.raises(ValueError, match=text):
        small(**{**dict(zip(names, _inputs(2), strict=True)), **change})
