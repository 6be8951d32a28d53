"""Loading a built dataset: instances with image, masks and clicks, decoded on access."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, overload

import datasets
import pyarrow as pa
import yaml
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from rclicks_hf.data.arrow_cache import map_arrow, read_parquet
from rclicks_hf.data.images.files import decode_mask, decode_rgb
from rclicks_hf.data.installed import NAME, installed_configs, installed_splits
from rclicks_hf.data.instances import Instance
from rclicks_hf.data.repo_files import RepoFiles, config_files
from rclicks_hf.data.schema import (
    IMAGES,
    INSTANCES,
    ROUNDS,
    SOURCE_DATASETS,
    SPLITS,
    ConfigKey,
    config_keys,
)
from rclicks_hf.data.stored_rows import (
    StoredInstance,
    decode_instances,
    label_names,
    label_words,
    require_labels,
)
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.hub_cards.card_header import check_cards, check_hub_cards
from rclicks_hf.support.hub_errors import MISSING, OFFLINE, hub_problem, patiently
from rclicks_hf.support.text.names import did_you_mean, names_of

_READ_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    yaml.YAMLError,
    pa.ArrowException,
    datasets.exceptions.DatasetsError,
)
_PICTURES = ("image", "object_mask", "previous_mask")


class InstanceTable(Sequence[Instance]):
    """Instances of one dataset and split; images are read and decoded when an item is accessed.

    It pickles as file references, so that a worker process reopens it cheaply.

    Args:
        instances: Rows of the ``-instances`` config.
        images: Rows of the ``-images`` config, one for every instance.
        chosen: Rows of ``instances`` that belong to this table, in order; all by default.
        hub_id: Hub id of the repo that the rows are from.

    Attributes:
        stems: full_stem of each item.
        image_stems: image_stem of each item.
        hub_id: The argument; ``""`` for a folder.

    Raises:
        RclicksError: If an instance has no images.

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
        *,
        hub_id: str = "",
    ) -> None:
        self.hub_id = hub_id
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
            raise RclicksError(f"{missing}: instance without images; build the dataset again")

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
        return InstanceTable(self._instances, self._images, chosen, hub_id=self.hub_id)

    def content_digest(self) -> str:
        """SHA-256 (hex) of every stored value of the items, images included."""
        total = hashlib.sha256()
        for index, row in enumerate(self._rows):
            [stored] = self._instances[row : row + 1].to_pylist()
            _feed(total, stored)
            _feed(total, self._images[self._image_rows[self.stems[index]]])
        return total.hexdigest()

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
        The instances; images are decoded when an item is accessed.

    Raises:
        RclicksError: If the repo, the dataset, its images or the split does not exist, or a round
            is unknown.

    Example:
        >>> load_instances("rclicks", "davis", split="dev")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: 'dev': unknown split; use one of train, validation, test
    """
    rounds = names_of(rounds)
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
    is_on_hub = not (_is_folder(repo) or str(repo) == NAME)
    return InstanceTable(instances, images, chosen, hub_id=str(repo) if is_on_hub else "")


def check_known(kind: str, value: str, known: Iterable[str]) -> None:
    """Refuse a name that is not in a table, with the names that are."""
    if value not in known:
        hint = did_you_mean(value, known)
        raise RclicksError(f"{value!r}: unknown {kind}{hint}; use one of {', '.join(known)}")


def load_config(repo: str | Path, key: ConfigKey, split: str) -> datasets.Dataset:
    """The rows of one config and split of a folder, a Hub id or ``rclicks``; errors in one line."""
    try:
        rows = _read_config(repo, key, split)
        require_labels(rows, f"{repo}, {key.name}")
        return rows
    except _READ_ERRORS as error:
        raise RclicksError(_explain(error, repo, key, split)) from error


def _read_config(repo: str | Path, key: ConfigKey, split: str) -> datasets.Dataset:
    known, read = _locate(repo, key)
    if known is None:
        return _load_from_hub(str(repo), key, split)
    if split not in known:
        raise RclicksError(
            f"{repo}: {key.name} has no split {split!r}; use {', '.join(known) or 'another'}"
        )
    return read(known[split], split)


def configs_of(repo: str | Path) -> set[str]:
    """Names of the configs of a folder, a Hub repo or the installed dataset."""
    if _is_folder(repo):
        check_cards(repo)
        files = RepoFiles(Path(repo))
        names = {key.name for key in config_keys(SOURCE_DATASETS) if files.of_config(key)}
    elif str(repo) == NAME:
        names = set(installed_configs())
    else:
        try:
            _require_hub_id(str(repo))
            check_hub_cards(str(repo))
            return set(patiently(lambda: datasets.get_dataset_config_names(str(repo))))
        except _READ_ERRORS as error:
            raise RclicksError(_no_repo(repo, error) or _nothing_at(repo)) from error
    if not names:
        raise RclicksError(_nothing_at(repo))
    return names


def splits_of(repo: str | Path, key: ConfigKey) -> list[str]:
    """Splits of a config of a folder, a Hub repo or the installed dataset."""
    try:
        known, _ = _locate(repo, key)
        return list(
            datasets.get_dataset_split_names(str(repo), key.name) if known is None else known
        )
    except _READ_ERRORS as error:
        raise RclicksError(_nothing_at(repo)) from error


def _is_folder(repo: str | Path) -> bool:
    if not str(repo):
        raise RclicksError("repo: is empty; give the folder that `rclicks build` made, or a Hub id")
    return Path(repo).is_dir()


_Reader = Callable[[Sequence[Path], str], datasets.Dataset]


def _locate(repo: str | Path, key: ConfigKey) -> tuple[dict[str, list[Path]] | None, _Reader]:
    """Split -> files of a config and their reader; None instead of files for a Hub id."""
    if _is_folder(repo):
        check_cards(repo)
        if found := config_files(Path(repo), key):
            return found, read_parquet
    elif str(repo) == NAME:
        installed = installed_configs()
        if key.name in installed:
            return installed_splits(installed[key.name]), map_arrow
    else:
        return None, map_arrow
    if not configs_of(repo):
        raise RclicksError(_nothing_at(repo))
    raise RclicksError(
        f"{repo}: has no config {key.name!r}; build it with that dataset and its images"
    )


def _load_from_hub(repo: str, key: ConfigKey, split: str) -> datasets.Dataset:
    _require_hub_id(repo)
    check_hub_cards(repo)
    rows = patiently(lambda: datasets.load_dataset(repo, key.name, split=split))
    # Without a network, the library takes whatever it cached under a name that looks like this one.
    origins = list(rows.info.download_checksums or ())
    if origins and not any(origin.startswith(f"hf://datasets/{repo}@") for origin in origins):
        raise FileNotFoundError
    return rows


def _require_hub_id(repo: str) -> None:
    """Refuse what cannot be a Hub id: offline, ``datasets`` would look for it in its cache."""
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise FileNotFoundError from error
    if "/" not in repo:
        raise FileNotFoundError


def _nothing_at(repo: str | Path) -> str:
    return f"{repo}: no dataset there; give the folder that `rclicks build` made, or a Hub id"


def _no_repo(repo: str | Path, error: Exception) -> str:
    """What kept a Hub repo from being read; ``""`` for another error."""
    problem = "" if Path(repo).is_dir() else hub_problem(error)
    if problem in (MISSING, OFFLINE):
        return f"{_nothing_at(repo)} ({problem})"
    return f"{repo}: cannot be read from the Hub ({problem})" if problem else ""


def _explain(error: Exception, repo: str | Path, key: ConfigKey, split: str) -> str:
    text = str(error)
    if "BuilderConfig" in text:
        return f"{repo}: has no config {key.name!r}; build it with that dataset and its images"
    if "Unknown split" in text:
        known = text.rpartition("Should be one of")[2].strip(" .[]").replace("'", "")
        return f"{repo}: {key.name} has no split {split!r}; use {known or 'another'}"
    if no_repo := _no_repo(repo, error):
        return no_repo
    if isinstance(error, FileNotFoundError | ConnectionError) or "find cache for" in text:
        return _nothing_at(repo)
    reason = text.splitlines()[0] if text else type(error).__name__
    return f"{repo}: cannot be read ({reason}); build the dataset again"


def _feed(total: hashlib._Hash, value: Any) -> None:
    """Add a value to a digest so that no other value adds the same bytes."""
    if isinstance(value, dict):
        total.update(f"{len(value)} fields ".encode())
        for name, one in value.items():
            _feed(total, name)
            _feed(total, one)
        return
    data = value if isinstance(value, bytes) else repr(value).encode()
    total.update(f"{type(value).__name__} {len(data)} ".encode())
    total.update(data)


def _with_pictures(stored: StoredInstance, pictures: dict[str, Any]) -> Instance:
    previous = None
    try:
        if stored.keys["click_type"] != "first":
            previous = decode_mask(pictures["previous_mask"]["bytes"]) == 1
        image = decode_rgb(pictures["image"]["bytes"])
        mask = decode_mask(pictures["object_mask"]["bytes"])
    except (OSError, SyntaxError, ValueError) as error:
        reason = str(error).partition(";")[0] or "an image cannot be read"
        where = stored.keys.get("full_stem", "an instance")
        raise RclicksError(f"{where}: {reason}; build the dataset again") from error
    return Instance(
        **stored.keys,
        image=image,
        mask=mask,
        previous_mask=previous,
        clicks=stored.clicks,
        box=stored.box,
    )
