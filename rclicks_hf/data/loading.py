"""Reading a built dataset back: instances with image, masks and clicks, decoded when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import datasets
import numpy as np
import yaml

from rclicks_hf.data.images.files import decode_mask, decode_rgb
from rclicks_hf.data.instances import Clicks, Instance
from rclicks_hf.data.schema import CLOSED_VALUES, IMAGES, INSTANCES, ROUNDS, ConfigKey
from rclicks_hf.errors import RclicksError

_PICTURES = ("image", "object_mask", "previous_mask")
_DEVICE_NAMES = np.array(CLOSED_VALUES["device"])


class InstanceTable(Sequence[Instance]):
    """Instances of one dataset and split; a picture is read and decoded when its item is taken.

    It pickles as file references, so that a worker process reopens it cheaply.

    Args:
        instances: Rows of the ``-instances`` config.
        images: Rows of the ``-images`` config; every instance has one.
        chosen: Rows of ``instances`` that belong to this table, in order; all by default.

    Attributes:
        stems: full_stem of each item.
        image_stems: image_stem of each item.

    Example:
        >>> stems = {"full_stem": ["a", "a_fn", "b"], "image_stem": ["a", "a", "b"]}
        >>> rows = datasets.Dataset.from_dict(stems)  # `load_instances` reads a built repo
        >>> table = InstanceTable(rows, rows)
        >>> table, table.group_by_image(), table[1:].stems
        (InstanceTable(3 instances of 2 images), {'a': [0, 1], 'b': [2]}, ['a_fn', 'b'])
    """

    def __init__(
        self,
        instances: datasets.Dataset,
        images: datasets.Dataset,
        chosen: Sequence[int] | None = None,
    ) -> None:
        self._instances = instances
        self._images = images
        self._rows = list(range(len(instances)) if chosen is None else chosen)
        stems, image_stems = instances["full_stem"][:], instances["image_stem"][:]
        self.stems: list[str] = [stems[row] for row in self._rows]
        self.image_stems: list[str] = [image_stems[row] for row in self._rows]
        self._image_rows = {stem: row for row, stem in enumerate(images["full_stem"][:])}
        missing = next((stem for stem in self.stems if stem not in self._image_rows), None)
        if missing is not None:
            raise RclicksError(f"{missing}: instance without pictures; build the dataset again")

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Instance: ...

    @overload
    def __getitem__(self, index: slice) -> InstanceTable: ...

    def __getitem__(self, index: int | slice) -> Instance | InstanceTable:
        if isinstance(index, slice):
            return self.select(range(len(self))[index])
        row = self._instances[self._rows[index]]
        return _instance(row, self._images[self._image_rows[row["full_stem"]]])

    def __repr__(self) -> str:
        return f"InstanceTable({len(self)} instances of {len(set(self.image_stems))} images)"

    def select(self, indices: Sequence[int]) -> InstanceTable:
        """A table of some of the items.

        Args:
            indices: Positions in this table, in the order wanted.

        Returns:
            A table over the same files.
        """
        return InstanceTable(
            self._instances, self._images, [self._rows[index] for index in indices]
        )

    def group_by_image(self) -> dict[str, list[int]]:
        """Positions of the items of each image, images in order of first appearance."""
        groups: dict[str, list[int]] = {}
        for index, stem in enumerate(self.image_stems):
            groups.setdefault(stem, []).append(index)
        return groups


def load_instances(
    repo: str | Path,
    dataset: str,
    *,
    split: str = "test",
    rounds: str | Sequence[str] = ROUNDS,
) -> InstanceTable:
    """Load the instances of one dataset from a built repo.

    Args:
        repo: Folder that `build_dataset` made, or a Hub id.
        dataset: Key of `SOURCE_DATASETS`.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        rounds: Rounds to keep, or the name of one.

    Returns:
        The instances, lazily decoded.

    Raises:
        RclicksError: If the repo, the dataset, its pictures or the split does not exist, or a round
            is unknown.

    Example:
        >>> load_instances("rclicks", "davis", split="dev")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: 'dev': unknown split; use one of train, validation, test
    """
    rounds = (rounds,) if isinstance(rounds, str) else rounds
    unknown = set(rounds) - set(ROUNDS)
    if unknown:
        raise RclicksError(f"{min(unknown)!r}: unknown round; use {' or '.join(ROUNDS)}")
    for name, value in (("dataset", dataset), ("split", split)):
        if value not in CLOSED_VALUES[name]:
            raise RclicksError(
                f"{value!r}: unknown {name}; use one of {', '.join(CLOSED_VALUES[name])}"
            )
    instances, images = (
        load_config(repo, ConfigKey(dataset, kind=kind), split) for kind in (INSTANCES, IMAGES)
    )
    for name in _PICTURES:
        images = images.cast_column(name, datasets.Image(decode=False))
    labels = {ROUNDS.index(name) for name in rounds}
    chosen = [row for row, label in enumerate(instances["round"][:]) if label in labels]
    return InstanceTable(instances, images, chosen)


def load_config(repo: str | Path, key: ConfigKey, split: str) -> datasets.Dataset:
    """``datasets.load_dataset`` with errors in one line.

    Args:
        repo: Folder or Hub id.
        key: The config.
        split: Item of `SPLITS`.

    Returns:
        The rows of that split.

    Raises:
        RclicksError: If the repo, the config or the split does not exist or cannot be read.

    Example:
        >>> import tempfile
        >>> import pyarrow as pa
        >>> from rclicks_hf.data import CLICK_SCHEMA, build_dataset
        >>> row = ("grabcut", "095", "095", "", "first", "none", "pc", 1, 2, 64, 48)
        >>> clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
        >>> repo = Path(tempfile.mkdtemp()) / "rclicks"
        >>> _ = build_dataset(clicks, {}, repo, progress=False)
        >>> load_config(repo, ConfigKey("grabcut", round="first"), "test")[0]["full_stem"]
        '095'
        >>> load_config("never-made", ConfigKey("grabcut"), "test")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: never-made: no dataset there; give the folder that ...
    """
    if not str(repo):
        raise RclicksError("repo: is empty; give the folder that `rclicks build` made, or a Hub id")
    try:
        return datasets.load_dataset(str(repo), key.name, split=split)
    except (OSError, ValueError, yaml.YAMLError, datasets.exceptions.DatasetsError) as error:
        raise RclicksError(_explain(error, repo, key, split)) from error


def _explain(error: Exception, repo: str | Path, key: ConfigKey, split: str) -> str:
    text = str(error)
    if "BuilderConfig" in text:
        return f"{repo}: has no config {key.name!r}; build it with that dataset and its pictures"
    if "Unknown split" in text:
        known = text.rpartition("Should be one of")[2].strip(" .[]").replace("'", "")
        return f"{repo}: {key.name} has no split {split!r}; use {known or 'another'}"
    if isinstance(error, FileNotFoundError | ConnectionError) or "find cache for" in text:
        return f"{repo}: no dataset there; give the folder that `rclicks build` made, or a Hub id"
    reason = text.splitlines()[0] if text else type(error).__name__
    return f"{repo}: cannot be read ({reason}); build the dataset again"


def _instance(row: dict[str, Any], pictures: dict[str, Any]) -> Instance:
    """An instance from a row of each config."""
    words = {name: CLOSED_VALUES[name][row[name]] for name in ("dataset", "split", "click_type")}
    is_first = words["click_type"] == "first"
    return Instance(
        full_stem=row["full_stem"],
        image_stem=row["image_stem"],
        object_stem=row["object_stem"],
        model_type=row["model_type"],
        image=decode_rgb(pictures["image"]["bytes"]),
        mask=decode_mask(pictures["object_mask"]["bytes"]),
        previous_mask=None if is_first else decode_mask(pictures["previous_mask"]["bytes"]) == 1,
        clicks=Clicks(
            np.array(row["x"], np.int32),
            np.array(row["y"], np.int32),
            _DEVICE_NAMES[np.array(row["device"], int)],
        ),
        is_simulated=row["is_simulated"],
        **words,
    )
