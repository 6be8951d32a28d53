"""Image rows: one row per instance with its image, object mask and previous mask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rclicks_hf.data.build.instance_rows import ImageFacts
from rclicks_hf.data.build.parquet_files import WRITER_METADATA, WRITER_OPTIONS
from rclicks_hf.data.build.picture_digest import PictureDigest
from rclicks_hf.data.features import image_features
from rclicks_hf.data.images.files import encode_mask
from rclicks_hf.data.images.interface import ImageStore, encoded_image
from rclicks_hf.data.instances import object_box
from rclicks_hf.data.repo_files import PICTURES_KEY
from rclicks_hf.data.schema import CLOSED_VALUES
from rclicks_hf.errors import RclicksError

_ROW_GROUP_BYTES = 32 * 2**20
_ROW_GROUP_ROWS = 256
_PICTURES = ("image", "object_mask", "previous_mask")


class ImageRows:
    """Turns instances of one dataset into image rows and collects the facts about each image.

    Instances of one image should follow each other, so that it is encoded only once.
    """

    def __init__(self, dataset: str, store: ImageStore) -> None:
        self.dataset = dataset
        self.facts: dict[tuple[str, str], ImageFacts] = {}
        self.pictures = PictureDigest()
        self._store = store
        self._last_image: tuple[str, bytes] | None = None

    def row(self, instance: Mapping[str, Any]) -> dict[str, Any]:
        """The row of `image_features`; the previous mask of a first round is all background."""
        full_stem = instance["full_stem"]
        mask = self._store.mask(instance["image_stem"], instance["object_stem"])
        if not (mask == 1).any():
            raise RclicksError(
                f"{self.dataset}: the object mask of {full_stem!r} is empty; correct the mask file"
            )
        previous = self._previous(instance, mask.shape)
        self.facts[self.dataset, full_stem] = ImageFacts(mask.shape[::-1], object_box(mask))
        image = self._encoded(instance["image_stem"])
        if instance["click_type"] == "first":
            self.pictures.add(full_stem, instance["image_stem"], image, mask)
        pictures = zip(_PICTURES, (image, encode_mask(mask), encode_mask(previous)), strict=True)
        keys = ("full_stem", "image_stem", "object_stem", "is_simulated")
        return {
            "dataset": CLOSED_VALUES["dataset"].index(self.dataset),
            "split": CLOSED_VALUES["split"].index(instance["split"]),
            **{name: instance[name] for name in keys},
            **{
                name: {"bytes": data, "path": _file_name(full_stem, name, data)}
                for name, data in pictures
            },
        }

    def _encoded(self, image_stem: str) -> bytes:
        if self._last_image is None or self._last_image[0] != image_stem:
            self._last_image = (image_stem, encoded_image(self._store, image_stem))
        return self._last_image[1]

    def _previous(self, instance: Mapping[str, Any], shape: tuple[int, ...]) -> np.ndarray:
        full_stem = instance["full_stem"]
        if instance["click_type"] == "first":
            return np.zeros(shape, bool)
        previous = self._store.previous_mask(full_stem)
        if previous is None:
            raise RclicksError(
                f"{self.dataset}: no previous mask of {full_stem!r}; put {full_stem}.png into the "
                "folder of previous masks (in SUBSEC_MASKS, next to the datasets' folders)"
            )
        if previous.shape != shape:
            raise RclicksError(
                f"{self.dataset}: the previous mask of {full_stem!r} is "
                f"{previous.shape[1]}x{previous.shape[0]} pixels but its image is "
                f"{shape[1]}x{shape[0]}; resize the mask"
            )
        return previous


def write_image_rows(
    path: Path, rows: Iterable[Mapping[str, Any]], pictures: PictureDigest
) -> None:
    """Write image rows to one Parquet file in row groups of limited size.

    Images are stored as a dictionary, so that one with several objects or rounds is in a row group
    only once. ``pictures`` is complete when the rows are, and goes into the file's metadata.
    """
    schema = image_features().arrow_schema
    with pq.ParquetWriter(
        path, schema, dictionary_pagesize_limit=2 * _ROW_GROUP_BYTES, **WRITER_OPTIONS
    ) as writer:
        group: list[Mapping[str, Any]] = []
        size = 0
        for row in rows:
            group.append(row)
            size += sum(len(row[name]["bytes"]) for name in _PICTURES)
            if size >= _ROW_GROUP_BYTES or len(group) == _ROW_GROUP_ROWS:
                writer.write_table(pa.Table.from_pylist(group, schema))
                group, size = [], 0
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema))
        writer.add_key_value_metadata({**WRITER_METADATA, PICTURES_KEY: pictures.hexdigest()})


def _file_name(full_stem: str, name: str, data: bytes) -> str:
    suffix = "jpg" if data.startswith(b"\xff\xd8") else "png"
    return f"{full_stem}.{name}.{suffix}"
