"""Official checkpoints of the SAM family become folders; what does not fit is named."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.official_sam import official
from helpers.oracles import read
from helpers.tiny_networks import tiny_model
from transformers import SamConfig, SamHQConfig
from transformers.initialization import no_init_weights

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import NETWORKS, convert_checkpoint
from rclicks_hf.networks.conversion import find_size
from rclicks_hf.networks.sam_family import convert_hiera, convert_vit
from rclicks_hf.segmenters import load_segmenter

FAMILIES = ("sam", "sam_hq", "sam2", "mobile_sam")
EXTRA = {  # tensors of official checkpoints that no image needs
    "sam": {},
    "sam_hq": {},
    "sam2": {
        "maskmem_tpos_enc": torch.zeros(7, 1, 1, 4),
        "memory_attention.norm.weight": torch.zeros(4),
        "obj_ptr_proj.layers.0.bias": torch.zeros(4),
    },
    "mobile_sam": {
        "image_encoder.norm_head.weight": torch.zeros(32),
        "image_encoder.head.bias": torch.zeros(10),
    },
}


PUBLISHED = dict(convert_hiera.SIZES)


@pytest.fixture(autouse=True)
def _one_tiny_size(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in PUBLISHED:
        monkeypatch.delitem(convert_hiera.SIZES, size)
    monkeypatch.setitem(convert_hiera.SIZES, "tiny", tiny("sam2").config)


@cache
def tiny(family: str) -> Any:
    """A tiny encoder, and the published decoder, whose width the converters know."""
    model = tiny_model(NETWORKS[family].model_type)
    if family == "sam2":
        return model
    parts = model.config.to_dict()
    config = type(model.config)(
        vision_config=parts["vision_config"] | {"output_channels": 256, "num_pos_feats": 128},
        prompt_encoder_config=parts["prompt_encoder_config"] | {"hidden_size": 256},
        mask_decoder_config={"vit_dim": 32} if family == "sam_hq" else {},
    )
    return type(model)(config).eval()


def save(state: dict[str, Any], path: Path, family: str = "") -> Path:
    torch.save({"model": state} if family == "sam2" else state, path)
    return path


@pytest.mark.parametrize("family", FAMILIES)
def test_the_tensors_of_a_checkpoint_arrive(family: str, tmp_path: Path) -> None:
    model = tiny(family)
    positions = model.prompt_encoder.shared_embedding.positional_embedding
    model.shared_image_embedding.positional_embedding = positions  # SAM 2 saves it twice
    state = official(model.state_dict(), family) | EXTRA[family]
    path = save(state, tmp_path / "official.pth", family)
    made = convert_checkpoint(family, path, tmp_path / "out")
    assert made.network == family
    assert sorted(made.ignored) == sorted(EXTRA[family])
    segmenter = load_segmenter(tmp_path / "out", device="cpu")
    found = segmenter.model.state_dict()
    assert found.keys() == model.state_dict().keys()
    assert all(torch.equal(found[key], value) for key, value in model.state_dict().items())
    assert made.size in str(made)


def test_names_of_prompt_encoder_and_decoder_are_those_of_a_real_checkpoint(shared: Path) -> None:
    real = set(read(shared / "oracles" / "mobilesam_tiny")[0]["keys"])
    for family in ("sam", "mobile_sam"):
        ours = official(tiny(family).state_dict(), family)
        for part in ("prompt_encoder.", "mask_decoder.", "image_encoder.neck."):
            assert {key for key in ours if part in key} == {key for key in real if part in key}


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    state = official(tiny("sam").state_dict(), "sam")
    path = save({key: value.half() for key, value in state.items()}, tmp_path / "half.pth")
    assert convert_checkpoint("sam", path, tmp_path / "out").model.dtype == torch.float32
    assert load_segmenter(tmp_path / "out", device="cpu").model.dtype == torch.float32


def on_meta(family: str, config: Any) -> dict[str, Any]:
    with torch.device("meta"), no_init_weights():
        return NETWORKS[family].load("model")(config).state_dict()


@pytest.mark.parametrize(("family", "config"), [("sam", SamConfig), ("sam_hq", SamHQConfig)])
@pytest.mark.parametrize(
    ("size", "width", "layers", "heads", "global_layers"),
    [
        ("ViT-B", 768, 12, 12, [2, 5, 8, 11]),
        ("ViT-L", 1024, 24, 16, [5, 11, 17, 23]),
        ("ViT-H", 1280, 32, 16, [7, 15, 23, 31]),
    ],
)
def test_the_shapes_tell_the_size(
    family: str, config: Any, size: str, width: int, layers: int, heads: int, global_layers: Any
) -> None:
    vision = {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "global_attn_indexes": global_layers,
    }
    decoder = {"vit_dim": width} if family == "sam_hq" else {}
    published = config(vision_config=vision, mask_decoder_config=decoder)
    sizes = convert_vit._sizes(on_meta(family, published), config)
    assert {name: found.to_dict() for name, found in sizes.items()} == {size: published.to_dict()}


@pytest.mark.parametrize("size", PUBLISHED)
def test_the_shapes_tell_the_size_of_sam_2(size: str) -> None:
    assert find_size("a.pt", "sam2", on_meta("sam2", PUBLISHED[size]), PUBLISHED) == size


def refused(family: str, path: Path, out: Path) -> str:
    with pytest.raises(RclicksError) as caught:
        convert_checkpoint(family, path, out)
    assert "\n" not in str(caught.value)
    assert not out.exists()
    return str(caught.value)


def test_another_family_is_named(tmp_path: Path) -> None:
    for found in FAMILIES:
        state = official(tiny_model(NETWORKS[found].model_type).state_dict(), found)
        path = save(state, tmp_path / f"{found}.pth", found)
        for family in FAMILIES:
            if family != found:
                said = refused(family, path, tmp_path / "out")
                assert f"looks like a checkpoint of {found}, not of {family}" in said


@pytest.mark.parametrize("family", FAMILIES)
def test_missing_and_extra_tensors_are_named(family: str, tmp_path: Path) -> None:
    state = official(tiny(family).state_dict(), family)
    token = next(key for key in state if key.endswith("mask_tokens.weight"))
    del state[token]
    state["surprise"] = torch.zeros(3)
    said = refused(family, save(state, tmp_path / "a.pth", family), tmp_path / "out")
    assert "mask_decoder.mask_tokens.weight" in said
    assert "surprise" in said


def test_a_tensor_under_two_names_is_refused(tmp_path: Path) -> None:
    state = official(tiny("sam").state_dict(), "sam")
    state["vision_encoder.neck.conv1.weight"] = state["image_encoder.neck.0.weight"] + 1
    said = refused("sam", save(state, tmp_path / "a.pth"), tmp_path / "out")
    assert "under two names" in said


def test_shapes_that_are_no_size_are_refused(tmp_path: Path) -> None:
    for key, shape in (
        ("image_encoder.pos_embed", (1, 8, 8, 10**4)),
        ("image_encoder.pos_embed", (3,)),
        ("image_encoder.blocks.0.attn.rel_pos_h", (15, 0)),
    ):
        state = official(tiny("sam").state_dict(), "sam")
        state[key] = torch.zeros(shape)
        said = refused("sam", save(state, tmp_path / "a.pth"), tmp_path / "out")
        assert "of another shape" in said
