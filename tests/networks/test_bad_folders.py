"""Model folders with JSON that is deep, empty or of the wrong type, and indexes of shards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)
from rclicks_hf.networks.loading import load_network
from rclicks_hf.segmenters import load_segmenter

JSON = {
    "deep": '{"a":' + "[" * 50_000 + "]" * 50_000 + "}",
    "null": "null",
    "list": "[]",
    "number": "1",
    "text": '"a"',
    "empty": "",
    "not utf-8": b"\xff\xfe\x00",
    "cut off": '{"a": ',
    "a line break in the message": '{"model_type": "a\\nb\\u001b[31m"}',
}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    shape = {"hidden_sizes": (8, 16), "depths": (1, 1), "mlp_ratios": (2, 2)}
    config = ClickabilityConfig.from_preset("nano", head_channels=16, num_groups=4, **shape)
    ClickabilityModel(config).save_pretrained(folder)
    ClickabilityImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def _message(folder: Path) -> str:
    """The error of loading; empty where there is none."""
    try:
        load_network("clickability", folder)
    except RclicksError as error:
        return str(error)
    return ""


def _refused(folder: Path) -> str:
    with pytest.raises(RclicksError) as error:
        load_network("clickability", folder)
    message = str(error.value).removeprefix(str(folder))
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) < 450
    return message


@pytest.mark.parametrize("content", JSON.values(), ids=JSON)
@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json"])
def test_bad_json_is_one_line(saved: Path, tmp_path: Path, name: str, content: str | bytes) -> None:
    folder = shutil.copytree(saved, tmp_path / "m")
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    if name == "preprocessor_config.json" and content in ('{"model_type": "a\\nb\\u001b[31m"}',):
        return  # valid, and not looked at
    _refused(folder)
    if name == "config.json":
        with pytest.raises(RclicksError) as error:
            load_segmenter(str(folder))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image_size", None), ("image_size", "big"), ("head_channels", [1]), ("depths", 3),
        ("depths", None), ("dtype", 5), ("architectures", 1), ("model_type", 3),
        ("id2label", "x"),
    ],
)  # fmt: skip
def test_wrong_types_in_the_config_are_one_line_or_harmless(
    saved: Path, tmp_path: Path, key: str, value: object
) -> None:
    folder = shutil.copytree(saved, tmp_path / "m")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {key: value}))
    assert "\n" not in _message(folder)


@pytest.mark.parametrize(("key", "value"), [("size", "x"), ("size", [3]), ("image_mean", "a")])
def test_wrong_types_in_the_image_processor_are_one_line_or_harmless(
    saved: Path, tmp_path: Path, key: str, value: object
) -> None:
    folder = shutil.copytree(saved, tmp_path / "m")
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    assert "\n" not in _message(folder)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        *((text, "cannot be read as JSON") for text in (JSON["deep"], "", '{"a": ')),
        *((text, "lists no files") for text in ("null", "[]", '{"weight_map": null}',
          '{"weight_map": ["a"]}', '{"weight_map": {"a": 3}}')),
        *((json.dumps({"weight_map": {"a": file}}), "names a file outside its folder")
          for file in ("../o/model.safetensors", "/etc/passwd", "a/../../b", "..\\b", "C:b", "..",
                       "")),
    ],
)  # fmt: skip
def test_an_index_of_shards_stays_in_its_folder(
    saved: Path, tmp_path: Path, index: str, message: str
) -> None:
    shutil.copytree(saved, tmp_path / "o")
    folder = shutil.copytree(saved, tmp_path / "m")
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(index)
    assert message in _refused(folder)


def test_shards_in_the_folder_are_loaded(tmp_path: Path) -> None:
    model = ClickabilityModel(ClickabilityConfig.from_preset("nano"))
    model.save_pretrained(tmp_path / "m", max_shard_size="100KB")
    ClickabilityImageProcessor(size={"height": 32, "width": 32}).save_pretrained(tmp_path / "m")
    assert (tmp_path / "m" / "model.safetensors.index.json").is_file()
    assert load_network("clickability", tmp_path / "m")[0].config.head_channels == 48
