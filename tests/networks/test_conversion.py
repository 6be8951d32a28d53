"""The steps that converters share: family, size and ignored keys of an official checkpoint."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedConfig, PreTrainedModel

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks import NETWORKS, NetworkInfo
from rclicks_hf.networks.conversion import Conversion, Converter
from rclicks_hf.networks.signatures import SIGNATURES, likely_networks


class TinyConfig(PreTrainedConfig):
    model_type = "rclicks_tiny_for_tests"

    def __init__(self, width: int = 2, **options: object) -> None:
        super().__init__(**options)
        self.width = width


class Tiny(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config: TinyConfig) -> None:
        super().__init__(config)
        self.layer = torch.nn.Linear(config.width, 1)
        self.post_init()


SIZES = {"S": TinyConfig(width=2), "L": TinyConfig(width=3)}


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    row = NetworkInfo(
        name="tiny",
        model_type="rclicks_tiny_for_tests",
        title="tiny network",
        config=f"{__name__}:TinyConfig",
        model=f"{__name__}:Tiny",
        converter="",
        checkpoint="tiny.pth",
        license="MIT",
        paper="",
    )
    monkeypatch.setitem(NETWORKS, "tiny", row)
    monkeypatch.setattr(NetworkInfo, "load", lambda self, part: {"model": Tiny}[part])


def _convert(path: Path, content: dict[str, torch.Tensor], **options: object) -> Conversion:
    torch.save({"state_dict": content, "config": {"loss": Path("a")}}, path)
    return Converter("tiny", SIZES, **options)(path, path.with_suffix(""))


def _official(width: int) -> dict[str, torch.Tensor]:
    return {"fc.weight": torch.rand(1, width), "fc.bias": torch.rand(1)}


def _rename(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {key.replace("fc", "layer"): value for key, value in state.items()}


@pytest.mark.parametrize(("width", "size"), [(2, "S"), (3, "L")])
def test_the_report_names_size_and_ignored_keys(tmp_path: Path, width: int, size: str) -> None:
    official = _official(width)
    unused = {"head.weight": torch.tensor([torch.nan]), "head.steps": torch.tensor([1])}
    made = _convert(tmp_path / "a.pth", official | unused, ignored=["head.*"], rename=_rename)
    assert (made.network, made.size, made.ignored) == ("tiny", size, ("head.weight", "head.steps"))
    assert str(made) == (
        f"tiny network, {size}; licence MIT\nignored, as in the original: head.weight, head.steps"
    )
    loaded = Tiny.from_pretrained(tmp_path / "a")
    assert torch.equal(loaded.layer.weight, official["fc.weight"])
    assert not (tmp_path / "a" / "preprocessor_config.json").exists()


def test_other_sizes_and_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    with pytest.raises(RclicksError, match=r"of the tiny network '[SL]'.*\(1, 4\) for \(1, [23]\)"):
        _convert(path, _official(4), rename=_rename)
    with pytest.raises(RclicksError, match=r"extra: head\.weight"):
        _convert(path, {**_rename(_official(2)), "head.weight": torch.zeros(1)})
    with pytest.raises(RclicksError, match=r"missing: layer\.bias"):
        _convert(path, {"layer.weight": torch.zeros(1, 2)})
    with pytest.raises(RclicksError, match=r"none of its keys is known; give tiny\.pth"):
        _convert(path, {"a": torch.zeros(1)})
    assert not path.with_suffix("").exists()


def test_a_checkpoint_of_another_family_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    keys = ["encoder_decoder.backbone.block1.0.weight", "encoder_decoder.decode_head.bias"]
    message = r"a\.pth: looks like a checkpoint of clickability, not of tiny; give that FAMILY"
    with pytest.raises(RclicksError, match=message):
        _convert(path, dict.fromkeys(keys, torch.zeros(1)))


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        (
            "light HQ-SAM",
            [
                "image_encoder.layers.1.blocks.0.attn.attention_biases",
                "mask_decoder.iou_token.weight",
                "mask_decoder.hf_token.weight",
            ],
        ),
        (
            "EdgeTAM",
            [
                "image_encoder.trunk.body.stem.weight",
                "sam_mask_decoder.iou_token.weight",
                "spatial_perceiver.latents",
            ],
        ),
        ("SAM 3", ["detector.backbone.vision_backbone.trunk.pos_embed", "tracker.no_mem_embed"]),
    ],
)
def test_a_relative_that_cannot_be_converted_is_named(
    tmp_path: Path, name: str, keys: list[str]
) -> None:
    message = rf"a\.pth: looks like a checkpoint of {name}.*, which cannot be converted; give"
    with pytest.raises(RclicksError, match=message):
        _convert(tmp_path / "a.pth", dict.fromkeys(keys, torch.zeros(1)))


def test_every_network_has_a_signature() -> None:
    assert NETWORKS.keys() - {"tiny"} <= SIGNATURES.keys()


# Folders with the original's keys; those of SAM, SAM 2 and SAM-HQ hold the names of transformers.
ORACLES = {
    "clickability_t": "clickability",
    "transalnet_res": "saliency",
    "ritm_hr18s": "ritm",
    "simpleclick_xtiny": "simpleclick",
    "e2e_cfr_xtiny": "cfr_icl",
    "adaptiveclick_tiny": "adaptive_click",
    "gpcis_rn50": "gpcis",
    "cdnet_rn34": "cdnet",
    "mobilesam_tiny": "mobile_sam",
}


@pytest.mark.parametrize("folder", ORACLES)
def test_official_keys_tell_the_network(repo: Path, folder: str) -> None:
    path = repo.parent / "shared" / "oracles" / folder / "keys.json"
    if not path.is_file():
        pytest.skip("needs the shared reference files")
    content = json.loads(path.read_text())
    likely = likely_networks(content["keys"])
    same = {"simpleclick", "cfr_icl"}
    expected = same if ORACLES[folder] in same else {ORACLES[folder]}
    assert set(likely) == expected


def test_sam_like_networks_are_told_apart() -> None:
    sam = [
        "image_encoder.blocks.0.norm1.weight",
        "prompt_encoder.no_mask_embed.weight",
        "mask_decoder.iou_token.weight",
    ]
    assert likely_networks(sam) == ["sam"]
    assert likely_networks([*sam, "mask_decoder.hf_token.weight"]) == ["sam_hq"]
    assert likely_networks([re.sub("blocks.0.*", "neck.0.weight", sam[0]), *sam[1:]]) == []
