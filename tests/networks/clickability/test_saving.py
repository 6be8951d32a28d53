"""Saved and loaded again: bit for bit, and through the Auto classes."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModel, pipeline

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
    ClickabilityPipeline,
)
from rclicks_hf.networks.loading import load_network


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_round_trip_is_bit_for_bit(
    tmp_path: Path, model: ClickabilityModel, dtype: torch.dtype
) -> None:
    model = model.to(dtype=dtype)  # type: ignore[call-arg]
    model.save_pretrained(tmp_path)
    again = ClickabilityModel.from_pretrained(tmp_path, dtype=dtype)
    before, after = model.state_dict(), again.state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert again.config.to_diff_dict() == model.config.to_diff_dict()


def test_bases_survive_and_are_unit_columns(model_folder: Path, model: ClickabilityModel) -> None:
    name = "encoder_decoder.decode_head.0.hamburger.ham.bases"
    bases = ClickabilityModel.from_pretrained(model_folder).state_dict()[name]
    assert torch.equal(bases, model.state_dict()[name])
    torch.testing.assert_close(bases.norm(dim=1), torch.ones(1, bases.shape[2]))
    assert bases.min() >= 0


def test_a_missing_buffer_is_filled_not_garbage(tmp_path: Path, model: ClickabilityModel) -> None:
    state = {key: value for key, value in model.state_dict().items() if "bases" not in key}
    model.save_pretrained(tmp_path, state_dict=state)
    loaded: Any = ClickabilityModel.from_pretrained(tmp_path)
    bases = loaded.encoder_decoder.decode_head[0].hamburger.ham.bases
    torch.testing.assert_close(bases.norm(dim=1), torch.ones(1, bases.shape[2]))
    with pytest.raises(RclicksError, match=r"have 1 missing tensors \(.*bases\)"):
        model.save_pretrained(tmp_path, state_dict=state)
        ClickabilityImageProcessor().save_pretrained(tmp_path)
        load_network("clickability", tmp_path)


def test_auto_classes_know_it(model_folder: Path) -> None:
    assert type(AutoConfig.from_pretrained(model_folder)) is ClickabilityConfig
    assert type(AutoModel.from_pretrained(model_folder)) is ClickabilityModel
    processor = AutoImageProcessor.from_pretrained(model_folder)
    assert type(processor) is ClickabilityImageProcessor
    assert dict(processor.size) == {"height": 64, "width": 64}
    saved = json.loads((model_folder / "config.json").read_text())
    assert set(saved["auto_map"]) == {"AutoConfig", "AutoModel"}
    pipelines = saved["custom_pipelines"]
    assert pipelines["click-prediction"]["impl"] == "pipeline_clickability.ClickabilityPipeline"


def test_the_code_that_travels_is_whole_and_imports_nothing_of_the_package(
    model_folder: Path, repo: Path
) -> None:
    files = {path.name for path in model_folder.glob("*.py")}
    own = {path.name for path in (repo / "rclicks_hf/networks/clickability").glob("*.py")}
    assert files == own - {"__init__.py", "convert_clickability.py"}
    for name in files:
        for node in ast.walk(ast.parse((model_folder / name).read_text())):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert not str(node.module).startswith("rclicks_hf"), name


@pytest.mark.parametrize("options", [{}, {"device_map": "cpu"}, {"low_cpu_mem_usage": True}])
def test_no_buffer_comes_back_as_garbage(
    model_folder: Path, model: ClickabilityModel, options: dict[str, Any]
) -> None:
    for name, value in model.named_buffers():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape) + 0.5)
        else:
            value.fill_(len(name))
    model.save_pretrained(model_folder)
    loaded = ClickabilityModel.from_pretrained(model_folder, **options)
    again = dict(loaded.named_buffers())
    assert set(again) == {name for name, _ in model.named_buffers()}
    for name, value in model.named_buffers():
        assert again[name].device.type == "cpu"
        assert torch.equal(again[name], value), name


def test_too_many_tensors_are_named(model_folder: Path, model: ClickabilityModel) -> None:
    state = {**model.state_dict(), "optimizer.step": torch.zeros(1)}
    model.save_pretrained(model_folder, state_dict=state)
    with pytest.raises(RclicksError, match=r"have 1 unexpected tensors \(optimizer.step\)"):
        load_network("clickability", model_folder)


def test_a_hostile_pickle_in_a_model_folder_does_not_run(
    tmp_path: Path, model_folder: Path
) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    (model_folder / "model.safetensors").unlink()
    torch.save({"x": Hostile()}, model_folder / "pytorch_model.bin")
    with pytest.raises(RclicksError, match="cannot load a clickability network"):
        load_network("clickability", model_folder)
    assert not (tmp_path / "ran").exists()
    torch.load(model_folder / "pytorch_model.bin", weights_only=False)
    assert (tmp_path / "ran").exists(), "the pickle was harmless: the test proves nothing"


def test_pipeline_by_task_name(model_folder: Path, tmp_path: Path) -> None:
    clicks = pipeline("click-prediction", model=str(model_folder))  # type: ignore[call-overload]
    assert isinstance(clicks, ClickabilityPipeline)
    rng = np.random.default_rng(0)
    inputs = []
    for height, width in ((40, 60), (60, 40), (50, 50)):
        mask = np.zeros((height, width), bool)
        mask[10:30, 12:30] = True
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        inputs.append({"image": image, "object_mask": mask, "error_mask": mask})
    one_by_one = [clicks(item) for item in inputs]
    batched = clicks(inputs, batch_size=2)
    for item, alone, together in zip(inputs, one_by_one, batched, strict=True):
        assert alone["click_map"].shape == item["object_mask"].shape
        np.testing.assert_allclose(alone["click_map"], together["click_map"], atol=1e-5)
        assert item["error_mask"][alone["click"]["y"], alone["click"]["x"]]
    clicks.model.config.return_dict = False  # as a saved config may say
    keywords = clicks(inputs[0]["image"], object_mask=inputs[0]["object_mask"])
    np.testing.assert_allclose(keywords["click_map"], one_by_one[0]["click_map"], atol=1e-5)
    with pytest.raises(ValueError, match="object_mask is missing"):
        clicks(inputs[0]["image"])
    clicks.save_pretrained(tmp_path / "saved")
    assert (tmp_path / "saved" / "pipeline_clickability.py").is_file()
    again = pipeline("click-prediction", model=str(tmp_path / "saved"))  # type: ignore[call-overload]
    assert type(again) is ClickabilityPipeline


def test_a_damaged_folder_is_one_line(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="cannot load a clickability network"):
        load_network("clickability", tmp_path)
    weights = model_folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(RclicksError, match="cannot load a clickability network") as caught:
        load_network("clickability", model_folder)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_finite_are_refused(
    model_folder: Path, model: ClickabilityModel
) -> None:
    with torch.no_grad():
        model.maps_transform[0].weight.fill_(torch.nan)
    model.save_pretrained(model_folder)
    with pytest.raises(RclicksError, match=r"not finite \(maps_transform\.0\.weight\)"):
        load_network("clickability", model_folder)


def test_a_config_of_wrong_types_is_one_line(model_folder: Path) -> None:
    config = model_folder / "config.json"
    config.write_text(config.read_text().replace('"nmf_rank": 16', '"nmf_rank": "a"'))
    with pytest.raises(RclicksError, match=r"nmf_rank.* expected int") as caught:
        load_network("clickability", model_folder)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("pipeline")
    torch.manual_seed(0)
    ClickabilityModel(ClickabilityConfig.from_preset("nano", image_size=64)).save_pretrained(folder)
    ClickabilityImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    return pipeline("click-prediction", model=str(folder))  # type: ignore[call-overload]


def test_the_pipeline_takes_files(clicks: Any, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    mask = np.zeros((40, 60), np.uint8)
    mask[10:30, 12:30] = 1
    expected = clicks(image, object_mask=mask)
    folder = tmp_path / "Bilder äöü"
    folder.mkdir()
    Image.fromarray(image).save(folder / "image.png")
    palette = Image.fromarray(mask)
    palette.putpalette([0, 0, 0, 128, 0, 0])
    for name, saved in {"grey": Image.fromarray(mask), "palette": palette}.items():
        saved.save(folder / f"{name}.png")
        for kind in (str, Path):
            made = clicks(kind(folder / "image.png"), object_mask=kind(folder / f"{name}.png"))
            np.testing.assert_allclose(made["click_map"], expected["click_map"], atol=1e-5)


def test_the_pipeline_takes_addresses(clicks: Any, tmp_path: Path, hub: Any) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "image.png")
    hub.add("model", "some/pictures", tmp_path)
    address = f"{hub.url}/some/pictures/resolve/main"
    mask = np.ones((40, 60), bool)
    made = clicks(f"{address}/image.png", object_mask=mask)
    np.testing.assert_allclose(made["click_map"], clicks(image, object_mask=mask)["click_map"])
    with pytest.raises(ValueError, match=r"none\.png: cannot be read \(the address gives no file"):
        clicks(f"{address}/none.png", object_mask=mask)


TRIMAP = np.zeros((40, 60), np.uint8)
TRIMAP[8:32, 10:34] = 128  # the unknown band around the object
TRIMAP[10:30, 12:32] = 255


def test_a_trimap_gives_the_same_click_in_every_form(clicks: Any, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    expected = clicks(image, object_mask=TRIMAP == 255)
    path = tmp_path / "trimap.png"
    Image.fromarray(TRIMAP).save(path)
    forms = [TRIMAP, torch.from_numpy(TRIMAP), Image.fromarray(TRIMAP), path, str(path)]
    forms += [Image.fromarray(TRIMAP).convert("RGB"), (TRIMAP == 255) - 1 * (TRIMAP == 128)]
    for form in forms:
        made = clicks(image, object_mask=form)
        np.testing.assert_allclose(made["click_map"], expected["click_map"], atol=1e-5)
        assert made["click"] == expected["click"]
        assert TRIMAP[made["click"]["y"], made["click"]["x"]] == 255


@pytest.mark.parametrize("form", ["jpg", "tiff", "png"])
def test_orientation_is_applied_to_paths_images_and_masks(
    clicks: Any, tmp_path: Path, form: str
) -> None:
    picture = Image.radial_gradient("L").resize((60, 40)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: upright is 40 wide and 60 high
    picture.save(tmp_path / f"image.{form}", exif=exif)
    Image.fromarray(TRIMAP).save(tmp_path / "mask.png", exif=exif)
    Image.fromarray(np.rot90(TRIMAP, -1)).save(tmp_path / "upright.png")
    paths = [tmp_path / f"image.{form}", tmp_path / "mask.png", tmp_path / "upright.png"]
    expected = clicks(paths[0], object_mask=np.rot90(TRIMAP, -1) == 255)
    assert expected["click_map"].shape == (60, 40)
    for image in (paths[0], Image.open(paths[0])):
        for mask in (*paths[1:], Image.open(paths[1])):
            made = clicks(image, object_mask=mask)
            np.testing.assert_allclose(made["click_map"], expected["click_map"], atol=1e-5)
            assert made["click"] == expected["click"]
    with pytest.raises(ValueError, match=r"turn it by 90 degrees, as the EXIF orientation turned"):
        clicks(paths[0], object_mask=TRIMAP)


def test_masks_that_are_not_certain_are_refused_with_the_reason(
    clicks: Any, tmp_path: Path
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    inside = np.where(TRIMAP == 255, 255, 0).astype(np.uint8)
    cutout = Image.fromarray(np.dstack([image, inside]))
    for path, picture in (("alpha.png", cutout), ("lossy.jpg", Image.fromarray(inside))):
        picture.save(tmp_path / path)
        with pytest.raises(ValueError, match=f"^object_mask .*{path} (has an alpha|is in a lossy)"):
            clicks(image, object_mask=tmp_path / path)
    with pytest.raises(ValueError, match=r"^object_mask has an alpha channel"):
        clicks(image, object_mask=cutout)
    Image.fromarray(inside).save(tmp_path / "whole.png")
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[:-5])
    for given in ({"object_mask": tmp_path / "cut.png"}, {"error_mask": tmp_path / "cut.png"}):
        with pytest.raises(ValueError, match=r"cut\.png: cannot be read \(it is cut off"):
            clicks(image, **{"object_mask": inside, **given})
    with pytest.raises(ValueError, match=r"none\.png: cannot be read \(No such file"):
        clicks(tmp_path / "none.png", object_mask=inside)


def test_the_pipeline_names_what_it_cannot_use(clicks: Any) -> None:
    image, mask = np.zeros((40, 60, 3), np.uint8), np.ones((40, 60), bool)
    with pytest.raises(ValueError, match="eror_mask: not a keyword"):
        clicks(image, object_mask=mask, eror_mask=mask)
    with pytest.raises(ValueError, match="object_mask: not a keyword here"):
        clicks([{"image": image, "object_mask": mask}], object_mask=mask)
    for inputs in ([image], {"object_mask": mask}):
        with pytest.raises(ValueError, match="image is missing"):
            clicks(inputs)
