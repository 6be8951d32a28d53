"""The network itself: shapes, head algebra, loss, activations, bad inputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.commands import PythonProcess
from huggingface_hub.errors import StrictDataclassError
from hypothesis import given, settings
from hypothesis import strategies as st

from rclicks_hf.networks.clickability import ClickabilityConfig, ClickabilityModel
from rclicks_hf.networks.clickability.modeling_clickability import click_map_losses

HEIGHT, WIDTH = 48, 64


def _inputs(batch: int = 2) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    mask = torch.zeros(batch, 1, HEIGHT, WIDTH)
    mask[:, :, 10:30, 12:40] = 1
    error = mask.clone()
    error[:, :, :, :20] = 0
    return {
        "pixel_values": torch.randn(batch, 3, HEIGHT, WIDTH, generator=generator),
        "object_mask": mask,
        "error_mask": error,
    }


@pytest.mark.parametrize("activation", ["minmax", "exponential"])
def test_click_maps_reach_from_zero_to_one(activation: str) -> None:
    model = ClickabilityModel(
        ClickabilityConfig.from_preset("nano", map_activation=activation)
    ).eval()
    with torch.no_grad():
        click_map = model(**_inputs()).click_map
    assert click_map.shape == (2, 1, HEIGHT, WIDTH)
    assert click_map.amax((1, 2, 3)).tolist() == pytest.approx([1, 1])
    assert click_map.min() >= 0
    if activation == "minmax":
        assert click_map.amin((1, 2, 3)).tolist() == [0, 0]


def test_an_image_does_not_depend_on_its_batch(model: ClickabilityModel) -> None:
    inputs = _inputs(3)
    with torch.no_grad():
        together = model(**inputs).click_map
        alone = model(**{name: value[1:2] for name, value in inputs.items()}).click_map
    torch.testing.assert_close(together[1:2], alone, rtol=0, atol=1e-5)


def test_both_masks_matter_and_not_alike(model: ClickabilityModel) -> None:
    inputs = _inputs(1)
    swapped = {
        **inputs,
        "object_mask": inputs["error_mask"],
        "error_mask": inputs["object_mask"],
    }
    with torch.no_grad():
        assert not torch.allclose(model(**inputs).logits, model(**swapped).logits, atol=1e-3)


def test_gradients_reach_every_parameter(config: ClickabilityConfig) -> None:
    model = ClickabilityModel(config).train()
    labels = torch.rand(2, 1, HEIGHT, WIDTH)
    model(**_inputs(), labels=labels).loss.backward()
    without = [name for name, p in model.named_parameters() if p.grad is None]
    assert without == []


def test_gradient_checkpointing_changes_nothing(config: ClickabilityConfig) -> None:
    labels = torch.rand(2, 1, HEIGHT, WIDTH)
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        model = ClickabilityModel(config).train()
        if checkpointing:
            model.activation_checkpointing_enable()
        model(**_inputs(), labels=labels).loss.backward()
        gradients.append(model.maps_transform[0].weight.grad)
    torch.testing.assert_close(gradients[0], gradients[1])


def test_bfloat16_gives_a_float32_map(config: ClickabilityConfig) -> None:
    torch.manual_seed(0)
    model = ClickabilityModel(config).eval()
    inputs = _inputs()
    with torch.no_grad():
        exact = model(**inputs).click_map
        half = model.to(torch.bfloat16)(
            **{name: value.to(torch.bfloat16) for name, value in inputs.items()}
        ).click_map
    assert half.dtype == torch.float32
    assert (half - exact).abs().mean() < 0.05


HALF = """
import sys
import torch
from rclicks_hf.networks.clickability.layers_clickability import depthwise

layer, hidden = depthwise(16, 1, 21), torch.rand(1, 16, 40, 40)
hidden = hidden.contiguous(memory_format=torch.channels_last)
for dtype in (torch.bfloat16, torch.float16):
    with torch.no_grad(), torch.autocast("cpu", dtype=dtype):
        under_autocast = layer(hidden.to(dtype))
    with torch.no_grad():
        exact = layer(hidden.to(dtype).float())
        alone = depthwise(16, 1, 21).to(dtype)
        alone.load_state_dict(layer.state_dict())
        for made in (alone(hidden.to(dtype)), under_autocast):
            assert made.dtype == dtype
            torch.testing.assert_close(made.float(), exact, rtol=0.02, atol=0.02)
"""


def test_half_precision_comes_to_an_end_on_the_cpu(repo: Path) -> None:
    # In a process of its own: oneDNN's kernel for this shape runs for ever on some CPUs.
    env = {**os.environ, "PYTHONPATH": str(repo)}
    with PythonProcess(["-c", HALF], env=env) as process:
        assert process.wait(120) == 0, process.stderr


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), factor=st.floats(0.01, 100))
def test_loss_is_a_divergence(seed: int, factor: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    p, q = torch.rand(2, 3, 1, 6, 5, generator=generator) + 0.01
    assert (click_map_losses(p, q) > 0).all()
    assert click_map_losses(factor * q, q).mean().item() == pytest.approx(0, abs=1e-5)
    scaled = click_map_losses(factor * p, q).mean().item()
    assert scaled == pytest.approx(click_map_losses(p, q).mean().item(), rel=1e-3, abs=1e-5)


def test_loss_by_hand_and_without_clicks() -> None:
    p = torch.tensor([[[[0.5, 0.5]]]])
    q = torch.tensor([[[[1.0, 0.0]]]])
    assert click_map_losses(p, q).mean().item() == pytest.approx(0.6931, abs=1e-4)
    assert click_map_losses(p, torch.zeros_like(q)).mean().item() == 0


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"object_mask": torch.zeros(2, 1, 40, 64)}, r"object_mask must be \(2, 1, 48, 64\)"),
        ({"error_mask": torch.zeros(1, 1, 48, 64)}, r"error_mask must be .* got \(1, 1, 48, 64\)"),
        ({"labels": torch.zeros(2, 48, 64)}, r"labels must be"),
        ({"pixel_values": torch.zeros(2, 1, 48, 64)}, r"pixel_values must be \(B, 3, H, W\)"),
    ],
)
def test_shapes_that_do_not_belong_together_are_named(
    model: ClickabilityModel, change: dict[str, torch.Tensor], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        model(**{**_inputs(), **change})


def test_bad_configurations_are_refused() -> None:
    with pytest.raises(ValueError, match="one entry per stage"):
        ClickabilityConfig(depths=(1, 2))
    with pytest.raises(ValueError, match="not a multiple of num_groups"):
        ClickabilityConfig(head_channels=50)
    with pytest.raises(StrictDataclassError, match="map_activation"):
        ClickabilityConfig(map_activation="softplus")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'huge' is unknown; choose tiny"):
        ClickabilityConfig.from_preset("huge")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nmf_eval_steps", 10**6),
        ("nmf_train_steps", 1001),
        ("nmf_rank", 10**6),
        ("nmf_rank", 0),
        ("image_size", 10**6),
        ("depths", (3, 3, 10**9, 3)),
        ("mlp_ratios", (8, 8, 4, -4)),
        ("hidden_sizes", (64, 128, 320, 10**7)),
        ("head_channels", 2**30),
        ("guidance_channels", 10**9),
    ],
)
def test_numbers_that_would_hang_or_fill_the_memory_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"{field} is -?\d+; give [01] to \d+"):
        ClickabilityConfig(**{field: value})


def test_the_number_of_stages_is_limited() -> None:
    many = (1,) * 100
    with pytest.raises(ValueError, match="depths has 100 stages; give 1 to 8"):
        ClickabilityConfig(hidden_sizes=many, depths=many, mlp_ratios=many)
