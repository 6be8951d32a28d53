"""Official checkpoints: the size is told by shapes, and what does not fit is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import convert_checkpoint
from rclicks_hf.networks.simpleclick import CfrIclModel, SimpleClickConfig, SimpleClickModel

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def state() -> State:
    return SimpleClickModel(SimpleClickConfig.from_size("ViT-XT")).state_dict()


def _converted(network: str, state: State, folder: Path) -> object:
    torch.save({"state_dict": state, "config": {}}, folder / "c.pth")
    return convert_checkpoint(network, folder / "c.pth", folder / "model")


def test_size_and_unused_keys_are_told(state: State, tmp_path: Path) -> None:
    unused = {
        "backbone.cls_token": torch.zeros(1, 1, 160),
        "backbone.head.weight": torch.zeros(1000, 160),
        "head.up_conv1.0.weight": torch.zeros(128, 64, 2, 2),
    }
    conversion = _converted("cfr_icl", {**state, **unused}, tmp_path)
    assert (conversion.network, conversion.size) == ("cfr_icl", "ViT-XT")
    assert set(conversion.ignored) == set(unused)
    loaded = CfrIclModel.from_pretrained(tmp_path / "model").state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in state.items())


def _without_a_key(state: State) -> None:
    del state["neck.down_8.2.weight"]


def _with_a_key(state: State) -> None:
    state["neck.down_64.weight"] = torch.zeros(3)


def _of_another_width(state: State) -> None:
    state["backbone.patch_embed.proj.weight"] = torch.zeros(200, 3, 16, 16)


def _with_an_upsampling_head(state: State) -> None:
    state["head.conv_seg.weight"] = torch.zeros(1, 64, 1, 1)


def _of_few_blocks(state: State) -> None:
    for key in [key for key in state if key.startswith("backbone.blocks.7.")]:
        del state[key]


def _with_a_flat_embedding(state: State) -> None:
    state["backbone.pos_embed"] = torch.zeros(785, 160)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_without_a_key, "missing: neck.down_8.2.weight"),
        (_with_a_key, "extra: neck.down_64.weight"),
        (_of_another_width, "backbone.patch_embed.proj.weight"),
        (_with_an_upsampling_head, "head.convs.0.conv.weight"),
        (_of_few_blocks, "missing: backbone.blocks.7"),
        (_with_a_flat_embedding, "backbone.pos_embed"),
    ],
)
def test_what_does_not_fit_is_named_in_one_line(
    change: Callable[[State], None], named: str, state: State, tmp_path: Path
) -> None:
    changed = dict(state)
    change(changed)
    with pytest.raises(RclicksError, match="is not a checkpoint of the SimpleClick") as error:
        _converted("simpleclick", changed, tmp_path)
    assert named in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "model").exists()


def test_another_network_is_named(state: State, tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="looks like a checkpoint of simpleclick or cfr_icl"):
        _converted("adaptive_click", state, tmp_path)
