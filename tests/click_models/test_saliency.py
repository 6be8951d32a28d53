"""SI and SM: the input of the network, and the click map from its output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from rclicks_hf.cli import app
from rclicks_hf.click_models import ClickModel, SaliencyClickModel, load_click_model
from rclicks_hf.click_models.interface import ClickModelOnImages
from rclicks_hf.click_models.registry import click_model_identity
from rclicks_hf.click_models.saliency import enlarged_box
from rclicks_hf.downloads.network_card import _SALIENCY_USE
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.saliency import SaliencyConfig, SaliencyImageProcessor, SaliencyModel


@pytest.fixture(scope="module")
def saliency_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights") / "transalnet"
    torch.manual_seed(0)
    config = SaliencyConfig(
        image_size=(64, 96),
        stem_channels=8,
        depths=(1, 1, 1, 1),
        hidden_sizes=(16, 16, 8),
        num_attention_heads=(4, 4, 2),
        intermediate_sizes=(32, 32, 16),
        decoder_sizes=(8, 8, 4, 4),
    )
    SaliencyModel(config).save_pretrained(folder)
    SaliencyImageProcessor(size={"height": 64, "width": 96}).save_pretrained(folder)
    return folder


@pytest.fixture(params=["si", "sm"])
def model(request: pytest.FixtureRequest, saliency_folder: Path) -> SaliencyClickModel:
    loaded = load_click_model(f"{request.param}:{saliency_folder}")
    assert isinstance(loaded, SaliencyClickModel)
    assert isinstance(loaded, ClickModel)
    assert loaded.name == request.param
    return loaded


class _Ramp(torch.nn.Module):
    """In place of the network: what it was shown, and a map that grows to the right."""

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self, scale: float = 1.0):
        super().__init__()
        self.scale = scale
        self.shown: list[torch.Tensor] = []

    def forward(self, pixel_values: torch.Tensor, return_dict: bool) -> dict[str, torch.Tensor]:
        self.shown.append(pixel_values)
        ramp = torch.linspace(0, self.scale, pixel_values.shape[-1]).expand(
            len(pixel_values), 1, *pixel_values.shape[2:]
        )
        return {"saliency": ramp}


def _instance(height: int = 200, width: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    mask = np.zeros((height, width), bool)
    mask[60:124, 90:186] = True  # 64 x 96: the canvas's aspect
    mask[60:70, 90:100] = False
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8), mask, mask


@pytest.mark.parametrize("name", ["si", "sm"])
def test_the_network_sees_the_enlarged_box(name: str) -> None:
    image, mask, _ = _instance()
    ramp = _Ramp()
    processor = SaliencyImageProcessor(size={"height": 90, "width": 134})
    model = SaliencyClickModel(ramp, processor, name=name)  # type: ignore[arg-type]
    click_map = model.click_map(image, mask, mask)
    rows, columns = enlarged_box(mask)
    assert (rows, columns) == (slice(47, 137), slice(70, 206))
    crop = image[rows, columns].copy()
    if name == "sm":
        crop[~mask[rows, columns]] = 127
    expected = processor(crop)["pixel_values"]
    assert torch.equal(ramp.shown[0], expected)
    assert (click_map[~mask] == 0).all()
    assert click_map[mask].min() > 0
    assert click_map.max() == 1
    assert (np.diff(click_map[100, 90:186]) >= 0).all()
    # The ramp goes over the whole box, so its ratio tells where the map was put.
    left, right = click_map[100, 95], click_map[100, 185]
    assert left / right == pytest.approx((95 - 70) / (185 - 70), abs=0.02)


def test_a_map_that_is_all_zero_is_uniform() -> None:
    image, mask, _ = _instance()
    processor = SaliencyImageProcessor(size={"height": 64, "width": 96})
    silent = SaliencyClickModel(_Ramp(0.003), processor, name="si")  # type: ignore[arg-type]
    np.testing.assert_array_equal(silent.click_map(image, mask, mask), mask)


def test_boxes_end_at_the_image() -> None:
    mask = np.zeros((20, 30), bool)
    mask[0:15, 29] = True
    assert enlarged_box(mask) == (slice(0, 19), slice(28, 30))
    assert enlarged_box(np.ones((20, 30), bool)) == (slice(0, 20), slice(0, 30))


def test_it_has_the_interface(model: SaliencyClickModel) -> None:
    model.batch_size = 2
    model.model.config.return_dict = False  # as a saved config may say
    image, mask, _ = _instance()
    part = mask.copy()
    part[:, :140] = False
    masks = [mask, np.zeros_like(mask), part, mask[::-1], part[::-1]]
    images, objects = [image] * 5, [mask] * 5
    maps = model.click_maps(images, objects, masks)
    assert maps[1].max() == 0
    for i in (0, 2, 3, 4):
        assert (maps[i].dtype, maps[i].shape) == (np.float32, mask.shape)
        assert (maps[i].max(), maps[i][~masks[i]].max()) == (1, 0)
        alone = model.click_map(images[i], objects[i], masks[i])
        np.testing.assert_allclose(maps[i], alone, rtol=0, atol=0.02)  # levels of 8 bits
    assert model.click_maps([], [], []) == []
    with pytest.raises(ValueError, match="error_mask is"):
        model.click_map(image, mask, mask[:-1])


def test_si_and_sm_differ(saliency_folder: Path) -> None:
    image, mask, _ = _instance()
    maps = [
        load_click_model(f"{name}:{saliency_folder}").click_map(image, mask, mask)
        for name in ("si", "sm")
    ]
    assert np.abs(maps[0] - maps[1]).max() > 0.01


def test_names_say_which_model_and_which_weights(saliency_folder: Path) -> None:
    si, sm, bare = (
        click_model_identity(spec)
        for spec in (f"si:{saliency_folder}", f"sm:{saliency_folder}", str(saliency_folder))
    )
    assert [one["click_model"] for one in (si, sm, bare)] == [
        "si:transalnet",
        "sm:transalnet",
        "transalnet",
    ]
    assert len({one["click_model_fingerprint"] for one in (si, sm, bare)}) == 1
    assert len(si["click_model_fingerprint"]) == 64


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("si", "si: needs trained weights; give si:FOLDER"),
        ("sm:no/such/folder", "sm:no/such/folder: no such click model"),
        ("ud:weights", "ud:weights: no such click model"),
    ],
)
def test_what_cannot_be_loaded_is_refused_in_one_line(spec: str, text: str) -> None:
    with pytest.raises(RclicksError) as caught:
        load_click_model(spec)
    assert str(caught.value).startswith(text)
    assert "\n" not in str(caught.value)


def test_a_folder_of_another_network_is_refused(tmp_path: Path, saliency_folder: Path) -> None:
    from rclicks_hf.networks.clickability import ClickabilityConfig, ClickabilityModel

    ClickabilityModel(ClickabilityConfig.from_preset("nano")).save_pretrained(tmp_path)
    with pytest.raises(RclicksError, match="'clickability', not a saliency network"):
        load_click_model(f"si:{tmp_path}")


def test_evaluate_clicks_accepts_them(scene_repo: Path, saliency_folder: Path) -> None:
    words = ["evaluate-clicks", "--repo", str(scene_repo), "--dataset", "simulated_scenes"]
    models = ["--click-model", f"si:{saliency_folder}", "--click-model", f"sm:{saliency_folder}"]
    done = CliRunner().invoke(app, [*words, *models, "--num-proc", "1", "--halvings", "0"])
    assert done.exit_code == 0, done.output
    assert "simulated clicks" in done.output
    rows = [line.split()[0] for line in done.output.splitlines() if line.startswith("s")]
    assert {"si:transalnet", "sm:transalnet"} <= set(rows)


def test_maps_on_a_prepared_image_are_those_of_the_click_model(model: SaliencyClickModel) -> None:
    rng = np.random.default_rng(0)
    model.batch_size = 1  # the batch may change a level of the 8 bits
    for shape in ((1, 5), (40, 60), (90, 33)):
        image = rng.integers(0, 255, (*shape, 3)).astype(np.uint8)
        errors = [np.ones(shape, bool), np.zeros(shape, bool), rng.random(shape) < 0.1]
        errors[1][shape[0] // 2, 1:4] = errors[2][0, 0] = True
        boxes = [np.s_[y : y + h, x : x + w] for x, y, w, h in map(_bounds, errors)]
        whole = model.click_maps([image] * 3, errors, errors)
        prepared: Any = model.on_image(image)
        found = prepared.boxed_maps(errors, errors, boxes)
        for one, click_map, error, box in zip(found, whole, errors, boxes, strict=True):
            np.testing.assert_array_equal(one.at(error[box]), click_map[error])
        on_images = ClickModelOnImages(model)
        for click_map, error in zip(whole, errors, strict=True):
            np.testing.assert_array_equal(on_images.click_map(image, error, error), click_map)
        nothing = np.zeros(shape, bool)
        assert not on_images.click_map(image, errors[0], nothing).any()


def _bounds(mask: np.ndarray) -> Sequence[int]:
    return cv2.boundingRect(mask.view(np.uint8))


def test_a_subclass_with_ways_of_its_own_is_asked_for_whole_maps(saliency_folder: Path) -> None:
    class Own(SaliencyClickModel):
        def _crop(self, image: np.ndarray, *rest: Any) -> np.ndarray:
            return image

    assert (
        Own.from_pretrained(str(saliency_folder), name="si").on_image(np.zeros((2, 2, 3))) is None
    )


def test_the_code_of_the_card_of_a_download_runs(
    saliency_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "saliency").symlink_to(saliency_folder)
    mask = np.zeros((48, 64), bool)
    mask[10:30, 20:50] = True
    scope = {"image": np.zeros((48, 64, 3), np.uint8), "object_mask": mask, "error_mask": mask}
    exec(_SALIENCY_USE.split("```python\n")[1].split("```")[0], scope)
    assert scope["click_map"].shape == (48, 64)
