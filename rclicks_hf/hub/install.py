"""Local installation: datasets and metrics where their libraries find them by name, offline.

``load_dataset("rclicks", ...)`` looks in the working directory, then on the Hub, then in the cache
of prepared datasets, where it takes the newest of that name; ``evaluate.load`` does the same with
its module cache. The functions here fill these caches as the libraries themselves would.
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
from huggingface_hub.constants import HF_HOME
from tqdm.auto import tqdm

from rclicks_hf.data.arrow_cache import write_arrow
from rclicks_hf.data.build.card import config_digest, read_card_header
from rclicks_hf.data.installed import MARK, NAME, VERSION
from rclicks_hf.data.repo_files import RepoFiles
from rclicks_hf.data.schema import DEFAULT_CONFIG, ConfigKey
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.atomic import (
    atomic_directory,
    explain_full_disk,
    remove_left_over,
    scratch_directory,
)
from rclicks_hf.support.files.resources import resource_path
from rclicks_hf.support.progress import is_quiet

# The library takes the newest entry, and shows its date. Loading a build in its own folder adds a
# newer entry of the same name; a date in the future keeps the installed one first for every other
# folder, and without it another dataset would be loaded under this name.
_AHEAD = 10 * 365 * 24 * 3600  # seconds


def install_all(repo: str | Path | None = None) -> str:
    """Install the metric modules, and a built dataset if there is one.

    Args:
        repo: Folder written by `rclicks_hf.data.build_dataset`; None for the folder ``rclicks`` in
            the working directory, if it is one.

    Returns:
        A text that lists what can be loaded now.

    Raises:
        RclicksError: If ``repo`` is given and contains no dataset, or a cache cannot be written.

    Example:
        >>> print(install_all().splitlines()[0])
        evaluate.load("rclicks_delta_gr")
    """
    lines = [f'evaluate.load("{name}")' for name in install_metrics()]
    note = "offline, set HF_HUB_OFFLINE=1 first, or these calls try the Hub for a while"
    found = Path(repo) if repo is not None else Path("rclicks")
    if repo is None and not (found / "README.md").is_file():
        return "\n".join(
            [*lines, "no dataset: rclicks/ is not a built dataset; give its folder", note]
        )
    configs = install_dataset(found)
    calls = [f'load_dataset("rclicks", "{name}")' for name in configs]
    return "\n".join([*lines, *calls[:3], f"... {len(calls)} configs of {found}", note])


def install_dataset(
    repo: str | Path, *, cache_dir: str | Path | None = None, progress: bool = True
) -> list[str]:
    """Let ``load_dataset("rclicks", config)`` work offline and from any folder.

    A dataset that was installed before is replaced. In a folder with a build named ``rclicks``,
    that build still comes first.

    Args:
        repo: Folder written by `rclicks_hf.data.build_dataset`.
        cache_dir: Cache of ``datasets``; None for the library's own.

    Returns:
        Names of the configs that ``load_dataset`` now finds.

    Raises:
        RclicksError: If the folder contains no dataset, a file in it cannot be read, or the cache
            cannot be written.

    Example:
        >>> install_dataset("never-built")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: never-built: does not exist; give the folder that ...
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
    # The default goes last, since the newest entry is what is loaded without a config. It has a
    # version of its own and the others share one, so that none of them is taken for the default.
    names = sorted(entries, key=lambda name: name == DEFAULT_CONFIG)
    old = [mark.parent for mark in home.glob(f"*/{VERSION}/*/{MARK}")]
    try:
        with explain_full_disk(home), _arrow_files(splits, home, progress) as arrow:
            for name in names:
                version = digests[name] if name == DEFAULT_CONFIG else common
                target = home / name / VERSION / version
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
    for parent in home.glob(f"*/{VERSION}"):
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
        for file, target in tqdm(
            arrow.items(), desc="install", unit="file", disable=is_quiet() or not progress
        ):
            with pq.ParquetFile(file) as source:
                write_arrow(source, target)
        yield arrow


def _fill(part: Path, name: str, splits: dict[str, list[Path]], arrow: dict[Path, Path]) -> None:
    """Write one config as ``datasets`` keeps a prepared one: shards of each split, and the info.

    The shards are hard links, so that a click is on the disk once for all its configs.
    """
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
        version=VERSION,
        splits=infos,
    ).write_to_directory(str(part))
    (part / MARK).touch()


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)


def install_metrics() -> list[str]:
    """Install the metric modules into the module cache of ``evaluate``, under their Hub names.

    Returns:
        Names that ``evaluate.load`` now finds.

    Raises:
        RclicksError: If the cache cannot be written.

    Example:
        >>> install_metrics()
        ['rclicks_delta_gr', 'rclicks_delta_sb', 'rclicks_ks', 'rclicks_noc', 'rclicks_nsr',
         'rclicks_nss', 'rclicks_pde', 'rclicks_pl1', 'rclicks_wd']
    """
    root = _evaluate_modules() / "metrics"
    modules = sorted(p for p in resource_path("metrics").iterdir() if p.name.startswith("rclicks_"))
    try:
        with explain_full_disk(root):
            root.mkdir(parents=True, exist_ok=True)
            for package in (root.parent, root):
                (package / "__init__.py").touch()
            for module in modules:
                _install_metric(module, root / f"evaluate-metric--{module.name}")
    except OSError as error:
        raise RclicksError(
            f"{root}: the metrics cannot be installed there ({error.strerror}); set HF_HOME or "
            "HF_MODULES_CACHE to a folder that can be written"
        ) from error
    return [module.name for module in modules]


def _evaluate_modules() -> Path:
    """Folder of evaluate's module cache.

    Its rule is repeated, because importing evaluate takes seconds: it imports PyTorch.
    """
    cache = os.environ.get("HF_MODULES_CACHE") or Path(HF_HOME) / "modules"
    return Path(cache) / "evaluate_modules"


def _install_metric(module: Path, home: Path) -> None:
    """Copy one module under its content hash; evaluate takes the newest version that it finds."""
    script = module / f"{module.name}.py"
    version = home / hashlib.sha256(script.read_bytes()).hexdigest()
    home.mkdir(exist_ok=True)
    (home / "__init__.py").touch()
    with atomic_directory(version, replace=True) as part:
        shutil.copyfile(script, part / script.name)
        (part / "__init__.py").touch()
