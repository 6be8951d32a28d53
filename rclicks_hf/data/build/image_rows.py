"""One row an instance: its image, object mask and previous mask as pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rclicks_hf.data.build.instance_rows import ImageFacts, object_box
from rclicks_hf.data.features import image_features
from rclicks_hf.data.images.files import encode_mask
from rclicks_hf.data.images.interface import ImageStore, encoded_image
from rclicks_hf.data.schema import CLOSED_VALUES
from rclicks_hf.errors import RclicksError

_ROW_GROUP_BYTES = 32 * 2**20
_ROW_GROUP_ROWS = 256
_PICTURES = ("image", "object_mask", "previous_mask")


class ImageRows:
    """Turns the instances of one dataset into image rows, and keeps the facts about each picture.

    Instances of one image should follow each other: its picture is then encoded once.

    Args:
        dataset: Key of `SOURCE_DATASETS`.
        source: Where its images and masks come from.
    """

    def __init__(self, dataset: str, source: ImageStore) -> None:
        self.dataset = dataset
        self.facts: dict[tuple[str, str], ImageFacts] = {}
        self._source = source
        self._last_image: tuple[str, bytes] | None = None

    def row(self, instance: Mapping[str, Any]) -> dict[str, Any]:
        """The image row of an instance.

        Args:
            instance: ``full_stem``, ``image_stem``, ``object_stem``, ``click_type``, ``split``,
                ``is_simulated``.

        Returns:
            A row of `image_features`; the previous mask of a first round is all background.

        Raises:
            RclicksError: If a picture is missing or broken, the object is empty, or the previous
                mask is missing or of another size.
        """
        full_stem = instance["full_stem"]
        mask = self._source.mask(instance["image_stem"], instance["object_stem"])
        if not (mask == 1).any():
            raise RclicksError(
                f"{self.dataset}: the object mask of {full_stem!r} is empty; mend it"
            )
        previous = self._previous(instance, mask.shape)
        self.facts[self.dataset, full_stem] = ImageFacts(mask.shape[::-1], object_box(mask))
        image = self._encoded(instance["image_stem"])
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
            self._last_image = (image_stem, encoded_image(self._source, image_stem))
        return self._last_image[1]

    def _previous(self, instance: Mapping[str, Any], shape: tuple[int, ...]) -> np.ndarray:
        full_stem = instance["full_stem"]
        if instance["click_type"] == "first":
            return np.zeros(shape, bool)
        previous = self._source.previous_mask(full_stem)
        if previous is None:
            raise RclicksError(
                f"{self.dataset}: no previous mask of {full_stem!r}; put {full_stem}.png into the "
                "folder of previous masks (SUBSEC_MASKS beside the images)"
            )
        if previous.shape != shape:
            raise RclicksError(
                f"{self.dataset}: the previous mask of {full_stem!r} is "
                f"{previous.shape[1]}x{previous.shape[0]} pixels but its image is "
                f"{shape[1]}x{shape[0]}; give it the image's size"
            )
        return previous


def write_image_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write image rows to one Parquet file in row groups of limited size.

    Pictures are stored as a dictionary, so that an image with several objects or rounds lies in a
    row group once.

    Args:
        path: File to write; its folder exists.
        rows: Rows of `image_features`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "none.parquet"
        >>> write_image_rows(path, [])
        >>> pq.read_schema(path).names[-3:]
        ['image', 'object_mask', 'previous_mask']
    """
    schema = image_features().arrow_schema
    with pq.ParquetWriter(
        path, schema, compression="zstd", dictionary_pagesize_limit=2 * _ROW_GROUP_BYTES
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


def _file_name(full_stem: str, name: str, data: bytes) -> str:
    suffix = "jpg" if data.startswith(b"\xff\xd8") else "png"
    return f"{full_stem}.{name}.{suffix}"
