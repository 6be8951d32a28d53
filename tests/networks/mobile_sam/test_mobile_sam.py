"""MobileSAM as a model of transformers: attention windows, biases, saving and loading."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.tiny_networks import tiny_model
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from transformers import AutoModel

from rclicks_hf.networks.mobile_sam import MobileSamConfig, MobileSamModel, MobileSamVisionConfig
from rclicks_hf.networks.mobile_sam.convert_mobile_sam import _sizes
from rclicks_hf.networks.mobile_sam.modeling_mobile_sam import MobileSamAttention, MobileSamLayer


def test_offsets_are_numbered_by_first_appearance() -> None:
    for window in (1, 3, 7):
        places = list(product(range(window), repeat=2))
        numbers: dict[tuple[int, int], int] = {}
        expected = [
            [numbers.setdefault((abs(y - v), abs(x - u)), len(numbers)) for v, u in places]
            for y, x in places
        ]
        found = MobileSamAttention(4, 2, window, 1e-5).bias_index()
        assert found.tolist() == expected


def plain_layer(layer: MobileSamLayer, hidden: Tensor) -> Tensor:
    """The same, window by window and head by head."""
    attention, window = layer.attn, layer.window
    _, channels, height, width = hidden.shape
    padded = F.pad(hidden[0], (0, -width % window, 0, -height % window))
    result = torch.zeros_like(padded)
    size = channels // attention.heads
    for top, left in product(range(0, padded.shape[1], window), range(0, padded.shape[2], window)):
        region = (slice(None), slice(top, top + window), slice(left, left + window))
        mixed = attention.qkv(attention.norm(padded[region].flatten(1).T))
        parts = []
        for head in range(attention.heads):
            own = mixed[:, 3 * size * head : 3 * size * (head + 1)]
            query, key, value = own[:, :size], own[:, size : 2 * size], own[:, 2 * size :]
            bias = attention.attention_biases[head][attention.bias_index()]
            parts.append((query @ key.T / size**0.5 + bias).softmax(1) @ value)
        result[region] = attention.proj(torch.cat(parts, 1)).T.unflatten(1, (window, window))
    hidden = layer.local_conv(hidden + result[None, :, :height, :width])
    return hidden + layer.mlp(hidden.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


@pytest.mark.parametrize("shape", [(8, 8), (7, 14), (3, 9)])
def test_a_layer_attends_within_padded_windows(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    config = MobileSamVisionConfig(
        hidden_sizes=[8] * 4, num_attention_heads=[2] * 4, window_sizes=[4] * 4
    )
    layer = MobileSamLayer(config, 1).eval()
    torch.nn.init.normal_(layer.attn.attention_biases)
    torch.nn.init.normal_(layer.attn.norm.bias)  # padding is zero before the norm, not after it
    layer.attn.attention_bias_idxs.copy_(layer.attn.bias_index())
    hidden = torch.randn(1, 8, *shape)
    with torch.no_grad():
        torch.testing.assert_close(layer(hidden), plain_layer(layer, hidden))


def test_saved_and_loaded_it_draws_the_same(tmp_path: Path) -> None:
    model = tiny_model("rclicks_mobile_sam")
    for module in model.modules():
        if isinstance(module, MobileSamAttention):
            torch.nn.init.normal_(module.attention_biases)
    model.save_pretrained(tmp_path)
    inputs = {
        "pixel_values": torch.rand(1, 3, 128, 128),
        "input_points": torch.tensor([[[[20.0, 30.0]]]]),
    }
    with torch.no_grad():
        expected = model(**inputs).pred_masks
        for loader in (MobileSamModel, AutoModel):
            loaded = loader.from_pretrained(tmp_path).eval()
            assert type(loaded) is MobileSamModel
            torch.testing.assert_close(loaded(**inputs).pred_masks, expected)


def test_a_training_step_reaches_the_encoder() -> None:
    model = tiny_model("rclicks_mobile_sam").train()
    points = torch.ones(2, 1, 1, 2)
    model(pixel_values=torch.rand(2, 3, 128, 128), input_points=points).pred_masks.sum().backward()
    gradients = {
        name: parameter.grad for name, parameter in model.vision_encoder.named_parameters()
    }
    assert [name for name, gradient in gradients.items() if gradient is None] == []


def test_the_shapes_tell_the_published_size() -> None:
    with torch.device("meta"):
        state = MobileSamModel(MobileSamConfig()).state_dict()
    ((size, config),) = _sizes(state).items()
    assert (size, config.to_dict()) == ("TinyViT-5M", MobileSamConfig().to_dict())
    encoder = sum(v.numel() for k, v in state.items() if k.startswith("vision_encoder."))
    assert encoder == pytest.approx(5.75e6, rel=0.01)  # 6.07 M with the classifier, left out here


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"depths": [2, 2, 6]}, "depths needs 4 numbers"),
        ({"hidden_sizes": [64, 128, 160, 10**6]}, "hidden_sizes is 1000000; give 1 to 4096"),
        ({"num_attention_heads": [2, 4, 7, 10]}, "hidden size 160 is not a multiple of its 7"),
        ({"window_sizes": [7, 0, 14, 7]}, "window_sizes is 0"),
    ],
)
def test_a_wrong_config_is_named(fields: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MobileSamVisionConfig(**fields)


def test_parts_of_different_sizes_are_named() -> None:
    with pytest.raises(ValueError, match="image_size must be the same in all parts"):
        MobileSamConfig(vision_config={"image_size": 512})
    with pytest.raises(ValueError, match=r"pixel_values must be \(B, 3, 128, 128\)"):
        tiny_model("rclicks_mobile_sam")(pixel_values=torch.rand(1, 3, 64, 64))
