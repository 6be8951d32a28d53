"""Images and masks in the folder layouts of the source datasets."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from tqdm.auto import tqdm

from rclicks_hf.data.images.files import (
    IMAGE_SUFFIXES,
    encode_png,
    image_size,
    is_plain,
    is_turned,
    read_mask_pixels,
    read_rgb,
)
from rclicks_hf.data.images.layouts import LAYOUTS, Layout, limited_size, resize_codes
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.data.stems import spreadsheet_form, stem_problem
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.progress import is_quiet


class FolderStore:
    """Images and masks in one dataset's folder.

    The constructor checks that every image has a mask; the masks are checked when they are read.

    Args:
        layout: Key in `LAYOUTS`.
        root: The dataset's folder.
        previous_masks: Folder of ``<full_stem>.png``; by default the layout's folder in ``root`` or
            beside it.

    Raises:
        RclicksError: If the layout is unknown, a folder is missing, or an image has no mask.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> for folder, shape in (("img", (4, 6, 3)), ("gt", (4, 6))):
        ...     (root / folder).mkdir()
        ...     _ = (root / folder / "a.png").write_bytes(encode_png(np.full(shape, 9, np.uint8)))
        >>> store = FolderStore("davis", root)
        >>> store.objects(), int(store.mask("a", "").sum())
        ([('a', '')], 24)
    """

    def __init__(
        self,
        layout: str,
        root: str | Path,
        *,
        previous_masks: str | Path | None = None,
        progress: bool = False,
    ) -> None:
        if layout not in LAYOUTS:
            raise RclicksError(f"{layout}: unknown layout; use one of {', '.join(LAYOUTS)}")
        self.layout: Layout = LAYOUTS[layout]
        self.root = Path(root)
        folders = (self.root / self.layout.images, self.root / self.layout.masks)
        for folder in folders:
            if not folder.is_dir():
                raise RclicksError(
                    f"{self.root}: no folder {folder.name}/; the {layout} layout needs "
                    f"{self.layout.images}/ with images and {self.layout.masks}/ with masks"
                )
        self._images, self._masks = map(_files_by_stem, folders)
        self._previous = self._previous_folders(previous_masks)
        self._progress = progress
        self._last_codes: tuple[str, np.ndarray] | None = None
        self._check_pairs()

    def image_stems(self) -> list[str]:
        """All image stems; reads no file."""
        return list(self._images)

    def objects(self) -> list[tuple[str, str]]:
        """All (image_stem, object_stem), sorted by image; reads every mask of a coded layout."""
        if not self.layout.has_object_codes:
            return [(stem, "") for stem in self._images]
        stems = tqdm(
            self._images, desc="masks", unit="mask", disable=is_quiet() or not self._progress
        )
        return [
            (stem, str(code))
            for stem in stems
            for code in np.unique(self._codes(stem)).tolist()
            if code != 0
        ]

    def image(self, image_stem: str) -> np.ndarray:
        """The image, (H, W, 3) uint8 RGB, its longest side limited where the layout says so."""
        path = self._image_path(image_stem)
        pixels = read_rgb(path)
        size = limited_size(pixels.shape[1], pixels.shape[0], self.layout.longest_side)
        if size == pixels.shape[1::-1]:
            return pixels
        return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)

    def encoded_image(self, image_stem: str) -> bytes:
        """The image file's bytes if it is a plain JPEG or PNG of the right size, else a PNG."""
        path = self._image_path(image_stem)
        pixels = self.image(image_stem)  # a file that does not decode must not be stored
        if image_size(path) == pixels.shape[1::-1] and is_plain(path):
            return path.read_bytes()
        return encode_png(pixels)

    def mask(self, image_stem: str, object_stem: str) -> np.ndarray:
        """The object's mask, (H, W) int8: 1 object, 0 background, -1 unknown.

        ``object_stem`` is the object's code in a coded layout, ``""`` for all its objects together;
        it is ``""`` in the other layouts.

        Raises:
            RclicksError: If the mask is missing, unreadable, empty, of another size than the image,
                or has values that the layout does not define.
        """
        image_stem = self._known(image_stem)
        codes = self._codes(image_stem)
        if self.layout.has_object_codes:
            return self._coded_mask(image_stem, object_stem, codes)
        if object_stem:
            raise RclicksError(
                f"{self._masks[image_stem]}: has no object {object_stem!r}; "
                f"a {self.layout.name} mask holds one object, leave object_stem empty"
            )
        return codes.astype(np.int8)

    def previous_mask(self, full_stem: str) -> np.ndarray | None:
        """The mask that the user of a later round saw, (H, W) bool; None without a file."""
        for folder in self._previous:
            path = _existing(folder, full_stem)
            if path is not None:
                pixels = read_mask_pixels(path, needs_grey=True, is_soft=True)[..., 0]
                size = limited_size(pixels.shape[1], pixels.shape[0], self.layout.longest_side)
                return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR) > 127
        return None

    def _previous_folders(self, given: str | Path | None) -> list[Path]:
        if given is None:
            return [base / self.layout.previous_masks for base in (self.root, self.root.parent)]
        if not Path(given).is_dir():
            raise RclicksError(
                f"{given}: no such folder; give the folder of the <full_stem>.png masks"
            )
        return [Path(given)]

    def _check_pairs(self) -> None:
        if not self._images:
            raise RclicksError(
                f"{self.root / self.layout.images}: no images; put files "
                f"({', '.join(IMAGE_SUFFIXES)}) there"
            )
        # A mask may have its image's name in another Unicode form.
        forms = {unicodedata.normalize("NFC", stem): path for stem, path in self._masks.items()}
        for stem, path in self._images.items():
            found = self._masks.get(stem) or forms.get(unicodedata.normalize("NFC", stem))
            if found:
                self._masks[stem] = found
            else:
                folder = self.root / self.layout.masks
                if other := _unread(folder, stem):
                    raise RclicksError(f"{other}: {_NOT_READ}")
                raise RclicksError(f"{path}: no mask; put {stem}.png or {stem}.bmp into {folder}")

    def _image_path(self, image_stem: str) -> Path:
        image_stem = self._known(image_stem)
        if image_stem not in self._images:
            altered = spreadsheet_form(image_stem, self._images)
            if altered:
                raise RclicksError(
                    f"{self.root / self.layout.images}: no image {image_stem!r}, but {altered!r}: "
                    "a spreadsheet turned the name into a number; use the original click table"
                )
            folder = self.root / self.layout.images
            if other := _unread(folder, image_stem):
                raise RclicksError(f"{other}: {_NOT_READ}")
            raise RclicksError(
                f"{folder}: no image with the stem {image_stem!r}; add it or remove its clicks"
            )
        return self._images[image_stem]

    def _known(self, image_stem: str) -> str:
        """The stem in the Unicode form of the image's file name."""
        if image_stem in self._images or image_stem.isascii():
            return image_stem
        form = unicodedata.normalize("NFC", image_stem)
        return next(
            (s for s in self._images if unicodedata.normalize("NFC", s) == form), image_stem
        )

    def _codes(self, image_stem: str) -> np.ndarray:
        """(H, W) int32 codes of the mask file; the last one is cached, for its other objects."""
        image_stem = self._known(image_stem)
        if self._last_codes is None or self._last_codes[0] != image_stem:
            self._last_codes = (image_stem, self._read_codes(image_stem))
        return self._last_codes[1]

    def _read_codes(self, image_stem: str) -> np.ndarray:
        image_path = self._image_path(image_stem)
        path = self._masks[image_stem]
        pixels = read_mask_pixels(
            path, is_coded=self.layout.has_object_codes, needs_grey=self.layout.is_grey
        )
        size, expected = pixels.shape[1::-1], image_size(image_path)
        if size != expected:
            remedy = "give the mask the image's size"
            if size == expected[::-1] and is_turned(image_path):
                remedy = "turn the mask, as the EXIF orientation turns the image"
            raise RclicksError(
                f"{path}: is {size[0]}x{size[1]} pixels but its image {image_path.name} is "
                f"{expected[0]}x{expected[1]}; {remedy}"
            )
        try:
            codes = self.layout.decode(pixels)
        except ValueError as error:
            raise RclicksError(f"{path}: {error}; repaint the mask") from error
        if not (codes > 0).any():
            raise RclicksError(f"{path}: empty mask; it needs at least one object pixel")
        return resize_codes(codes, limited_size(*size, self.layout.longest_side))

    def _coded_mask(self, image_stem: str, object_stem: str, codes: np.ndarray) -> np.ndarray:
        if not object_stem:
            return (codes > 0).astype(np.int8)
        present = [str(code) for code in np.unique(codes).tolist() if code != 0]
        if object_stem not in present:
            raise RclicksError(
                f"{self._masks[image_stem]}: has no object {object_stem!r}; "
                f"its objects are {', '.join(present[:10])}"
            )
        return (codes == int(object_stem)).astype(np.int8)


def find_stores(
    root: str | Path, datasets: Iterable[str], *, progress: bool = False
) -> dict[str, FolderStore]:
    """Open the stores of the source datasets whose folders are side by side in one folder.

    Args:
        root: Folder with the datasets' folders, named as in `LAYOUTS`: ``GrabCut/``, ``DAVIS/``...
        datasets: Keys of `SOURCE_DATASETS`; those without a folder layout are ignored.

    Returns:
        Dataset name -> its store.

    Raises:
        RclicksError: If a folder is missing or malformed.

    Example:
        >>> find_stores("datasets", ["simulated_scenes"])  # has no folder
        {}
        >>> find_stores("datasets", ["davis"])
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: datasets: no folder DAVIS/; put the davis images there ...
    """
    layouts = {name: SOURCE_DATASETS[name].layout for name in datasets}
    return {
        name: FolderStore(layout, _dataset_folder(Path(root), LAYOUTS[layout]), progress=progress)
        for name, layout in layouts.items()
        if layout
    }


def _dataset_folder(root: Path, layout: Layout) -> Path:
    folder = root / layout.folder
    if not folder.is_dir():
        raise RclicksError(
            f"{root}: no folder {layout.folder}/; put the {layout.name} images there "
            f"({layout.folder}/{layout.images}, {layout.folder}/{layout.masks})"
        )
    return folder


def _existing(folder: Path, stem: str) -> Path | None:
    """``<stem>.png`` in one of the stem's Unicode forms, None if there is no such file."""
    forms = dict.fromkeys([stem, *(unicodedata.normalize(form, stem) for form in ("NFC", "NFD"))])
    paths = [folder / f"{form}.png" for form in forms]
    return next((path for path in paths if path.is_file()), None)


_NOT_READ = f"not a kind of file that is read ({', '.join(IMAGE_SUFFIXES)}); save it as a PNG"


def _unread(folder: Path, stem: str) -> Path | None:
    """A file of the stem with an ending that is not read, None if there is none."""
    return next((path for path in sorted(folder.iterdir()) if path.stem == stem), None)


def _files_by_stem(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        if path.is_dir():
            raise RclicksError(f"{path}: is a folder, not an image file; rename or remove it")
        if path.stem in files:
            raise RclicksError(
                f"{path}: has the same stem as {files[path.stem].name}; remove one of the two"
            )
        problem = stem_problem(path.stem)
        if problem:
            raise RclicksError(f"{path}: the file name {problem}; rename it")
        files[path.stem] = path
    return files
