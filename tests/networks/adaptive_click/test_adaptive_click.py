"""AdaptiveClick: its attentions against their definitions, sizes of input, converting."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModel

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import convert_checkpoint
from rclicks_hf.networks.adaptive_click import AdaptiveClickConfig, AdaptiveClickModel
from rclicks_hf.networks.adaptive_click import modeling_adaptive_click as modeling

POINTS = torch.tensor([[[60.0, 80.0, 0.0], [100.0, 30.0, 1.0]]])


def _sampled(level: Tensor, x: float, y: float) -> Tensor:
    """Bilinear value of a (C, h, w) map at a point in positions; zero outside."""
    total = torch.zeros(level.shape[0])
    for row in (int(y // 1), int(y // 1) + 1):
        for column in (int(x // 1), int(x // 1) + 1):
            if 0 <= row < level.shape[1] and 0 <= column < level.shape[2]:
                weight = (1 - abs(y - row)) * (1 - abs(x - column))
                total = total + weight * level[:, row, column]
    return total


@torch.no_grad()
def test_deformable_attention_follows_its_definition(model: AdaptiveClickModel) -> None:
    attention = model.pixel_decoder.transformer.encoder.layers[0].self_attn
    nn.init.normal_(attention.sampling_offsets.weight)
    nn.init.normal_(attention.attention_weights.weight)
    sizes = [torch.Size(size) for size in ((2, 3), (4, 5), (7, 9))]
    count = sum(height * width for height, width in sizes)
    query, hidden = torch.randn(2, count, 32)
    centres = torch.cat([modeling._centres(size, query.device) for size in sizes])
    made = attention(query[None], hidden[None], centres, sizes)[0]
    values = attention.value_proj(hidden).split([h * w for h, w in sizes])
    heads, points, width = attention.heads, attention.points, 32 // attention.heads
    for n in (0, 5, 6, 30, count - 1):
        weights = attention.attention_weights(query[n]).view(heads, -1).softmax(-1)
        offsets = attention.sampling_offsets(query[n]).view(heads, 3, points, 2)
        parts = []
        for head in range(heads):
            total = torch.zeros(width)
            for i, (size, value) in enumerate(zip(sizes, values, strict=True)):
                level = value[:, head * width : (head + 1) * width].T.unflatten(1, size)
                for p in range(points):
                    x = float(centres[n, 0] * size[1] + offsets[head, i, p, 0] - 0.5)
                    y = float(centres[n, 1] * size[0] + offsets[head, i, p, 1] - 0.5)
                    total += weights[head, i * points + p] * _sampled(level, x, y)
            parts.append(total)
        expected = attention.output_proj(torch.cat(parts))
        torch.testing.assert_close(made[n], expected, rtol=1e-4, atol=1e-5)


def test_queries_look_at_their_mask_and_objects_at_clicks() -> None:
    clicks = torch.zeros(1, 1, 64, 64)
    clicks[..., 10:20, 40:50] = 1
    near = modeling._near_clicks(clicks, torch.Size((8, 8)))
    # Every halving makes a position see one neighbour more on each side: rows 10 to 19 become 5 to
    # 10, 2 to 5 and 1 to 3; columns 40 to 49 become 20 to 25, 10 to 13 and 5 to 7.
    assert near.unflatten(-1, (8, 8))[0, 0].nonzero().tolist() == [
        [row, column] for row in (1, 2, 3) for column in (5, 6, 7)
    ]
    masks = -torch.ones(1, 3, 16, 16)
    masks[:, 0, :4] = 1
    classes = torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]])  # only the second is an object
    mask = modeling._attention_mask(classes, masks, near, torch.Size((8, 8))).unflatten(-1, (8, 8))
    assert mask[0, 0].nonzero()[:, 0].unique().tolist() == [0, 1]
    assert torch.equal(mask[0, 1], near.unflatten(-1, (8, 8))[0, 0])
    assert mask[0, 2].all()  # nothing to look at: everything is open


def test_logits_are_the_sum_of_masks(model: AdaptiveClickModel) -> None:
    with torch.no_grad():
        output = model(torch.rand(1, 3, 448, 448), POINTS)
    assert output.logits.shape == (1, 1, 448, 448)
    assert output.masks_queries_logits.shape == (1, 10, 112, 112)
    weights = output.class_queries_logits[0, :, 1].sigmoid()
    total = (weights[:, None, None] * output.masks_queries_logits[0]).sum(0)
    corners = output.logits[0, 0, ::447, ::447]
    torch.testing.assert_close(corners, total[::111, ::111], rtol=1e-4, atol=1e-5)


def test_only_squares_of_whole_windows_are_taken(model: AdaptiveClickModel) -> None:
    with pytest.raises(ValueError, match="square"):
        model(torch.rand(1, 3, 224, 448), POINTS)
    with pytest.raises(ValueError, match="multiple of 224"):
        model(torch.rand(1, 3, 600, 600), POINTS)


def test_every_module_runs_and_every_weight_learns(model: AdaptiveClickModel) -> None:
    ran = set()
    for name, module in model.named_modules():
        module.register_forward_hook(lambda *_, name=name: ran.add(name))
    model.train()(torch.rand(1, 3, 224, 224), POINTS).logits.sum().backward()
    named = {n for n, module in model.named_modules() if not isinstance(module, nn.ModuleList)}
    assert named - ran == set()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_half_precision_runs(model: AdaptiveClickModel) -> None:
    with torch.no_grad():
        output = model.bfloat16()(torch.rand(1, 3, 224, 224).bfloat16(), POINTS)
    assert output.logits.dtype == torch.bfloat16
    assert output.logits.isfinite().all()


def _official(model: AdaptiveClickModel) -> dict[str, Tensor]:
    """The state dict as the original code saves it: joint projections, second names, a loss."""
    state = model.state_dict()
    for key in [key for key in state if ".q_proj." in key]:
        before, _, kind = key.partition(".q_proj.")
        parts = [state.pop(f"{before}.{name}_proj.{kind}") for name in "qkv"]
        state[f"{before}.in_proj_{kind}"] = torch.cat(parts)
    for name, alias in (("lateral_convs.0", "adapter_1"), ("output_convs.0", "layer_1")):
        for key in [key for key in state if key.startswith(f"pixel_decoder.{name}.")]:
            state[key.replace(name, alias)] = state[key]
    return {**state, "criterion.empty_weight": torch.ones(2)}


def test_a_converted_network_is_the_same(model: AdaptiveClickModel, tmp_path: Path) -> None:
    torch.save({"state_dict": _official(model), "config": {}}, tmp_path / "c.pth")
    conversion = convert_checkpoint("adaptive_click", tmp_path / "c.pth", tmp_path / "model")
    assert conversion.size == "ViT of width 160 with 8 blocks"
    assert len(conversion.ignored) == 9
    loaded = AutoModel.from_pretrained(tmp_path / "model")
    assert type(loaded) is AdaptiveClickModel
    state = loaded.state_dict()
    assert all(torch.equal(state[key], value) for key, value in model.state_dict().items())


def test_what_does_not_fit_is_named_in_one_line(model: AdaptiveClickModel, tmp_path: Path) -> None:
    for change, named in (
        ({"click_aware_decoder.level_embed.weight": None}, "missing: click_aware_decoder.level"),
        ({"pixel_decoder.more": torch.zeros(1)}, "extra: pixel_decoder.more"),
        (
            {"click_aware_decoder.class_embed.weight": torch.zeros(3, 32)},
            "class_embed.weight (3, 32) for (2, 32)",
        ),
    ):
        state = {k: v for k, v in {**_official(model), **change}.items() if v is not None}
        torch.save(state, tmp_path / "c.pth")
        with pytest.raises(RclicksError, match="not a checkpoint of the AdaptiveClick") as error:
            convert_checkpoint("adaptive_click", tmp_path / "c.pth", tmp_path / "model")
        assert named in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"decoder_size": 100}, "multiple of num_decoder_heads, 8"),
        ({"decoder_size": 48}, "multiple of num_groups, 32"),
        ({"num_queries": 0}, "give 1 to 1024"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdaptiveClickConfig(**fields)
