"""Every layer runs as a module: what is hooked, offloaded or replaced takes part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import accelerate
import pytest
import torch
from torch import Tensor, nn

from rclicks_hf.networks.clickability import ClickabilityConfig, ClickabilityModel
from rclicks_hf.networks.clickability import encoder_clickability as encoder


@pytest.fixture
def inputs() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    mask = torch.zeros(2, 1, 70, 101)
    mask[:, :, 10:30, 12:60] = 1
    return torch.randn(2, 3, 70, 101, generator=generator), mask, mask


def _leaves(model: nn.Module) -> dict[str, nn.Module]:
    return {
        name: module
        for name, module in model.named_modules()
        if next(module.parameters(recurse=False), None) is not None
    }


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("piece", [2**20, 2**10], ids=["whole", "strips"])
def test_every_module_with_parameters_runs(
    model: ClickabilityModel,
    inputs: Any,
    training: bool,
    piece: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoder, "_PIECE", piece)
    model.train(training)
    ran = set()
    for name, module in _leaves(model).items():
        module.register_forward_hook(lambda *_, name=name: ran.add(name))
    with torch.set_grad_enabled(training):
        model(*inputs)
    assert set(_leaves(model)) - ran == set()


def test_backward_hooks_see_every_module(model: ClickabilityModel, inputs: Any) -> None:
    ran = set()
    for name, module in _leaves(model).items():
        module.register_full_backward_hook(lambda *_, name=name: ran.add(name))
    model(*inputs, labels=torch.rand(2, 1, 70, 101)).loss.backward()
    assert set(_leaves(model)) - ran == set()


@torch.no_grad()
def test_what_a_hook_keeps_is_what_the_module_made(model: ClickabilityModel, inputs: Any) -> None:
    kept: dict[str, tuple[Tensor, Tensor]] = {}
    for name, module in _leaves(model).items():
        module.register_forward_hook(
            lambda _, __, made, name=name: kept.update({name: (made, made.clone())})
        )
    model(*inputs)
    assert [name for name, (seen, made) in kept.items() if not torch.equal(seen, made)] == []


@torch.no_grad()
def test_strips_equal_the_whole(
    model: ClickabilityModel, inputs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = model(*inputs)
    for piece in (1, 2**8, 2**10, 2**13):
        monkeypatch.setattr(encoder, "_PIECE", piece)
        torch.testing.assert_close(model(*inputs).logits, whole.logits, rtol=1e-4, atol=1e-4)


def _offloaded_to_memory(model: ClickabilityModel, folder: Path) -> nn.Module:
    return accelerate.cpu_offload(model, execution_device=torch.device("cpu"))


def _offloaded_with_buffers(model: ClickabilityModel, folder: Path) -> nn.Module:
    return accelerate.cpu_offload(model, torch.device("cpu"), offload_buffers=True)


def _offloaded_to_disk(model: ClickabilityModel, folder: Path) -> nn.Module:
    return accelerate.disk_offload(model, str(folder), execution_device=torch.device("cpu"))


def _mapped_to_disk(model: ClickabilityModel, folder: Path) -> nn.Module:
    model.save_pretrained(folder / "saved")
    places = {"encoder_decoder.backbone": "cpu", "maps_transform": "cpu"}
    return ClickabilityModel.from_pretrained(
        folder / "saved",
        device_map={**places, "encoder_decoder.decode_head": "disk"},
        offload_folder=str(folder / "offload"),
    ).eval()


@torch.no_grad()
@pytest.mark.parametrize(
    "offload",
    [_offloaded_to_memory, _offloaded_with_buffers, _offloaded_to_disk, _mapped_to_disk],
)
def test_an_offloaded_network_gives_the_same_output(
    model: ClickabilityModel,
    inputs: Any,
    tmp_path: Path,
    offload: Callable[[ClickabilityModel, Path], nn.Module],
) -> None:
    expected = model(*inputs)
    offloaded = offload(model, tmp_path)
    assert any(parameter.device.type == "meta" for parameter in offloaded.parameters())
    torch.testing.assert_close(offloaded(*inputs).logits, expected.logits, rtol=0, atol=1e-5)


class _Adapted(nn.Module):
    """A layer with a low-rank correction, as LoRA puts it in the layer's place."""

    def __init__(self, layer: nn.Conv2d, amount: float):
        super().__init__()
        self.base_layer = layer
        self.down = nn.Conv2d(layer.in_channels, 2, 1, bias=False)
        self.up = nn.Conv2d(2, layer.out_channels, 1, bias=False)
        nn.init.normal_(self.up.weight, std=amount)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.base_layer(hidden) + self.up(self.down(hidden))


def _two_stages() -> ClickabilityModel:
    """A layer of every kind, a third of those of the smallest preset."""
    shape = {"hidden_sizes": (8, 16), "depths": (1, 1), "mlp_ratios": (2, 2)}
    config = ClickabilityConfig.from_preset("nano", head_channels=16, num_groups=4, **shape)
    torch.manual_seed(0)
    return ClickabilityModel(config).eval()


POINTWISE = [
    name
    for name, module in _two_stages().named_modules()
    if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1)
]


@pytest.mark.parametrize("name", POINTWISE)
def test_a_layer_in_the_place_of_a_convolution_takes_part(inputs: Any, name: str) -> None:
    model = _two_stages()
    with torch.no_grad():
        before = model(*inputs).logits
        layer: Any = model.get_submodule(name)
        model.set_submodule(name, _Adapted(layer, 0.0))
        torch.testing.assert_close(model(*inputs).logits, before, rtol=1e-4, atol=1e-4)
        model.set_submodule(name, _Adapted(layer, 1.0))
        after = model(*inputs).logits
        assert (after - before).abs().max() > 1e-4
        merged: Any = model.get_submodule(name)
        layer.weight += torch.einsum("oikl,ijkl->ojkl", merged.up.weight, merged.down.weight)
        model.set_submodule(name, layer)
        torch.testing.assert_close(model(*inputs).logits, after, rtol=1e-3, atol=1e-3)
    model.set_submodule(name, _Adapted(layer, 1.0))
    model(*inputs).logits.square().sum().backward()
    adapted: Any = model.get_submodule(name)
    assert adapted.down.weight.grad.abs().sum() > 0


def test_peft_trains_what_changes_the_output(model: ClickabilityModel, inputs: Any) -> None:
    peft = pytest.importorskip("peft", reason="peft is no dependency")
    before = model(*inputs).logits.detach()
    # peft itself takes no depthwise layer at this rank.
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d)}
    names = [name for name, layer in layers.items() if layer.groups == 1]
    settings = peft.LoraConfig(r=2, target_modules=names, init_lora_weights=False)
    tuned = peft.get_peft_model(model, settings)
    assert not torch.allclose(tuned(*inputs).logits, before, atol=1e-4)
    tuned(*inputs).logits.square().sum().backward()
    trained = {name: p for name, p in tuned.named_parameters() if p.requires_grad}
    assert len(trained) == 2 * len(names)
    assert [name for name, p in trained.items() if p.grad is None or not p.grad.any()] == []


def test_a_quantized_layer_takes_part(inputs: Any) -> None:
    model = _two_stages()
    with torch.no_grad():
        before = model(*inputs).logits
        for name in POINTWISE:
            layer: Any = model.get_submodule(name)
            step = layer.weight.abs().max() / 7
            nn.utils.parametrize.register_parametrization(layer, "weight", _Rounded(step))
        assert not torch.equal(model(*inputs).logits, before)


class _Rounded(nn.Module):
    def __init__(self, step: Tensor):
        super().__init__()
        self.step = step

    def forward(self, weight: Tensor) -> Tensor:
        return torch.round(weight / self.step) * self.step
