"""The image processor: forms of input, geometry, bad inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rclicks_hf.networks.clickability import ClickabilityImageProcessor
from rclicks_hf.networks.clickability.image_processing_clickability import letterbox


def _image(height: int = 40, width: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _mask(height: int = 40, width: int = 60) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[height // 4 : height // 2, width // 4 : width // 2] = True
    return mask


@pytest.mark.parametrize(
    "convert",
    [
        Image.fromarray,
        torch.from_numpy,
        lambda image: image.transpose(2, 0, 1),
        lambda image: image.astype(np.float32) / 255,
        lambda image: torch.from_numpy(image).permute(2, 0, 1).double() / 255,
        lambda image: np.dstack([image, np.full(image.shape[:2], 7, np.uint8)]),
        lambda image: [image],
        lambda image: image[None],
        lambda image: Image.fromarray(image).convert("RGBA"),
    ],
    ids=["pil", "torch", "chw", "float", "torch-double", "rgba", "list", "batch", "pil-rgba"],
)
def test_every_form_of_an_image_gives_the_same(
    processor: ClickabilityImageProcessor, convert: Any
) -> None:
    expected = processor(_image(), _mask(), return_tensors="pt")
    actual = processor(convert(_image()), _mask(), return_tensors="pt")
    for name in expected:
        torch.testing.assert_close(actual[name], expected[name], rtol=0, atol=1e-5)


def test_grey_images_become_rgb(processor: ClickabilityImageProcessor) -> None:
    grey = _image()[..., 0]
    expected = processor(np.dstack([grey] * 3), _mask(), return_tensors="np")["pixel_values"]
    for form in (grey, Image.fromarray(grey), grey[..., None]):
        actual = processor(form, _mask(), return_tensors="np")["pixel_values"]
        np.testing.assert_allclose(actual, expected, atol=1e-6)


@pytest.mark.parametrize(
    "convert",
    [
        lambda mask: mask.astype(np.uint8) * 255,
        lambda mask: np.where(mask, 1, -1).astype(np.int8),
        torch.from_numpy,
        Image.fromarray,
        lambda mask: mask[None],
    ],
    ids=["255", "unknown-band", "torch", "pil", "channel"],
)
def test_every_form_of_a_mask_gives_the_same(
    processor: ClickabilityImageProcessor, convert: Any
) -> None:
    expected = processor(_image(), _mask(), return_tensors="np")["object_mask"]
    actual = processor(_image(), convert(_mask()), return_tensors="np")["object_mask"]
    np.testing.assert_array_equal(actual, expected)


def test_images_of_different_sizes_in_one_batch(processor: ClickabilityImageProcessor) -> None:
    sizes = [(40, 60), (61, 33), (50, 50)]
    images, masks = [_image(*size) for size in sizes], [_mask(*size) for size in sizes]
    maps = [mask.astype(np.float32) for mask in masks]
    batch = processor(images, masks, masks, maps, return_tensors="pt")
    assert batch["pixel_values"].shape == (3, 3, 64, 64)
    for i in range(3):
        alone = processor(images[i], masks[i], masks[i], maps[i], return_tensors="pt")
        for name in ("pixel_values", "object_mask", "error_mask", "labels"):
            assert torch.equal(batch[name][i], alone[name][0])


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 3000), width=st.integers(1, 3000), side=st.integers(16, 512))
def test_letterbox_fits_and_keeps_the_aspect(height: int, width: int, side: int) -> None:
    top, left, new_height, new_width = letterbox(height, width, (side, side))
    assert max(new_height, new_width) == side
    assert top == (side - new_height) // 2
    assert left == (side - new_width) // 2
    scale = side / max(height, width)
    assert new_height == max(1, int(height * side // max(height, width)))
    assert abs(new_width - width * scale) < 1


@settings(max_examples=15, deadline=None)
@given(height=st.integers(24, 200), width=st.integers(24, 200))
def test_a_map_returns_to_where_it_came_from(height: int, width: int) -> None:
    """A blob that goes in as a click map comes back with its centre where it was."""
    processor = ClickabilityImageProcessor(size={"height": 96, "width": 96})
    y, x = np.mgrid[:height, :width]
    cy, cx = height * 0.4, width * 0.6
    blob = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * (min(height, width) / 8) ** 2))
    mask = np.ones((height, width), bool)
    labels = processor(_image(height, width), mask, mask, blob, return_tensors="pt")["labels"]
    back = processor.post_process_click_maps(labels, [(height, width)])[0].numpy()
    assert back.shape == (height, width)
    py, px = np.unravel_index(back.argmax(), back.shape)
    tolerance = max(height, width) / 96 + 1
    assert abs(py - cy) <= tolerance
    assert abs(px - cx) <= tolerance
    assert back.min() == 0
    assert back.max() == pytest.approx(1)


def test_a_constant_map_becomes_zero(processor: ClickabilityImageProcessor) -> None:
    maps = processor.post_process_click_maps(torch.full((1, 1, 64, 64), 0.3), [(40, 60)])
    assert maps[0].abs().max() == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((_image(), _mask(41)), r"object_masks\[0\] is \(41, 60\), its image is \(40, 60\)"),
        ((_image(), _mask(), _mask(40, 61)), r"error_masks\[0\] is \(40, 61\)"),
        ((_image(), _mask(), np.zeros((40, 60))), r"error_masks\[0\] is empty"),
        (([_image()] * 2, [_mask()]), "2 images but 1 object_masks"),
        ((_image().astype(np.float32), _mask()), r"images\[0\] is float with values from"),
        ((_image(), _image()), r"object_masks\[0\] is|object_masks\[0\] must be|but 40"),
        ((_image().astype(np.uint16) * 257, _mask()), r"images\[0\] is uint16 with values from"),
        ((_image().astype(int) - 128, _mask()), r"images\[0\] is int64 with values from"),
        ((np.full((40, 60, 3), np.nan), _mask()), r"images\[0\] is float with values from nan"),
        (
            (Image.fromarray(_image()[..., 0].astype(np.uint16) * 257), _mask()),
            r"images\[0\] is uint16 with values from",
        ),
        (([], []), "images is empty"),
        (("photo.png", _mask()), "str"),
        (
            (_image(), _mask(), None, -np.ones((40, 60))),
            r"click_maps\[0\] has negative or non-finite values",
        ),
        ((_image(), _mask(), None, np.full((40, 60), np.nan)), r"click_maps\[0\] has negative"),
    ],
)
def test_bad_inputs_are_named(
    processor: ClickabilityImageProcessor, arguments: tuple[Any, ...], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        processor(*arguments, return_tensors="pt")


def test_as_many_sizes_as_maps(processor: ClickabilityImageProcessor) -> None:
    with pytest.raises(ValueError, match="2 maps but 1 target_sizes"):
        processor.post_process_click_maps(torch.rand(2, 1, 64, 64), [(4, 4)])


@pytest.mark.parametrize(("height", "width"), [(1, 60), (3, 60), (4, 5), (1, 1), (3, 4)])
def test_the_mask_tells_which_axis_has_the_channels(
    processor: ClickabilityImageProcessor, height: int, width: int
) -> None:
    image, mask = _image(height, width), np.ones((height, width), bool)
    expected = processor(Image.fromarray(image), mask, return_tensors="pt")["pixel_values"]
    for given_image in (image, image.transpose(2, 0, 1)):
        made = processor(given_image, mask, return_tensors="pt")["pixel_values"]
        torch.testing.assert_close(made, expected, rtol=0, atol=0)


def test_bfloat16_tensors_are_taken(processor: ClickabilityImageProcessor) -> None:
    image, mask = torch.from_numpy(_image()).permute(2, 0, 1) / 255, torch.from_numpy(_mask())
    exact = processor(image, mask, return_tensors="pt")
    half = processor(image.bfloat16(), mask.bfloat16(), return_tensors="pt")
    torch.testing.assert_close(half["object_mask"], exact["object_mask"], rtol=0, atol=0)
    assert 0 < (half["pixel_values"] - exact["pixel_values"]).abs().max() < 0.02


def test_alpha_stays_where_images_are_not_converted(
    processor: ClickabilityImageProcessor,
) -> None:
    rgba = np.dstack([_image(), _image()[..., 0]])
    four = {"image_mean": [0.0] * 4, "image_std": [1.0] * 4, "do_convert_rgb": False}
    for form in (rgba, Image.fromarray(rgba), rgba.transpose(2, 0, 1), torch.from_numpy(rgba)):
        kept = processor(form, _mask(), return_tensors="np", **four)["pixel_values"]
        assert kept.shape == (1, 4, 64, 64)
        with pytest.raises(ValueError, match=r"images\[0\] has 4 channels but image_mean has 3"):
            processor(form, _mask(), do_convert_rgb=False)
    np.testing.assert_array_equal(kept[0, 3], kept[0, 0])
    plain = processor(_image(), _mask(), return_tensors="np")["pixel_values"]
    same = processor(_image(), _mask(), return_tensors="np", do_convert_rgb=False)["pixel_values"]
    np.testing.assert_array_equal(same, plain)
