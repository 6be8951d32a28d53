"""SimpleClick's network: windows, other sizes of input, published sizes, saving."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from transformers import AutoModel

from rclicks_hf.networks.simpleclick import (
    SIZES,
    CfrIclConfig,
    CfrIclModel,
    SimpleClickConfig,
    SimpleClickModel,
)

POINTS = torch.tensor([[[60.0, 80.0, 0.0], [-1.0, -1.0, -1.0]]])
# As published, with the parts that the original code keeps but does not use.
PARAMETERS = {"ViT-B": 98.0, "ViT-L": 324.2, "ViT-H": 662.2}  # millions


def _plain_backbone(model: SimpleClickModel, image: Tensor, guidance: Tensor) -> Tensor:
    """The transformer, one window of one image after the other, with attention written out."""
    backbone, patch = model.backbone, model.config.patch_size
    hidden = backbone.patch_embed.proj(image) + model.patch_embed_coords.proj(guidance)
    height, width = hidden.shape[-2:]
    side = model.config.image_size // patch
    positions = backbone.pos_embed[0, 1:].T.reshape(1, -1, side, side)
    if (height, width) != (side, side):
        positions = F.interpolate(positions, (height, width), mode="bicubic", align_corners=False)
    hidden = hidden + positions
    steps = [total // (total // (224 // patch)) for total in (height, width)]
    for i, block in enumerate(backbone.blocks, 1):
        rows, columns = (height, width) if i % 2 == 0 else steps
        out = torch.empty_like(hidden)
        for image_out, image_in in zip(out, hidden, strict=True):
            for y in range(0, height, rows):
                for x in range(0, width, columns):
                    window = image_in[:, y : y + rows, x : x + columns]
                    made = _plain_block(block, window.flatten(1).T)
                    image_out[:, y : y + rows, x : x + columns] = made.T.reshape(window.shape)
        hidden = out
    return hidden


def _plain_block(block: nn.Module, tokens: Tensor) -> Tensor:
    qkv = block.attn.qkv(block.norm1(tokens))
    size = tokens.shape[1] // block.attn.heads
    heads = []
    for query, key, value in zip(*(part.split(size, 1) for part in qkv.chunk(3, 1)), strict=True):
        heads.append(torch.softmax(query @ key.T / size**0.5, 1) @ value)
    tokens = tokens + block.attn.proj(torch.cat(heads, 1))
    return tokens + block.mlp.fc2(F.gelu(block.mlp.fc1(block.norm2(tokens))))


def test_windows_and_positions_of_every_size_of_input(model: SimpleClickModel) -> None:
    saved = model.backbone.pos_embed.clone()
    for size in ((448, 448), (224, 448), (672, 224), (450, 256)):
        image, guidance = torch.randn(2, 3, *size), torch.rand(2, 3, *size)
        with torch.no_grad():
            hidden = model.encode(image, guidance)
            expected = _plain_backbone(model, image, guidance)
        torch.testing.assert_close(hidden, expected, rtol=1e-4, atol=1e-4)
        assert torch.equal(model.backbone.pos_embed, saved)


def test_logits_have_the_size_of_the_input(model: SimpleClickModel) -> None:
    for size in ((448, 448), (224, 450)):
        output = model(torch.rand(1, 3, *size), POINTS)
        assert output.logits.shape == (1, 1, *size)


@pytest.mark.parametrize("size", [(200, 448), (448, 600), (1, 1)])
def test_a_size_without_whole_windows_is_refused(
    model: SimpleClickModel, size: tuple[int, int]
) -> None:
    with pytest.raises(ValueError, match="give a multiple of 224"):
        model(torch.rand(1, 3, *size), POINTS)


def test_every_module_runs_and_every_weight_learns(model: SimpleClickModel) -> None:
    ran = set()
    for name, module in model.named_modules():
        module.register_forward_hook(lambda *_, name=name: ran.add(name))
    model.activation_checkpointing_enable()
    model.train()(torch.rand(1, 3, 224, 224), POINTS).logits.sum().backward()
    containers = (nn.ModuleList,)
    named = {n for n, module in model.named_modules() if not isinstance(module, containers)}
    assert named - ran == set()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_half_precision_is_near(model: SimpleClickModel) -> None:
    image = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        expected = model(image, POINTS).logits
        half = model.bfloat16()(image.bfloat16(), POINTS).logits
    assert half.dtype == torch.bfloat16
    assert (half.float() - expected).abs().mean() < 0.05 * expected.std()


def test_a_saved_network_is_the_same(model: SimpleClickModel, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    loaded = AutoModel.from_pretrained(tmp_path)
    assert type(loaded) is SimpleClickModel
    assert all(
        torch.equal(value, loaded.state_dict()[k]) for k, value in model.state_dict().items()
    )


def test_cfr_icl_is_a_type_of_its_own(model: SimpleClickModel, tmp_path: Path) -> None:
    fields = {k: v for k, v in model.config.to_dict().items() if k != "model_type"}
    CfrIclModel(CfrIclConfig(**fields)).save_pretrained(tmp_path)
    assert type(AutoModel.from_pretrained(tmp_path)) is CfrIclModel


def test_published_sizes_have_the_published_numbers_of_parameters() -> None:
    for name, millions in PARAMETERS.items():
        config = SimpleClickConfig.from_size(name)
        with torch.device("meta"):
            used = SimpleClickModel(config).num_parameters()
            width, c = config.hidden_size, config.head_channels
            unused = [nn.Linear(width, 1000), nn.LayerNorm(width), nn.LayerNorm(width // 2)]
            for size in (c, c // 2):
                unused += [
                    nn.ConvTranspose2d(size, size // 2, 2),
                    nn.Conv2d(size // 2, size // 2, 1),
                ]
                unused += [nn.GroupNorm(1, size // 2), nn.GroupNorm(1, size // 2)]
        total = used + sum(p.numel() for module in unused for p in module.parameters())
        assert round(total / 1e6, 1) == millions
    assert CfrIclConfig().hidden_size == SIZES["ViT-H"]["hidden_size"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"hidden_size": 100}, "multiple of its 12 heads"),
        ({"num_hidden_layers": 4}, "multiple of 4, at least 8"),
        ({"neck_sizes": (1, 2, 3)}, "needs 4 numbers"),
        ({"image_size": 500}, "multiple of 224"),
        ({"image_size": 100_000}, "give 1 to 8192"),
        ({"head_channels": 0}, "give 1 to 4096"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SimpleClickConfig(**fields)
