"""Loading a built dataset: instances with image, masks and clicks, decoded on access."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, overload

import datasets
import yaml

from rclicks_hf.data.images.files import decode_mask, decode_rgb
from rclicks_hf.data.instances import Instance
from rclicks_hf.data.schema import IMAGES, INSTANCES, ROUNDS, SOURCE_DATASETS, SPLITS, ConfigKey
from rclicks_hf.data.stored_rows import (
    StoredInstance,
    decode_instances,
    label_names,
    label_words,
)
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.card_header import check_cards

_PICTURES = ("image", "object_mask", "previous_mask")


class InstanceTable(Sequence[Instance]):
    """Instances of one dataset and split; pictures are read and decoded when an item is taken.

    It pickles as file references, so that a worker process reopens it cheaply.

    Args:
        instances: Rows of the ``-instances`` config.
        images: Rows of the ``-images`` config, one for every instance.
        chosen: Rows of ``instances`` that belong to this table, in order; all by default.

    Attributes:
        stems: full_stem of each item.
        image_stems: image_stem of each item.

    Raises:
        RclicksError: If an instance has no pictures.

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
        is_arrow = instances.format["type"] == "arrow"
        self._instances = instances if is_arrow else instances.with_format("arrow")
        self._images = images
        self._names = label_names(instances)
        self._rows = list(range(len(instances)) if chosen is None else chosen)
        stems, image_stems = (
            self._instances[name][:].to_pylist() for name in ("full_stem", "image_stem")
        )
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
        row = self._rows[index]
        stem = self.stems[index]
        [stored] = decode_instances(self._instances[row : row + 1], self._names, where=stem)
        return _with_pictures(stored, self._images[self._image_rows[stem]])

    def __repr__(self) -> str:
        return f"InstanceTable({len(self)} instances of {len(set(self.image_stems))} images)"

    def select(self, indices: Sequence[int]) -> InstanceTable:
        """A table of the items at ``indices``, in that order, over the same files."""
        chosen = [self._rows[index] for index in indices]
        return InstanceTable(self._instances, self._images, chosen)

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
        The instances; pictures are decoded when an item is taken.

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
    check_known("dataset", dataset, SOURCE_DATASETS)
    check_known("split", split, SPLITS)
    instances, images = (
        load_config(repo, ConfigKey(dataset, kind=kind), split) for kind in (INSTANCES, IMAGES)
    )
    for name in _PICTURES:
        images = images.cast_column(name, datasets.Image(decode=False))
    labels = instances.select_columns("round").with_format("arrow")[:]["round"]
    words = label_words(labels, "round", label_names(instances), "instances")
    chosen = [row for row, word in enumerate(words.tolist()) if word in rounds]
    return InstanceTable(instances, images, chosen)


def check_known(kind: str, value: str, known: Iterable[str]) -> None:
    """Refuse a name that is not in a table, with the names that are."""
    if value not in known:
        raise RclicksError(f"{value!r}: unknown {kind}; use one of {', '.join(known)}")


def load_config(repo: str | Path, key: ConfigKey, split: str) -> datasets.Dataset:
    """``datasets.load_dataset`` of one config and split, with errors in one line."""
    if not str(repo):
        raise RclicksError("repo: is empty; give the folder that `rclicks build` made, or a Hub id")
    check_cards(repo)
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


def _with_pictures(stored: StoredInstance, pictures: dict[str, Any]) -> Instance:
    previous = None
    if stored.keys["click_type"] != "first":
        previous = decode_mask(pictures["previous_mask"]["bytes"]) == 1
    return Instance(
        **stored.keys,
        image=decode_rgb(pictures["image"]["bytes"]),
        mask=decode_mask(pictures["object_mask"]["bytes"]),
        previous_mask=previous,
        clicks=stored.clicks,
        box=stored.box,
    )
