"""UD, DT and CM under one protocol, and the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy.ndimage import distance_transform_edt

from rclicks_hf.click_models import (
    CLICK_MODELS,
    ClickabilityClickModel,
    ClickModel,
    DistanceTransformClickModel,
    UniformClickModel,
    load_click_model,
)
from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.clickability import (
    ClickabilityConfig,
    ClickabilityImageProcessor,
    ClickabilityModel,
)

MASKS = arrays(np.bool_, st.tuples(st.integers(1, 30), st.integers(1, 30)))


def _blank(mask: np.ndarray) -> np.ndarray:
    return np.zeros((*mask.shape, 3), np.uint8)


def _instances() -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(0)
    images, objects, errors = [], [], []
    for height, width in ((40, 60), (60, 40), (64, 64), (33, 90), (50, 50)):
        mask = np.zeros((height, width), np.int8)
        mask[8:28, 6:30] = 1
        mask[30] = -1
        error = mask == 1
        error[:, 20:] = False
        images.append(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        objects.append(mask)
        errors.append(error)
    return images, objects, errors


@pytest.fixture
def network() -> ClickabilityClickModel:
    torch.manual_seed(0)
    config = ClickabilityConfig.from_preset("nano")
    processor = ClickabilityImageProcessor(size={"height": 64, "width": 64})
    return ClickabilityClickModel(ClickabilityModel(config), processor, batch_size=2)


@pytest.fixture(params=["ud", "dt", "cm"])
def any_model(request: pytest.FixtureRequest, network: ClickabilityClickModel) -> ClickModel:
    return network if request.param == "cm" else load_click_model(request.param)


def test_every_model_has_the_interface(any_model: ClickModel) -> None:
    assert isinstance(any_model, ClickModel)
    assert any_model.name in CLICK_MODELS
    images, objects, errors = _instances()
    maps = any_model.click_maps(images, objects, errors)
    assert len(maps) == len(errors)
    for click_map, error in zip(maps, errors, strict=True):
        assert click_map.dtype == np.float32
        assert click_map.shape == error.shape
        assert click_map.min() >= 0
        assert click_map.max() == pytest.approx(1)


def test_a_map_does_not_depend_on_its_batch(any_model: ClickModel) -> None:
    images, objects, errors = _instances()
    together = any_model.click_maps(images, objects, errors)
    backwards = any_model.click_maps(images[::-1], objects[::-1], errors[::-1])[::-1]
    for i, triple in enumerate(zip(images, objects, errors, strict=True)):
        alone = any_model.click_map(*triple)
        np.testing.assert_allclose(together[i], alone, rtol=0, atol=2e-5)
        np.testing.assert_allclose(backwards[i], alone, rtol=0, atol=2e-5)
        np.testing.assert_array_equal(any_model.click_map(*triple), alone)


def test_an_empty_error_mask_gives_an_empty_map(any_model: ClickModel) -> None:
    images, objects, errors = _instances()
    errors[1] = np.zeros_like(errors[1])
    maps = any_model.click_maps(images, objects, errors)
    assert maps[1].max() == 0
    assert all(maps[i].max() > 0 for i in (0, 2, 3, 4))
    assert any_model.click_maps([], [], []) == []


def test_sizes_that_differ_are_named(any_model: ClickModel) -> None:
    images, objects, errors = _instances()
    with pytest.raises(ValueError, match=r"error_mask is \(60, 40\), the image is \(40, 60, 3\)"):
        any_model.click_map(images[0], objects[0], errors[1])
    with pytest.raises(ValueError, match=r"object_mask is"):
        any_model.click_maps(images[:1], objects[1:2], errors[:1])
    with pytest.raises(ValueError, match="argument 2"):
        any_model.click_maps(images, objects[:2], errors)


@settings(max_examples=60, deadline=None)
@given(mask=MASKS)
def test_uniform_is_the_error_mask(mask: np.ndarray) -> None:
    click_map = UniformClickModel().click_map(_blank(mask), mask, mask)
    np.testing.assert_array_equal(click_map, mask)


@settings(max_examples=60, deadline=None)
@given(mask=MASKS)
def test_distance_transform_is_exact_and_unpadded(mask: np.ndarray) -> None:
    click_map = DistanceTransformClickModel().click_map(_blank(mask), mask, mask)
    if mask.all() or not mask.any():
        np.testing.assert_array_equal(click_map, mask)
        return
    depth = distance_transform_edt(mask)
    np.testing.assert_allclose(click_map, depth / depth.max(), rtol=1e-5, atol=1e-6)


def test_distance_transform_on_real_masks(shared: Path) -> None:
    import cv2

    for path in sorted((shared / "data" / "grabcut_masks").iterdir())[:5]:
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is None:
            continue
        mask = image == 255
        depth = distance_transform_edt(mask)
        click_map = DistanceTransformClickModel().click_map(_blank(mask), mask, mask)
        np.testing.assert_allclose(click_map, depth / depth.max(), rtol=0, atol=1e-5)


def test_a_saved_network_is_a_click_model(tmp_path: Path, network: ClickabilityClickModel) -> None:
    network.model.config.return_dict = False  # as a saved config may say
    network.model.save_pretrained(tmp_path)
    network.processor.save_pretrained(tmp_path)
    images, objects, errors = _instances()
    loaded = load_click_model(tmp_path)
    expected = network.click_map(images[0], objects[0], errors[0])
    np.testing.assert_array_equal(loaded.click_map(images[0], objects[0], errors[0]), expected)


@pytest.mark.parametrize("name", ["nope", "UD", "/no/such/folder", "cm"])
def test_unknown_click_models_are_refused_in_one_line(name: str) -> None:
    with pytest.raises(RclicksError) as caught:
        load_click_model(name)
    assert str(caught.value).startswith(f"{name}:")
    assert "\n" not in str(caught.value)


def test_an_unreachable_repo_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="cannot load a clickability network"):
        load_click_model("someone/nothing")
    with pytest.raises(RclicksError, match="cannot load a clickability network"):
        load_click_model(tmp_path)


def test_the_table_needs_no_torch(repo: Path) -> None:
    import subprocess
    import sys

    code = "import sys; import rclicks_hf.click_models as c; c.load_click_model('dt')\n"
    code += "print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repo, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_map_without_final_normalisation_keeps_the_values(
    network: ClickabilityClickModel,
) -> None:
    images, objects, errors = _instances()
    again = network.click_maps(images, objects, errors)
    network.normalize = False
    plain = network.click_maps(images, objects, errors)
    for before, after in zip(plain, again, strict=True):
        assert before.min() > 0
        span = before.max() - before.min()
        np.testing.assert_allclose((before - before.min()) / span, after, atol=1e-5)


def test_an_image_of_three_by_three_pixels_is_not_turned(network: ClickabilityClickModel) -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 3, 3), dtype=np.uint8)
    mask = np.ones((3, 3), bool)
    # A PIL image leaves no doubt about its axes.
    inputs = network.processor(Image.fromarray(image), mask, return_tensors="pt")
    with torch.inference_mode():
        expected = network.processor.post_process_click_maps(network.model(**inputs), [(3, 3)])[0]
    np.testing.assert_allclose(network.click_map(image, mask, mask), expected, atol=1e-5)
