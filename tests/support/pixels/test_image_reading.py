"""Masks and images as files, PIL images and arrays: read rightly, or refused with the reason."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rclicks_hf.support.pixels.image_reading import lossy, mask_of_image, open_image, upright
from rclicks_hf.support.pixels.mask_values import mask_values

OBJECT = np.zeros((24, 31), bool)
OBJECT[5:14, 7:20] = True
BAND = np.zeros_like(OBJECT)
BAND[14:16, 7:20] = True
CODED = (OBJECT.astype(np.int8) - BAND).astype(np.int8)
GREY = np.where(OBJECT, 255, np.where(BAND, 128, 0)).astype(np.uint8)


@pytest.mark.parametrize(
    "file", ["pixels/mask_values.py", "pixels/image_reading.py", "hub_cards/hub_card.py"]
)
def test_a_saved_network_carries_the_same_code(repo: Path, file: str) -> None:
    shared = repo / "rclicks_hf" / "support" / file
    assert (repo / "rclicks_hf" / "networks" / "clickability" / shared.name).resolve() == shared


@pytest.mark.parametrize(
    "mask",
    [
        CODED,
        GREY,
        GREY.astype(np.float32),
        GREY.astype(np.int64),
        GREY.astype(np.uint16) * 257,
        CODED.astype(float),
    ],
)
def test_all_codings_of_object_unknown_and_background(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(mask_values(mask), CODED)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (GREY // 2, "mask holds 0, 64, 127; a mask holds 1 object, 0 background"),
        (OBJECT * 2, "mask holds 0, 2; .* to take one label, give mask == label"),
        (OBJECT * 0.5, "mask holds 0, 0.5;"),
        (GREY / 255, "mask holds 0, 0.50196, 1;"),
        (OBJECT + 254 * BAND, "mask holds 0, 1, 254;"),
        (BAND * 128, "mask holds 128 but no 255: 128 is unknown"),
        (GREY.astype(np.int8), "mask holds -128, -1, 0;"),
        (np.where(OBJECT, np.nan, 0), "mask holds 0, nan;"),
        (np.full(3, "1"), "mask has the type <U1"),
    ],
)
def test_other_values_are_refused(mask: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        mask_values(mask)
    assert len(str(error.value)) < 200


def _palette(*colours: tuple[int, int, int]) -> Image.Image:
    image = Image.fromarray(np.where(OBJECT, 1, np.where(BAND, 2, 0)).astype(np.uint8))
    image.putpalette([level for colour in colours for level in colour])
    return image


def _coloured(colour: tuple[int, int, int]) -> Image.Image:
    return Image.fromarray(np.where(OBJECT[..., None], colour, 0).astype(np.uint8))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.fromarray(GREY), CODED),
        (Image.fromarray(GREY).convert("RGB"), CODED),
        (Image.fromarray(GREY).convert("RGBA"), CODED),
        (Image.fromarray(GREY).convert("LA"), CODED),
        (Image.fromarray(GREY.astype(np.uint16) * 257), CODED),
        (Image.fromarray(GREY).convert("P"), CODED),
        (Image.fromarray(OBJECT), OBJECT),
        (Image.fromarray(OBJECT.astype(np.uint8)), OBJECT),
        (_palette((0, 0, 0), (255, 255, 255), (128, 128, 128)), CODED),
        (_palette((0, 0, 0), (128, 128, 128), (255, 255, 255)), BAND.astype(np.int8) - OBJECT),
        (_palette((0, 0, 0), (0, 128, 0), (0, 0, 0)), OBJECT),
        (_coloured((0, 0, 200)), OBJECT),
    ],
)
def test_images_are_read_by_their_colours(image: Image.Image, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(mask_of_image(image), expected)


def _alpha(image: Image.Image, alpha: np.ndarray) -> Image.Image:
    image.putalpha(Image.fromarray(alpha))
    return image


def _transparent_black() -> Image.Image:
    data = io.BytesIO()
    Image.fromarray(GREY).save(data, "PNG", transparency=0)
    return Image.open(data)


def _saved(image: Image.Image, form: str, **options: Any) -> tuple[Image.Image, bytes]:
    data = io.BytesIO()
    image.save(data, form, **options)
    return Image.open(data), data.getvalue()


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 31, 3), np.uint8))
BINARY = Image.fromarray(OBJECT * np.uint8(255))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (_alpha(NOISE.copy(), OBJECT * np.uint8(255)), "mask has an alpha channel, which may be"),
        (_alpha(NOISE.convert("L"), OBJECT * np.uint8(9)), "mask has an alpha channel"),
        (_transparent_black(), "mask has an alpha channel"),
        (_palette((0, 0, 0), (0, 0, 0), (0, 0, 0)), "palette that shows all its values in one"),
        (_palette((0, 0, 0), (128, 0, 0), (0, 128, 0)), "mask has 3 colours; "),
        (NOISE, r"mask has \d+ colours; "),
        (NOISE.convert("CMYK"), "pixels of mode CMYK"),
        (_saved(BINARY, "JPEG", quality=60)[0], r"is in a lossy format \(JPEG\)"),
        (_saved(_coloured((3, 2, 1)), "JPEG")[0], r"is in a lossy format \(JPEG\)"),
        (_saved(BINARY, "JPEG", quality=60)[0].convert("RGB"), "mask holds 0, "),
        (_saved(BINARY, "TIFF", compression="jpeg", quality=40)[0], "lossy format"),
    ],
)
def test_what_is_not_certain_is_refused(image: Image.Image, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        mask_of_image(image)
    assert len(str(error.value)) < 200


def test_a_palette_may_not_contradict_the_labels() -> None:
    image = Image.fromarray(OBJECT.astype(np.uint8))
    image.putpalette([255, 255, 255, 0, 0, 0])
    with pytest.raises(ValueError, match="palette that contradicts its values 0 and 1"):
        mask_of_image(image)


def test_a_jpeg_that_changed_nothing_is_read() -> None:
    full = Image.new("L", (16, 16), 255)
    np.testing.assert_array_equal(mask_of_image(_saved(full, "JPEG")[0]), np.ones((16, 16)))


@pytest.mark.parametrize("is_lossless", [True, False])
def test_webp_is_lossy_unless_it_says_otherwise(is_lossless: bool) -> None:
    image, data = _saved(BINARY, "WEBP", lossless=is_lossless)
    assert lossy(image, data) != is_lossless


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_files_are_turned_upright_once(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image, data = _saved(BINARY, form, exif=exif, **({"lossless": True} if form == "WEBP" else {}))
    turns = {
        1: lambda m: m,
        2: np.fliplr,
        3: lambda m: m[::-1, ::-1],
        4: np.flipud,
        5: np.transpose,
        6: lambda m: np.rot90(m, -1),
        7: lambda m: m[::-1, ::-1].T,
        8: np.rot90,
    }
    np.testing.assert_array_equal(mask_of_image(image), turns[orientation](OBJECT))
    opened = upright(open_image(data)).convert("L")
    np.testing.assert_array_equal(np.asarray(opened) > 0, turns[orientation](OBJECT))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "1", "RGB"])
def test_a_tiff_opened_by_its_path_is_not_mapped_sideways(tmp_path: Path, mode: str) -> None:
    pixels = np.arange(12, dtype=np.uint16 if mode == "I;16" else np.uint8).reshape(3, 4)
    image = Image.fromarray(pixels * (60 if mode == "1" else 1))
    image = image if mode == "I;16" else image.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.tif", exif=exif)
    with Image.open(tmp_path / "a.tif") as opened:
        turned = np.asarray(upright(opened))
        assert opened.filename.endswith("a.tif")
    np.testing.assert_array_equal(turned, np.rot90(np.asarray(image), -1))


@pytest.mark.parametrize("form", ["TIFF", "PNG", "WEBP", "GIF"])
def test_a_mask_of_several_pages_is_refused(form: str) -> None:
    more = {"save_all": True, "append_images": [Image.fromarray(np.rot90(GREY, 2))]}
    image, data = _saved(Image.fromarray(GREY), form, **more)
    for mask in (image, open_image(data)):
        with pytest.raises(ValueError, match="mask has 2 pages or frames; save the one"):
            mask_of_image(mask)


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("PNG", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("BMP", {}),
        ("WEBP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "packbits"}),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's on a TIFF
def test_files_that_are_cut_off_are_refused(form: str, options: dict[str, Any], mode: str) -> None:
    if form == "JPEG" and mode == "P":
        mode = "CMYK"
    _, data = _saved(BINARY.convert(mode), form, **options)
    assert open_image(data).size == BINARY.size
    for missing in (*range(1, 25), len(data) // 2):
        with pytest.raises((OSError, ValueError, SyntaxError)):
            open_image(data[:-missing])


def test_damaged_bytes_of_a_png_are_refused() -> None:
    _, data = _saved(NOISE, "PNG")
    for at in (40, len(data) // 2, len(data) - 3):
        changed = bytearray(data)
        changed[at] ^= 1
        with pytest.raises((OSError, ValueError, SyntaxError)):
            open_image(bytes(changed))
