"""Putting a built dataset where ``datasets`` looks, so that its name works from any folder.

``load_dataset("rclicks", ...)`` looks at the folder it runs in, then at the Hub, then at the cache
of prepared datasets, where it takes the newest that has the name. `install_dataset` fills that
cache as the library itself would: an Arrow file for each Parquet file, and a folder a config in
which the files are hard links, so that a click lies on the disk once for all its configs.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from rclicks_hf.data.build.card import config_digest, read_card_header
from rclicks_hf.data.repo_files import RepoFiles
from rclicks_hf.data.schema import DEFAULT_CONFIG, ConfigKey
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.atomic import (
    atomic_directory,
    explain_full_disk,
    remove_left_over,
    scratch_directory,
)

NAME = "rclicks"
_VERSION = "0.0.0"
_MARK = "installed-by-rclicks"
# The library takes the newest. Loading a build in its own folder leaves a newer one of the same
# name; what was installed is to stay what every other folder gets.
_AHEAD = 10 * 365 * 24 * 3600  # seconds
_BATCH_ROWS = 1_000
_IMAGE_BATCH_ROWS = 50


def install_dataset(
    repo: str | Path, *, cache_dir: str | Path | None = None, progress: bool = True
) -> list[str]:
    """Let ``load_dataset("rclicks", config)`` work offline and from any folder.

    A dataset that was installed before is replaced. Loading in a folder that holds a build named
    ``rclicks`` still takes that build.

    Args:
        repo: Folder that `build_dataset` made.
        cache_dir: Cache of ``datasets``; None for the library's own.
        progress: Show a progress bar.

    Returns:
        The names of the configs that ``load_dataset`` now knows.

    Raises:
        RclicksError: If the folder holds no dataset, a file in it cannot be read, or the disk
            refuses.

    Example:
        >>> install_dataset("never-built")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: never-built/README.md: cannot be read; build the dataset ...
    """
    root = Path(repo)
    entries = {entry["config_name"]: entry for entry in read_card_header(root)["configs"]}
    repo_files = RepoFiles(root)
    splits = {name: repo_files.of_config(ConfigKey.parse(name)) for name in entries}
    empty = next((name for name, of in splits.items() if not of), None)
    if empty:
        raise RclicksError(f"{root}: no files of the config {empty!r}; build it again")
    home = Path(cache_dir or datasets.config.HF_DATASETS_CACHE) / NAME
    digests = {name: config_digest(entry) for name, entry in entries.items()}
    common = hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()
    # The default goes last, since the newest is what is loaded without a config. Its version is its
    # own, the others share one: so none of them can ever pass for the default.
    names = sorted(entries, key=lambda name: name == DEFAULT_CONFIG)
    old = [mark.parent for mark in home.glob(f"*/{_VERSION}/*/{_MARK}")]
    try:
        with explain_full_disk(home), _arrow_files(splits, home, progress) as arrow:
            for name in names:
                version = digests[name] if name == DEFAULT_CONFIG else common
                target = home / name / _VERSION / version
                with atomic_directory(target, replace=True) as part:
                    _fill(part, name, splits[name], arrow)
                newest = time.time() + _AHEAD
                os.utime(target, (newest, newest))
                old = [folder for folder in old if folder != target]
    except (OSError, pa.ArrowException) as error:
        if str(getattr(error, "filename", None)).startswith(str(home)):
            raise RclicksError(
                f"{home}: the dataset cannot be installed there ({error.strerror}); set HF_HOME or "
                "HF_DATASETS_CACHE to a folder that can be written"
            ) from error
        raise RclicksError(f"{root}: cannot be installed ({error}); build it again") from error
    for parent in home.glob(f"*/{_VERSION}"):
        remove_left_over(parent)
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return list(entries)


@contextmanager
def _arrow_files(
    splits: dict[str, dict[str, list[Path]]], home: Path, progress: bool
) -> Iterator[dict[Path, Path]]:
    """Parquet file -> its rows as an Arrow file, in a folder that is removed at the end."""
    files = sorted({path for of in splits.values() for paths in of.values() for path in paths})
    with scratch_directory(home / "parts") as folder:
        arrow = {file: folder / f"{number}.arrow" for number, file in enumerate(files)}
        for file, target in tqdm(arrow.items(), desc="install", unit="file", disable=not progress):
            _to_arrow(file, target)
        yield arrow


def _to_arrow(file: Path, target: Path) -> None:
    with pq.ParquetFile(file) as source:
        features = datasets.Features.from_arrow_schema(source.schema_arrow)
        has_images = any(isinstance(feature, datasets.Image) for feature in features.values())
        rows = _IMAGE_BATCH_ROWS if has_images else _BATCH_ROWS
        schema = features.arrow_schema
        with pa.OSFile(str(target), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
            for batch in source.iter_batches(rows):
                writer.write_table(pa.Table.from_batches([batch]).cast(schema))


def _fill(part: Path, name: str, splits: dict[str, list[Path]], arrow: dict[Path, Path]) -> None:
    """One config as ``datasets`` keeps a prepared one: shards of each split, and the info."""
    infos = datasets.SplitDict()
    for split, files in splits.items():
        lengths = [pq.read_metadata(file).num_rows for file in files]
        shards = lengths if len(files) > 1 else None
        for number, file in enumerate(files):
            suffix = f"-{number:05d}-of-{len(files):05d}" if shards else ""
            _link(arrow[file], part / f"{NAME}-{split}{suffix}.arrow")
        infos.add(
            datasets.SplitInfo(
                split,
                num_bytes=sum(arrow[file].stat().st_size for file in files),
                num_examples=sum(lengths),
                shard_lengths=shards,
                dataset_name=NAME,
            )
        )
    some = next(iter(splits.values()))[0]
    datasets.DatasetInfo(
        features=datasets.Features.from_arrow_schema(pq.read_schema(some)),
        builder_name="parquet",
        dataset_name=NAME,
        config_name=name,
        version=_VERSION,
        splits=infos,
    ).write_to_directory(str(part))
    (part / _MARK).touch()


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
