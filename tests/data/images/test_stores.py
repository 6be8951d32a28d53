from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from rclicks_hf.data.images.files import (
    decode_rgb,
    image_size,
)
from rclicks_hf.data.images.folders import FolderStore, find_stores
from rclicks_hf.data.images.interface import EncodedImageStore, ImageStore
from rclicks_hf.data.images.layouts import LAYOUTS, limited_size
from rclicks_hf.data.images.memory import StoreWithPrevious
from rclicks_hf.errors import RclicksError

SIZE = (10, 14)
OBJECT = np.zeros(SIZE, bool)
OBJECT[2:6, 3:9] = True
CODE = 3 + 256 * 2 + 65536  # pixel (3, 2, 1)


def _save(array: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def _mask_file(layout: str) -> np.ndarray:
    if layout == "tetris":
        pixels = np.zeros((*SIZE, 3), np.uint8)
        pixels[OBJECT] = (3, 2, 1)
        pixels[8, 1:4] = (9, 0, 0)
        return pixels
    grey = np.where(OBJECT, 255, 0).astype(np.uint8)
    if layout in ("grabcut", "berkeley"):
        grey[6, 3:9] = 128
    return grey


def _folder(root: Path, layout: str, stem: str = "a b.1") -> Path:
    form = LAYOUTS[layout]
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    _save(pixels, root / form.images / f"{stem}.jpg")
    _save(
        _mask_file(layout), root / form.masks / f"{stem}.{'bmp' if layout != 'tetris' else 'png'}"
    )
    return root


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(tmp_path: Path, layout: str) -> None:
    store = FolderStore(layout, _folder(tmp_path, layout))
    objects = store.objects()
    assert ("a b.1", str(CODE) if layout == "tetris" else "") in objects
    mask = store.mask(*objects[-1])
    assert mask.dtype == np.int8
    np.testing.assert_array_equal(mask == 1, OBJECT)
    assert (mask == -1).any() == (layout in ("grabcut", "berkeley"))
    assert store.image("a b.1").shape == (*SIZE, 3)
    assert isinstance(store, ImageStore)
    assert isinstance(store, EncodedImageStore)


def test_coded_masks_hold_several_objects(tmp_path: Path) -> None:
    store = FolderStore("tetris", _folder(tmp_path, "tetris"))
    assert store.objects() == [("a b.1", "9"), ("a b.1", str(CODE))]
    assert store.mask("a b.1", "9").sum() == 3
    assert store.mask("a b.1", "").sum() == 3 + OBJECT.sum()  # all objects, as the paper's code
    with pytest.raises(RclicksError, match="no object '5'; its objects are 9, "):
        store.mask("a b.1", "5")


def test_tetris_images_and_masks_are_limited(tmp_path: Path) -> None:
    wide = np.zeros((20, 4096, 3), np.uint8)
    codes = wide.copy()
    codes[:, 1000:2000] = (7, 0, 0)
    _save(wide, tmp_path / "images" / "a.png")
    _save(codes, tmp_path / "masks" / "a.png")
    store = FolderStore("tetris", tmp_path)
    assert store.image("a").shape == (10, 2048, 3)
    mask = store.mask("a", "7")
    assert mask.shape == (10, 2048)
    assert np.flatnonzero(mask[0]).tolist() == list(range(500, 1000))
    assert decode_rgb(store.encoded_image("a")).shape == (10, 2048, 3)
    assert limited_size(1365, 4096, 2048) == (683, 2048)  # 682.5 rounds up


def test_jpegs_are_passed_through(tmp_path: Path) -> None:
    store = FolderStore("davis", _folder(tmp_path, "davis"))
    assert store.encoded_image("a b.1") == (tmp_path / "img" / "a b.1.jpg").read_bytes()


@pytest.mark.parametrize("layout", ["davis", "tetris"])
def test_previous_masks_beside_the_dataset(tmp_path: Path, layout: str) -> None:
    root = _folder(tmp_path / "set", layout)
    name = "a b.1_sam_fn_pc_3"
    previous = np.where(OBJECT, 255, 60).astype(np.uint8)
    _save(previous, tmp_path / LAYOUTS[layout].previous_masks / f"{name}.png")
    store = FolderStore(layout, root)
    found = store.previous_mask(name)
    assert found is not None
    np.testing.assert_array_equal(found, OBJECT)
    assert store.previous_mask("a b.1_sam_fp_pc_3") is None
    folder = tmp_path / LAYOUTS[layout].previous_masks
    explicit = FolderStore(layout, root, previous_masks=folder)
    assert explicit.previous_mask(name) is not None


def test_real_grabcut_images(shared: Path) -> None:
    store = FolderStore("grabcut", shared / "data" / "GrabCut")
    assert len(store.objects()) == 20
    assert ("124084", "") in store.objects()
    for image_stem, object_stem in store.objects():
        mask = store.mask(image_stem, object_stem)
        assert mask.shape == store.image(image_stem).shape[:2]
        assert (mask == 1).any()
    assert (store.mask("153077", "") == -1).any()


def test_stores_side_by_side(tmp_path: Path) -> None:
    _folder(tmp_path / "DAVIS", "davis")
    _folder(tmp_path / "COCO_MVal", "coco_mval")
    found = find_stores(tmp_path, ["davis", "coco_mval", "simulated_scenes"])
    assert list(found) == ["davis", "coco_mval"]
    with pytest.raises(RclicksError, match="no folder Berkeley/"):
        find_stores(tmp_path, ["berkeley"])


def _without_image_folder(root: Path) -> str:
    (root / "data_GT").rename(root / "elsewhere")
    return r"no folder data_GT/; the grabcut layout needs data_GT/ with images and boundary_GT/"


def _without_mask(root: Path) -> str:
    (root / "boundary_GT" / "a b.1.bmp").unlink()
    return r"a b.1.jpg: no mask; put a b.1.png or a b.1.bmp into .*boundary_GT"


def _without_images(root: Path) -> str:
    (root / "data_GT" / "a b.1.jpg").unlink()
    return "data_GT: no images"


def _two_of_a_stem(root: Path) -> str:
    _save(np.zeros((*SIZE, 3), np.uint8), root / "data_GT" / "a b.1.png")
    return "same stem as a b.1.jpg"


@pytest.mark.parametrize(
    "spoil", [_without_image_folder, _without_mask, _without_images, _two_of_a_stem]
)
def test_bad_folders(tmp_path: Path, spoil: object) -> None:
    message = spoil(_folder(tmp_path, "grabcut"))  # type: ignore[operator]
    with pytest.raises(RclicksError, match=message) as error:
        FolderStore("grabcut", tmp_path)
    assert "\n" not in str(error.value)


def _mask_of_another_size(path: Path) -> str:
    _save(np.full((5, 5), 255, np.uint8), path)
    return r"is 5x5 pixels but its image a b.1.jpg is 14x10"


def _empty_mask(path: Path) -> str:
    _save(np.zeros(SIZE, np.uint8), path)
    return "empty mask; it needs at least one object pixel"


def _odd_value(path: Path) -> str:
    _save(np.where(OBJECT, 254, 0).astype(np.uint8), path)
    return "holds the value 254; only 255 object, 128 unknown, 0 background"


def _no_picture(path: Path) -> str:
    path.write_bytes(b"BM no picture")
    return "not a readable image"


@pytest.mark.parametrize("spoil", [_mask_of_another_size, _empty_mask, _odd_value, _no_picture])
def test_bad_masks(tmp_path: Path, spoil: object) -> None:
    store = FolderStore("grabcut", _folder(tmp_path, "grabcut"))
    path = tmp_path / "boundary_GT" / "a b.1.bmp"
    message = spoil(path)  # type: ignore[operator]
    with pytest.raises(RclicksError, match=message) as error:
        store.mask("a b.1", "")
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_truncated_image_is_refused_before_it_is_stored(tmp_path: Path) -> None:
    store = FolderStore("davis", _folder(tmp_path, "davis"))
    path = tmp_path / "img" / "a b.1.jpg"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RclicksError, match="not a readable image"):
        store.encoded_image("a b.1")


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(RclicksError, match="nonsuch: unknown layout; use one of grabcut"):
        FolderStore("nonsuch", tmp_path)
    store = FolderStore("davis", _folder(tmp_path, "davis"))
    with pytest.raises(RclicksError, match="no image with the stem 'z'"):
        store.image("z")
    (tmp_path / "img" / "z.heic").touch()
    with pytest.raises(RclicksError, match=r"z\.heic: not a kind of file that is read"):
        store.image("z")
    with pytest.raises(RclicksError, match="has no object '5'"):
        store.mask("a b.1", "5")
    with pytest.raises(RclicksError, match="no such folder"):
        FolderStore("davis", tmp_path, previous_masks=tmp_path / "none")


def test_previous_masks_over_a_folder(tmp_path: Path) -> None:
    inner = FolderStore("davis", _folder(tmp_path, "davis"))
    store = StoreWithPrevious(inner, {"a b.1_geocut_fp_pc_1": OBJECT})
    assert store.previous_mask("a b.1_geocut_fp_pc_1") is not None
    assert store.previous_mask("a b.1_geocut_fn_pc_1") is None
    assert store.encoded_image("a b.1") == inner.encoded_image("a b.1")


def test_16_bit_files_are_scaled_not_cut(tmp_path: Path) -> None:
    root = _folder(tmp_path, "grabcut", "a")
    grey = _mask_file("grabcut")
    _save(grey.astype(np.uint16) * 257, root / "boundary_GT" / "b.png")
    shades = np.linspace(0, 65535, grey.size).reshape(SIZE).astype(np.uint16)
    _save(shades, root / "data_GT" / "b.png")
    store = FolderStore("grabcut", root)
    np.testing.assert_array_equal(store.mask("b", ""), store.mask("a", ""))
    expected = shades / 257
    np.testing.assert_allclose(store.image("b")[..., 2], expected, atol=1)
    np.testing.assert_array_equal(decode_rgb(store.encoded_image("b")), store.image("b"))


def test_small_labels_of_a_16_bit_mask_are_no_background(tmp_path: Path) -> None:
    root = _folder(tmp_path, "davis", "a")
    (root / "gt" / "a.bmp").unlink()
    _save(OBJECT.astype(np.uint16), root / "gt" / "a.png")
    np.testing.assert_array_equal(FolderStore("davis", root).mask("a", "") == 1, OBJECT)


@pytest.mark.parametrize("mode", ["P", "CMYK", "RGBA", "1", "I;16"])
def test_pictures_reach_the_dataset_in_rgb(tmp_path: Path, mode: str) -> None:
    root = _folder(tmp_path, "davis", "a")
    path = root / "img" / ("a.jpg" if mode == "CMYK" else "a.png")
    (root / "img" / "a.jpg").unlink()
    picture = Image.radial_gradient("L").resize(SIZE[::-1])
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    else:
        picture = picture.convert("RGB").convert(mode)
    picture.save(path)
    store = FolderStore("davis", root)
    data = store.encoded_image("a")
    with Image.open(io.BytesIO(data)) as stored:
        assert stored.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(stored), store.image("a"))


def test_reading_all_masks_shows_a_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _folder(tmp_path / "TETRIS", "tetris")
    find_stores(tmp_path, ["tetris"])["tetris"].objects()
    assert capsys.readouterr().err == ""
    find_stores(tmp_path, ["tetris"], progress=True)["tetris"].objects()
    assert "masks: 100%" in capsys.readouterr().err


def _turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["tif", "jpg", "png", "webp"])
def test_image_and_mask_are_turned_once(tmp_path: Path, ending: str, orientation: int) -> None:
    mask_ending = "png" if ending == "jpg" else ending
    pixels = np.repeat(np.where(OBJECT, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    for folder in ("img", "gt"):
        (tmp_path / folder).mkdir()
    lossless = {"lossless": True} if ending == "webp" else {}
    form = {"exif": _turned(orientation), **lossless}
    picture = Image.fromarray(pixels)
    picture.save(tmp_path / "img" / f"a.{ending}", **form)
    picture.save(tmp_path / "gt" / f"a.{mask_ending}", **form)
    store = FolderStore("davis", tmp_path)
    mask, image = store.mask("a", ""), store.image("a")
    assert mask.shape == image.shape[:2] == (SIZE if orientation < 5 else SIZE[::-1])
    assert image_size(tmp_path / "img" / f"a.{ending}") == image.shape[1::-1]
    np.testing.assert_array_equal(mask == 1, image[..., 0] > 127)
    np.testing.assert_array_equal(decode_rgb(store.encoded_image("a")), image)


def test_a_mask_in_sensor_orientation_is_named(tmp_path: Path) -> None:
    root = _folder(tmp_path, "davis", "a")
    picture = Image.fromarray(np.zeros((*SIZE[::-1], 3), np.uint8))
    picture.save(root / "img" / "a.jpg", exif=_turned(6))
    _save(np.ones(SIZE[::-1], np.uint8), root / "gt" / "a.bmp")
    with pytest.raises(RclicksError, match="turn the mask, as the EXIF orientation turns the im"):
        FolderStore("davis", root).mask("a", "")


def _replaced_mask(root: Path, layout: str, picture: Image.Image, name: str, **form: Any) -> Path:
    folder = root / LAYOUTS[layout].masks
    for old in folder.iterdir():
        old.unlink()
    picture.save(folder / name, **form)
    return folder / name


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mask_in_the_alpha_channel_is_refused(tmp_path: Path, layout: str) -> None:
    root = _folder(tmp_path, layout, "a")
    alpha = np.where(OBJECT, 255, 0).astype(np.uint8)
    for pixels in (np.full((*SIZE, 3), 255, np.uint8), np.zeros((*SIZE, 3), np.uint8)):
        cutout = Image.fromarray(np.dstack([pixels, alpha]))
        path = _replaced_mask(root, layout, cutout, "a.png")
        with pytest.raises(RclicksError, match="the mask has an alpha channel, which may be") as e:
            FolderStore(layout, root).mask("a", "")
        assert str(e.value).startswith(str(path))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("name", "form"),
    [("a.jpg", {"quality": 75}), ("a.webp", {}), ("a.tif", {"compression": "jpeg"})],
)
def test_a_lossy_mask_is_refused(
    tmp_path: Path, layout: str, name: str, form: dict[str, Any]
) -> None:
    root = _folder(tmp_path, layout, "a")
    picture = Image.fromarray(_mask_file(layout))
    _replaced_mask(root, layout, picture, name, **form)
    with pytest.raises(RclicksError, match="the mask is in a lossy format"):
        FolderStore(layout, root).objects() and FolderStore(layout, root).mask("a", "")


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("layout", ["davis", "tetris"])
def test_a_mask_of_16_bits_per_channel_is_refused(tmp_path: Path, layout: str, name: str) -> None:
    root = _folder(tmp_path, layout, "a")
    masks = root / LAYOUTS[layout].masks
    next(masks.iterdir()).unlink()
    codes = OBJECT.astype(np.uint16) * 3
    for deep in (np.repeat(codes[..., None], 3, 2), codes)[: 2 if layout == "tetris" else 1]:
        assert cv2.imwrite(str(masks / name), deep)
        with pytest.raises(RclicksError, match="the mask has 16 bits per channel; save it with 8"):
            store = FolderStore(layout, root)
            store.objects() and store.mask("a", "")


@pytest.mark.parametrize("layout", ["grabcut", "davis", "tetris"])
def test_palette_masks_are_read_by_their_colours(tmp_path: Path, layout: str) -> None:
    root = _folder(tmp_path, layout, "a")
    palette = Image.fromarray(OBJECT.astype(np.uint8))
    palette.putpalette([0, 0, 0, 0, 128, 0])
    _replaced_mask(root, layout, palette, "a.png")
    store = FolderStore(layout, root)
    if layout == "grabcut":
        with pytest.raises(RclicksError, match="the mask has colours; repaint it in greys"):
            store.mask("a", "")
    else:
        np.testing.assert_array_equal(store.mask(*store.objects()[0]) == 1, OBJECT)
    palette.putpalette([0, 0, 0, 0, 0, 0])
    _replaced_mask(root, layout, palette, "a.png")
    with pytest.raises(RclicksError, match="a palette that shows all its values in one colour"):
        FolderStore(layout, root).mask("a", "")


NFC, NFD = "h\u00e4user", "ha\u0308user"


@pytest.mark.parametrize("layout", ["davis", "tetris"])
@pytest.mark.parametrize(("image", "mask"), [(NFC, NFC), (NFD, NFC), (NFC, NFD)])
def test_names_in_either_unicode_form(tmp_path: Path, layout: str, image: str, mask: str) -> None:
    root = _folder(tmp_path / "set", layout, image)
    [path] = (root / LAYOUTS[layout].masks).iterdir()
    path.rename(path.with_name(f"{mask}{path.suffix}"))
    previous = tmp_path / LAYOUTS[layout].previous_masks / f"{mask}_sam_fn_pc_3.png"
    _save(np.where(OBJECT, 255, 0).astype(np.uint8), previous)
    store = FolderStore(layout, root)
    code = store.objects()[-1][1]
    for stem in (NFC, NFD):
        np.testing.assert_array_equal(store.mask(stem, code) == 1, OBJECT)
        assert store.image(stem).shape == (*SIZE, 3)
        assert store.previous_mask(f"{stem}_sam_fn_pc_3") is not None


def test_a_name_that_a_spreadsheet_made_a_number(tmp_path: Path) -> None:
    store = FolderStore("davis", _folder(tmp_path, "davis", "000000322574"))
    for stem in ("322574", "3.22574E+05"):
        with pytest.raises(RclicksError, match="but '000000322574': a spreadsheet turned the"):
            store.image(stem)
    with pytest.raises(RclicksError, match="no image with the stem '322575'"):
        store.image("322575")


def test_a_folder_with_the_name_of_an_image(tmp_path: Path) -> None:
    root = _folder(tmp_path, "davis", "a")
    (root / "img" / "x.png").mkdir()
    with pytest.raises(RclicksError, match=r"x\.png: is a folder, not an image file; rename"):
        FolderStore("davis", root)


def test_jfif_and_brackets_are_read(tmp_path: Path) -> None:
    root = _folder(tmp_path / "[a] (b)*", "davis", "[a]")
    (root / "img" / "[a].jpg").rename(root / "img" / "[a].jfif")
    store = FolderStore("davis", root)
    assert store.image("[a]").shape == (*SIZE, 3)
    np.testing.assert_array_equal(store.mask("[a]", "") == 1, OBJECT)
