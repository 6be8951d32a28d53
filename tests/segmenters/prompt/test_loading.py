"""Networks from folders: the right class, the right name, nothing executed, one line for errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers.tiny_networks import FAMILIES, save_tiny, tiny_model, tiny_segmenter
from safetensors.torch import load_file, save_file

from rclicks_hf.data import Click
from rclicks_hf.errors import RclicksError
from rclicks_hf.segmenters import SEGMENTERS, load_segmenter
from rclicks_hf.segmenters.registry import segmenter_class

MODEL_TYPES = [name for family in SEGMENTERS.values() for name in family.model_types]


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_a_folder_becomes_the_segmenter_of_its_type(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], model_type: str
) -> None:
    save_tiny(model_type, tmp_path / "my-network")
    capfd.readouterr()
    segmenter = load_segmenter(str(tmp_path / "my-network"))
    assert type(segmenter) is segmenter_class(model_type)
    assert segmenter.name == "my-network"
    printed = "".join(capfd.readouterr())
    assert all(": published under LicenseRef-" in line for line in printed.splitlines())


def test_device_and_batch_size_reach_the_network(tmp_path: Path) -> None:
    tiny_model("sam").save_pretrained(tmp_path)
    segmenter = load_segmenter(tmp_path, device="cpu", batch_size=3)
    assert segmenter.batch_size == 3
    assert segmenter.model.device.type == "cpu"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_loaded_network_predicts_as_before(tmp_path: Path, family: str) -> None:
    before = tiny_segmenter(family)
    before.model.save_pretrained(tmp_path / family)
    after = load_segmenter(str(tmp_path / family))
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
    masks = [
        segmenter.predict(segmenter.encode(image), [[Click(9, 9, True)]], [None])[0].probability
        for segmenter in (before, after)
    ]
    np.testing.assert_allclose(masks[0], masks[1], atol=1e-5)


@pytest.mark.parametrize("shard", ["50GB", "100KB"])
def test_a_prefix_that_save_pretrained_repeats_does_no_harm(tmp_path: Path, shard: str) -> None:
    model = tiny_model("sam3_video")
    model.save_pretrained(tmp_path, max_shard_size=shard)
    loaded = load_segmenter(tmp_path).model.state_dict()  # type: ignore[attr-defined]
    for key in ("mask_decoder.iou_token.weight", "no_memory_embedding"):
        assert torch.equal(loaded[key], model.tracker_model.state_dict()[key])


def test_weights_with_one_and_two_prefixes_are_refused(tmp_path: Path) -> None:
    model = tiny_model("sam3_video")
    model.save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    token = "tracker_model.mask_decoder.iou_token.weight"
    weights[token] = torch.zeros_like(weights[f"tracker_model.{token}"])
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    assert_refused(tmp_path, f"hold {token} twice")


def assert_refused(folder: Path, *words: str) -> None:
    with pytest.raises(RclicksError) as caught:
        load_segmenter(str(folder))
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    model = tiny_model("sam")
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    assert_refused(tmp_path, "cannot load a segmentation network", "model.safetensors")


def test_another_type_is_refused_and_its_code_left_alone(tmp_path: Path) -> None:
    config = {"model_type": "yolo", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text("open('ran', 'w').close()\nC = M = object\n")
    assert_refused(tmp_path, "model_type 'yolo'", "supported are sam, sam_hq, ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "own.py"]


def test_edgetam_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "edgetam"}')
    assert_refused(tmp_path, "model_type 'edgetam' (EdgeTAM's image encoder needs timm")


def test_a_supported_type_runs_no_code_of_its_repo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_model("sam").save_pretrained(tmp_path / "net")
    config = json.loads((tmp_path / "net" / "config.json").read_text())
    config["auto_map"] = {"AutoConfig": "own.C", "AutoModel": "own.M"}
    (tmp_path / "net" / "config.json").write_text(json.dumps(config))
    (tmp_path / "net" / "own.py").write_text("raise SystemExit('ran')\n")
    assert load_segmenter(str(tmp_path / "net")).name == "net"


@pytest.mark.parametrize(
    "text",
    ["[1]", "{", '{"model_type": "sam", "vision_config": 3}', '{"model_type": ["sam"]}'],
)
def test_a_damaged_config_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert_refused(tmp_path, str(tmp_path))


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("mask_decoder_config", "num_hidden_layers", 10**9),
        ("mask_decoder_config", "iou_head_depth", 10**5),
        ("vision_config", "depths", [1] * 10**5),
        ("prompt_encoder_config", "image_embedding_size", 10**5),
    ],
)
def test_a_config_that_would_hang_or_fill_the_memory_is_refused(
    tmp_path: Path, part: str, name: str, value: Any
) -> None:
    save_tiny("rclicks_mobile_sam", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config[part][name] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert_refused(tmp_path, f"{name} in config.json is larger than any network needs")


@pytest.mark.parametrize("value", [-1, "x", None])
def test_a_config_that_does_not_fit_its_network_is_one_line(tmp_path: Path, value: Any) -> None:
    save_tiny("rclicks_mobile_sam", tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["prompt_encoder_config"]["image_embedding_size"] = value
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert_refused(tmp_path, "cannot load a segmentation network")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path, "there is no config.json")


def test_damaged_and_missing_weights_are_refused(tmp_path: Path) -> None:
    model = tiny_model("sam")
    model.save_pretrained(tmp_path)
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert_refused(tmp_path, "cannot load a segmentation network")
    weights = {k: v for k, v in model.state_dict().items() if "iou_token" not in k}
    model.save_pretrained(tmp_path, state_dict=weights)
    assert_refused(tmp_path, "mask_decoder.iou_token.weight")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    model = tiny_model("sam")
    with torch.no_grad():
        model.mask_decoder.iou_token.weight[0, 0] = value
    model.save_pretrained(tmp_path)
    assert_refused(tmp_path, "not finite", "mask_decoder.iou_token.weight")


def test_half_precision_becomes_single(tmp_path: Path) -> None:
    tiny_model("sam").half().save_pretrained(tmp_path)
    assert load_segmenter(tmp_path, device="cpu").model.dtype == torch.float32


def test_a_hub_repo_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(RclicksError, match="nobody/nothing: cannot load a segmentation network"):
        load_segmenter("nobody/nothing")
