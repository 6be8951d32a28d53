"""Saving and loading, conversion, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModel

from rclicks_hf.errors import RclicksError
from rclicks_hf.networks.saliency import (
    SaliencyConfig,
    SaliencyImageProcessor,
    SaliencyModel,
    convert_checkpoint,
)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_round_trip_is_bit_for_bit(
    tmp_path: Path, model: SaliencyModel, dtype: torch.dtype
) -> None:
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_()  # what a fresh buffer is not
    model = model.to(dtype=dtype)  # type: ignore[call-arg]
    model.save_pretrained(tmp_path)
    before = model.state_dict()
    after = SaliencyModel.from_pretrained(tmp_path, dtype=dtype).state_dict()
    assert list(before) == list(after)
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_a_missing_buffer_is_filled_not_garbage(tmp_path: Path, model: SaliencyModel) -> None:
    state = {k: v for k, v in model.state_dict().items() if "running" not in k}
    model.save_pretrained(tmp_path, state_dict=state)
    loaded = SaliencyModel.from_pretrained(tmp_path).state_dict()
    for key, value in loaded.items():
        if "running" in key:
            assert torch.equal(value, torch.full_like(value, "var" in key)), key


def test_auto_classes_know_it(
    tmp_path: Path, model: SaliencyModel, processor: SaliencyImageProcessor
) -> None:
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    assert type(AutoConfig.from_pretrained(tmp_path)) is SaliencyConfig
    assert type(AutoModel.from_pretrained(tmp_path)) is SaliencyModel
    loaded = AutoImageProcessor.from_pretrained(tmp_path)
    assert type(loaded) is SaliencyImageProcessor
    assert dict(loaded.size) == {"height": 64, "width": 96}


def test_outputs_do_not_depend_on_the_batch(model: SaliencyModel) -> None:
    torch.manual_seed(3)
    pixels = torch.rand(3, 3, 64, 96)
    with torch.no_grad():
        together = model(pixels).saliency
        alone = torch.cat([model(pixels[i : i + 1]).saliency for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
    assert together.std() > 1e-3


def test_inputs_of_another_size_are_refused(model: SaliencyModel) -> None:
    with pytest.raises(ValueError, match=r"must be \(B, 3, 64, 96\), got \(1, 3, 96, 64\)"):
        model(torch.rand(1, 3, 96, 64))


@pytest.mark.parametrize("image", [np.zeros((9, 9, 2), np.uint8), np.zeros((9, 9, 3))])
def test_images_that_are_no_rgb_are_refused(
    processor: SaliencyImageProcessor, image: np.ndarray
) -> None:
    message = r"images\[1\] must be \(H, W, 3\) or \(3, H, W\) uint8, got"
    with pytest.raises(ValueError, match=message):
        processor([np.zeros((9, 9, 3), np.uint8), image])
    with pytest.raises(ValueError, match="images is empty"):
        processor([])


@pytest.mark.parametrize(
    "convert",
    [
        Image.fromarray,
        torch.from_numpy,
        lambda image: [Image.fromarray(image)],
        lambda image: image[None],
        lambda image: image.transpose(2, 0, 1),
        lambda image: torch.from_numpy(image).permute(2, 0, 1)[None],
        lambda image: np.dstack([image, np.full(image.shape[:2], 9, np.uint8)]),
        lambda image: np.dstack([image, image[..., 0]]).transpose(2, 0, 1),
        lambda image: Image.fromarray(np.dstack([image, image[..., 0]])),
    ],
)
def test_every_form_of_an_image_gives_the_same(
    processor: SaliencyImageProcessor, convert: Callable[[np.ndarray], Any]
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    expected, made = processor(image)["pixel_values"], processor(convert(image))["pixel_values"]
    torch.testing.assert_close(made, expected, rtol=0, atol=0)


def test_grey_images_and_alpha_where_they_are_not_converted(
    processor: SaliencyImageProcessor,
) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (40, 60), dtype=np.uint8)
    expected = processor(np.dstack([grey] * 3))["pixel_values"]
    for form in (grey, Image.fromarray(grey), grey[..., None], grey[None]):
        torch.testing.assert_close(processor([form])["pixel_values"], expected, rtol=0, atol=0)
    for form in (grey, np.dstack([grey] * 4), Image.fromarray(np.dstack([grey] * 4))):
        with pytest.raises(ValueError, match="leave do_convert_rgb at True to drop alpha"):
            processor([form], do_convert_rgb=False)


def test_the_order_of_the_axes_can_be_given(processor: SaliencyImageProcessor) -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 40, 3), dtype=np.uint8)
    last = processor(image)["pixel_values"]
    first = processor(image.transpose(2, 0, 1), input_data_format="channels_first")["pixel_values"]
    torch.testing.assert_close(first, last, rtol=0, atol=0)


def test_images_are_turned_upright(processor: SaliencyImageProcessor, tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(image).save(tmp_path / "a.png", exif=exif)
    made = processor(Image.open(tmp_path / "a.png"))["pixel_values"]
    expected = processor(np.ascontiguousarray(np.rot90(image, -1)))["pixel_values"]
    torch.testing.assert_close(made, expected, rtol=0, atol=0)


@pytest.mark.parametrize("size", [(1, 1), (500, 90), (90, 500), (64, 96), (200, 300)])
def test_maps_come_back_in_the_image_size(
    processor: SaliencyImageProcessor, size: tuple[int, int]
) -> None:
    image = np.full((*size, 3), 200, np.uint8)
    canvas = processor(image)["pixel_values"][:, :1]
    # What is sent there comes back: the image's grey, nowhere the margin's.
    plane = processor.post_process_saliency(canvas, [size])[0]
    assert plane.shape == size
    assert np.median(plane) >= 199


def test_odd_shapes_of_network_are_refused() -> None:
    with pytest.raises(ValueError, match="hidden_sizes needs 3 numbers"):
        SaliencyConfig(hidden_sizes=(8, 8))
    with pytest.raises(ValueError, match="not a multiple of its 5 heads"):
        SaliencyConfig(num_attention_heads=(12, 5, 8))


def _refused(checkpoint: Path, config: SaliencyConfig) -> str:
    out = checkpoint.with_name("out")
    with pytest.raises(RclicksError) as caught:
        convert_checkpoint(checkpoint, out, config=config)
    assert not out.exists()
    text = str(caught.value)
    assert text.startswith(str(checkpoint))
    assert "\n" not in text
    return text


def test_missing_and_extra_keys_are_named(
    tmp_path: Path, model: SaliencyModel, config: SaliencyConfig
) -> None:
    state = model.state_dict()
    del state["decoder.conv7.bias"]
    state["optimizer"] = torch.zeros(2)
    torch.save(state, tmp_path / "model.pth")
    text = _refused(tmp_path / "model.pth", config)
    assert "missing: decoder.conv7.bias; extra: optimizer" in text


def test_a_truncated_file_is_refused(
    tmp_path: Path, model: SaliencyModel, config: SaliencyConfig
) -> None:
    path = tmp_path / "model.pth"
    torch.save(model.state_dict(), path)
    path.write_bytes(path.read_bytes()[:5000])
    assert "download" in _refused(path, config)
    path.unlink()
    assert "give the published checkpoint TranSalNet_Res.pth" in _refused(path, config)


class _Hostile:
    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.trace),)


def test_a_hostile_pickle_does_not_run(tmp_path: Path, config: SaliencyConfig) -> None:
    path, trace = tmp_path / "evil.pth", tmp_path / "ran"
    torch.save({"x": _Hostile(trace)}, path)
    assert "x is posix.mkdir" in _refused(path, config)
    assert not trace.exists()
    torch.load(path, weights_only=False)
    assert trace.exists(), "the pickle was harmless: the test proves nothing"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image_size", (32 * 10**6, 32)),
        ("num_hidden_layers", 10**6),
        ("depths", (1, 1, 1, 10**9)),
        ("decoder_sizes", (8, 8, 8, 0)),
    ],
)
def test_numbers_that_would_hang_or_fill_the_memory_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"{field} is \d+; give 1 to \d+"):
        SaliencyConfig(**{field: value})
