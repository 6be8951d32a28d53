"""Demo photographs: all load, outlines lie inside the images, other files are refused."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation, binary_erosion, binary_fill_holes

from rclicks_hf.data.images.memory import MemoryStore
from rclicks_hf.errors import RclicksError
from rclicks_hf.simulation.photographs import (
    LONGEST_SIDE,
    PhotographRecord,
    photograph_records,
    photographs,
)

RECORDS = photograph_records()


@pytest.fixture(scope="module")
def source() -> MemoryStore:
    return photographs()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of every picture, for the test to spoil."""
    shipped = Path(str(files("skimage").joinpath("data")))
    for record in RECORDS:
        shutil.copy(shipped / record.file, tmp_path / record.file)
    return tmp_path


def test_every_photograph_loads_with_all_its_objects(source: MemoryStore) -> None:
    expected = [(r.image_stem, o.object_stem) for r in RECORDS for o in r.objects]
    assert source.objects() == expected
    assert len(expected) >= 20
    for stem, code in expected:
        image, mask = source.image(stem), source.mask(stem, code)
        assert image.dtype == np.uint8
        assert image.shape[:2] == mask.shape
        assert max(mask.shape) <= LONGEST_SIDE
        assert 0.005 < mask.mean() < 0.5


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.image_stem)
def test_outlines_lie_inside_the_picture(record: PhotographRecord) -> None:
    height, width = record.size
    for item in record.objects:
        for ring in (*item.outlines, *item.holes):
            assert ring.ndim == 2
            assert len(ring) >= 3
            assert ring.min() >= 0
            assert ring[:, 0].max() <= width
            assert ring[:, 1].max() <= height


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.image_stem)
def test_masks_of_a_photograph_are_disjoint(source: MemoryStore, record: PhotographRecord) -> None:
    masks = [source.mask(record.image_stem, o.object_stem) for o in record.objects]
    assert np.sum(masks, axis=0).max() == 1


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.image_stem)
def test_origin_and_licence_are_on_record(record: PhotographRecord) -> None:
    assert record.origin.title
    assert record.origin.credit
    assert any(
        word in record.origin.licence.lower() for word in ("cc0", "public domain", "no known")
    )
    assert all(item.label for item in record.objects)


def test_one_object_has_an_empty_stem_and_several_are_numbered() -> None:
    for record in RECORDS:
        stems = [item.object_stem for item in record.objects]
        assert stems == ([""] if len(stems) == 1 else [str(k + 1) for k in range(len(stems))])


def test_the_tripod_has_holes(source: MemoryStore) -> None:
    tripod = source.mask("camera", "2") > 0
    assert (binary_fill_holes(tripod) & ~tripod).sum() > 1000


def test_outlines_follow_edges_of_the_pictures(source: MemoryStore) -> None:
    """The picture changes more within 2 px of an outline than elsewhere nearby."""
    ratios = []
    for stem, code in source.objects():
        mask = source.mask(stem, code) > 0
        gradient = np.hypot(*np.gradient(source.image(stem).astype(float).mean(2)))
        edge = binary_dilation(mask, iterations=2) & ~binary_erosion(mask, iterations=2)
        near = binary_dilation(mask, iterations=10) & ~binary_erosion(mask, iterations=10) & ~edge
        ratios.append(gradient[edge].mean() / gradient[near].mean())
    assert np.median(ratios) > 1.5


def test_scaled_pictures_keep_their_proportions(source: MemoryStore) -> None:
    for record in RECORDS:
        height, width = source.image(record.image_stem).shape[:2]
        assert height == pytest.approx(record.size[0] * record.scale, abs=0.5)
        assert width == pytest.approx(record.size[1] * record.scale, abs=0.5)


def test_another_picture_of_that_name_is_refused(copy: Path) -> None:
    Image.new("RGB", (512, 512)).save(copy / "astronaut.png")
    with pytest.raises(
        RclicksError, match=r"astronaut\.png: is not the photograph .*SHA-256"
    ) as refused:
        photographs(copy)
    assert "\n" not in str(refused.value)


def test_a_missing_picture_is_named(copy: Path) -> None:
    (copy / "coffee.png").unlink()
    with pytest.raises(RclicksError, match=r"coffee\.png: cannot be read") as refused:
        photographs(copy)
    assert "\n" not in str(refused.value)


def test_pictures_may_lie_elsewhere(copy: Path, source: MemoryStore) -> None:
    other = photographs(copy)
    np.testing.assert_array_equal(other.image("coins"), source.image("coins"))
