"""The full-size synthetic copy: simulated clicks in exactly the published numbers, without images.

Nobody clicked: stems imitate those of the real table, coordinates are blobs in random boxes. Its
datasets are simulated entries of `SOURCE_DATASETS`, so that it cannot be mistaken for real data.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from rclicks_hf.data.build.builder import BuildReport, build_dataset, check_out
from rclicks_hf.data.clicks.word_codes import decode_table, map_words
from rclicks_hf.data.schema import CLICK_SCHEMA, NO_MODEL, SOURCE_DATASETS, SourceDataset
from rclicks_hf.data.splits import LIST_FILES
from rclicks_hf.data.stems import FullStem
from rclicks_hf.errors import RclicksError
from rclicks_hf.simulation.full_size_stems import ImageStems, coco, davis, numbered, tetris

FULL_SIZE_DATASETS = tuple(name for name, entry in SOURCE_DATASETS.items() if entry.copy_of)
_TRAIN_SHARE = 0.75  # of the images of a dataset with split lists: 1,500 of TETRIS' 2,000
_CLICKS_PER_LATER_ROUND = 34
_MODELS = ("mivos", "ritm", "sam", "simple")
_MODEL_BOUNDS = (0.55, 0.7, 0.9)  # of a number in [0, 1) that chooses among them
_CLICKS_BEFORE = 25  # a later round corrects the mask of one of this many clicks of its device
_STRAY_SHARE = 0.002  # of clicks that may lie outside the image
_STRAY_REACH = 6  # pixels


@dataclass(frozen=True)
class _Shape:
    """Stems and sizes of a dataset's images, and its numbers of later rounds."""

    stems: Callable[[np.random.Generator, int], list[ImageStems]] = numbered
    sizes: tuple[tuple[int, int], ...] = ((640, 480),)  # (w, h) in pixels
    later: tuple[int, int] | None = None  # fn and fp rounds; None: from the number of clicks

    def later_rounds(self, entry: SourceDataset) -> tuple[int, int]:
        """Numbers of fn and of fp rounds."""
        each = round(entry.subsequent_clicks / _CLICKS_PER_LATER_ROUND / 2)
        return self.later or (each, each)


# The numbers of later rounds come from the paper's per-instance results, which omit TETRIS. A
# dataset that is not listed here gets the defaults.
_SHAPES = {
    "grabcut": _Shape(numbered, ((321, 481), (481, 321), (640, 480)), (49, 50)),
    "berkeley": _Shape(numbered, ((321, 481), (481, 321)), (100, 100)),
    "davis": _Shape(davis, ((854, 480),), (341, 341)),
    "coco_mval": _Shape(coco, ((640, 480), (480, 640), (500, 375)), (797, 795)),
    "tetris": _Shape(tetris, ((4000, 3000), (1920, 1080), (3024, 4032), (1280, 720))),
}


@dataclass(frozen=True)
class _Round:
    """One instance: its stem, the size of its image, the box (x, y, w, h) that is clicked in."""

    stem: FullStem
    size: tuple[int, int]
    box: tuple[float, float, float, float]


def build_full_size_copy(out: str | Path, *, seed: int = 0, replace: bool = False) -> BuildReport:
    """Write a dataset repo of simulated clicks in the published numbers, to try and time the tools.

    Args:
        out: Folder to create.
        seed: Seed of `full_size_clicks`.
        replace: Replace an older build.

    Returns:
        Counts of what was written.

    Raises:
        RclicksError: If the seed is negative, ``out`` exists and ``replace`` is false, or ``out``
            cannot be written.

    Example:
        >>> build_full_size_copy(".")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: .: already exists; remove it or give another name with --out
    """
    if seed < 0:
        raise RclicksError(f"--seed {seed}: must be at least 0")
    check_out(Path(out), replace=replace)
    return build_dataset(
        full_size_clicks(seed), {}, out, is_full_size_copy=True, replace=replace, progress=False
    )


def full_size_clicks(seed: int = 0) -> pa.Table:
    """Simulated clicks with the published number of clicks and instances of every dataset.

    Args:
        seed: Seed of stems and coordinates, >= 0.

    Returns:
        475,544 rows: the columns of `CLICK_SCHEMA`, ``x_raw``, ``y_raw`` (a few lie outside the
        image, as in the real table) and ``split``.

    Example:
        >>> clicks = full_size_clicks()
        >>> len(clicks), len(clicks.group_by(["dataset", "full_stem"]).aggregate([]))
        (475544, 12345)
    """
    streams = (np.random.default_rng([seed, i]) for i in range(len(FULL_SIZE_DATASETS)))
    tables = map(_dataset_clicks, FULL_SIZE_DATASETS, streams)
    return pa.concat_tables(tables).combine_chunks()


def write_full_size_files(folder: str | Path, seed: int = 0) -> Path:
    """Write the copy as the paper's files (``clicks.csv``, split lists); returns the CSV's path."""
    folder = Path(folder)
    clicks = full_size_clicks(seed)
    for name, split in LIST_FILES.items():
        stems = pc.unique(clicks.filter(pc.equal(clicks["split"], split))["image_stem"])
        (folder / name).write_text("\n".join(stems.to_pylist()) + "\n", encoding="utf-8")
    columns = {name: clicks[name] for name in CLICK_SCHEMA.names}
    columns["dataset"] = map_words(columns["dataset"], lambda name: SOURCE_DATASETS[name].csv_name)
    columns["model_type"] = map_words(
        columns["model_type"], lambda word: "" if word == NO_MODEL else word
    )
    for axis in ("x", "y"):
        columns[axis] = pc.cast(clicks[f"{axis}_raw"], pa.int32())
    path = folder / "clicks.csv"
    options = pacsv.WriteOptions(quoting_style="none", quoting_header="none")
    pacsv.write_csv(decode_table(pa.table(columns)), path, options)
    return path


def _dataset_clicks(name: str, rng: np.random.Generator) -> pa.Table:
    entry = SOURCE_DATASETS[SOURCE_DATASETS[name].copy_of]
    shape = _SHAPES.get(entry.name, _Shape())
    images = shape.stems(rng, entry.instances)
    objects = _objects(images, shape, rng)
    firsts = objects[: entry.instances - entry.clickless]
    laters = _later_rounds(firsts, shape.later_rounds(entry), rng)
    counts = np.concatenate(
        [
            _spread(entry.first_clicks, len(firsts), rng),
            _spread(entry.subsequent_clicks, len(laters), rng),
        ]
    )
    clicks = _click_rows(name, firsts + laters, counts, rng)
    splits = dict.fromkeys((image.stem for image in images), "test")
    if entry.has_split_lists:
        stems = list(splits)
        train = {stems[i] for i in rng.permutation(len(stems))[: int(_TRAIN_SHARE * len(stems))]}
        splits = {stem: "train" if stem in train else "validation" for stem in stems}
    column = pa.array([splits[stem] for stem in clicks["image_stem"].to_pylist()])
    return clicks.append_column("split", column)


def _objects(images: list[ImageStems], shape: _Shape, rng: np.random.Generator) -> list[_Round]:
    """The first round on every object; second objects of images follow all first ones."""
    sizes = [shape.sizes[rng.integers(len(shape.sizes))] for _ in images]
    rounds = []
    for place in range(2):
        for image, size in zip(images, sizes, strict=True):
            if place < len(image.objects):
                w, h = (rng.uniform(0.1, 0.6, 2) * size).tolist()
                x, y = (rng.uniform(0, 1, 2) * (size[0] - w, size[1] - h)).tolist()
                stem = FullStem(image.stem, image.objects[place])
                rounds.append(_Round(stem, size, (x, y, w, h)))
    return rounds


def _later_rounds(
    firsts: list[_Round], counts: tuple[int, int], rng: np.random.Generator
) -> list[_Round]:
    """Fn and fp rounds over the objects in turn, each in a part of its object's box."""
    rounds = []
    for click_type, count in zip(("fn", "fp"), counts, strict=True):
        for number in range(count):
            turn, index = divmod(number, len(firsts))
            first = firsts[index]
            # An object has at most one synthetic mask per click type, so later turns have none.
            model = "ritm" if turn else _MODELS[bisect(_MODEL_BOUNDS, rng.random())]
            device = click = ""
            if model != "mivos":
                click = str(rng.integers(_CLICKS_BEFORE) + turn * _CLICKS_BEFORE)
                device = ("pc", "mobile")[rng.integers(2)]
            stem = first.stem
            stem = FullStem(stem.image_stem, stem.object_stem, click_type, model, device, click)
            x, y, w, h = first.box
            dx, dy = rng.uniform(0, 0.6, 2).tolist()
            rounds.append(_Round(stem, first.size, (x + dx * w, y + dy * h, 0.4 * w, 0.4 * h)))
    return rounds


def _spread(total: int, instances: int, rng: np.random.Generator) -> np.ndarray:
    """Clicks of each instance: nearly equal, with sum ``total``."""
    counts = np.full(instances, total // instances)
    counts[rng.permutation(instances)[: total % instances]] += 1
    half = instances // 2
    moved = rng.integers(-3, 4, half)
    counts[:half] += moved
    counts[half : 2 * half] -= moved
    return counts


def _click_rows(
    name: str, rounds: list[_Round], counts: np.ndarray, rng: np.random.Generator
) -> pa.Table:
    which = np.repeat(np.arange(len(rounds)), counts)
    total = len(which)
    stems = [entry.stem for entry in rounds]
    words = {
        "dataset": [name] * len(rounds),
        "full_stem": [str(stem) for stem in stems],
        "image_stem": [stem.image_stem for stem in stems],
        "object_stem": [stem.object_stem for stem in stems],
        "click_type": [stem.click_type for stem in stems],
        "model_type": [stem.model_type for stem in stems],
    }
    columns = {key: pa.array(values).take(pa.array(which)) for key, values in words.items()}
    mobile = rng.random(total) < 0.5
    columns["device"] = pa.array(np.where(mobile, "mobile", "pc"))
    sizes, boxes = np.array([r.size for r in rounds]), np.array([r.box for r in rounds])
    raw = {}
    for axis, side, k in (("x", "w", 0), ("y", "h", 1)):
        start, extent, limit = boxes[which, k], boxes[which, k + 2], sizes[which, k]
        spread = np.where(mobile, 0.2, 0.15) * extent
        value = np.rint(start + extent / 2 + spread * rng.standard_normal(total))
        stray = rng.random(total) < _STRAY_SHARE
        value[stray] = rng.integers(-_STRAY_REACH, limit[stray] + _STRAY_REACH)
        value[~stray] = np.clip(value[~stray], 0, limit[~stray] - 1)
        raw[f"{axis}_raw"] = pa.array(value)
        columns[axis] = pa.array(np.clip(value, 0, limit - 1).astype(np.int32))
        columns[side] = pa.array(limit.astype(np.int32))
    return pa.table({key: columns[key] for key in CLICK_SCHEMA.names} | raw)
