from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rclicks_hf.data.images.files import (
    decode_mask,
    encode_mask,
    encode_png,
    image_size,
    read_mask_pixels,
    read_rgb,
)
from rclicks_hf.errors import RclicksError

SIZE = (10, 14)


def test_sideways_photographs_are_turned_upright(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(path, exif=exif)
    assert image_size(path) == (20, 30)
    assert read_rgb(path).shape == (30, 20, 3)


def test_masks_survive_their_png() -> None:
    mask = np.random.default_rng(0).integers(-1, 2, (7, 5)).astype(np.int8)
    np.testing.assert_array_equal(decode_mask(encode_mask(mask)), mask)
    np.testing.assert_array_equal(decode_mask(encode_mask(mask == 1)), mask == 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), r"cannot be read \(Is a directory\)"),
        (lambda path: path.symlink_to(path), r"cannot be read \("),
        (
            lambda path: path.symlink_to("nowhere.png"),
            r"a link to nowhere\.png, which does not exist; replace the link by the file",
        ),
        (
            lambda path: path.write_bytes(b""),
            "not a readable image; replace the file with an intact one",
        ),
        (
            lambda path: Image.new("F", SIZE[::-1]).save(path, format="TIFF"),
            "has 32-bit pixels; save it with 8 bits",
        ),
        (lambda path: Image.new("1", (20_000, 10_000)).save(path), "has more than .* pixels; make"),
    ],
)
def test_unreadable_files_are_reported_with_the_reason(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "a.png"
    make(path)
    with pytest.raises(RclicksError, match=message) as error:
        read_rgb(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.tif", "a.webp"])
@pytest.mark.parametrize("missing", [1, 3, 4, 12])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_images_and_masks_that_are_cut_off_are_refused(
    tmp_path: Path, name: str, missing: int
) -> None:
    pixels = np.zeros(SIZE, np.uint8)
    pixels[2:6, 3:9] = 255
    picture = Image.fromarray(pixels)
    path = tmp_path / name
    picture.save(path)
    path.write_bytes(path.read_bytes()[:-missing])
    for read in (read_rgb, read_mask_pixels):
        with pytest.raises(RclicksError, match="not a readable image") as error:
            read(path)
        assert str(error.value).startswith(str(path))


def test_stored_masks_of_other_values_are_refused() -> None:
    with pytest.raises(ValueError, match="holds 0, 200"):
        decode_mask(encode_png(np.array([[0, 200]], np.uint8)))
