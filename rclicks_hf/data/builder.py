"""Building the dataset repo: a click table and image sources in, Parquet files and a card out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from datasets import Features
from tqdm.auto import tqdm

from rclicks_hf.atomic import atomic_directory, require_absent
from rclicks_hf.data.card import write_card
from rclicks_hf.data.click_table import Splits, complete_clicks, group_by_instance
from rclicks_hf.data.clicks_csv import count_outside, read_clicks
from rclicks_hf.data.features import click_features, encode_labels, instance_features
from rclicks_hf.data.folder_source import find_sources
from rclicks_hf.data.image_rows import ImageRows, write_image_rows
from rclicks_hf.data.image_source import ImageSource
from rclicks_hf.data.instance_rows import ImageFacts, instance_table
from rclicks_hf.data.schema import CLOSED_VALUES, DEVICES, ROUNDS, SOURCE_DATASETS, SPLITS
from rclicks_hf.data.splits import read_split_lists
from rclicks_hf.data.tree import part_path

_ROW_GROUP_ROWS = 100_000


@dataclass(frozen=True)
class BuildReport:
    """What a build wrote.

    Attributes:
        path: Folder of the dataset repo.
        clicks: (dataset, round) -> number of clicks.
        instances: (dataset, round) -> number of instances.
        images: Number of instances that have pictures.
        outside: Clicks that lay outside their image and were clipped.
        duplicates: Clicks equal to an earlier one in every column; they are kept.
        resized: Instances whose clicks were recorded on an image of another size.
        is_simulated: True where no person clicked.
        configs: Names of the configs.

    Example:
        >>> clicks, instances = {("davis", "first"): 3}, {("davis", "first"): 1}
        >>> print(BuildReport(Path("rclicks"), clicks, instances, images=1, outside=2, duplicates=0,
        ...                   resized=0, is_simulated=False, configs=("all", "davis")))
        rclicks: 3 clicks on 1 instances, 1 with pictures, 2 configs;
        2 clicks outside their image clipped
    """

    path: Path
    clicks: dict[tuple[str, str], int]
    instances: dict[tuple[str, str], int]
    images: int
    outside: int
    duplicates: int
    resized: int
    is_simulated: bool
    configs: tuple[str, ...]

    def __str__(self) -> str:
        """The report in one line."""
        simulated = "simulated " if self.is_simulated else ""
        counts = {
            "clicks outside their image clipped": self.outside,
            "duplicates kept": self.duplicates,
            "instances with clicks recorded at another image size": self.resized,
        }
        notes = "".join(f"; {number} {what}" for what, number in counts.items() if number)
        return (
            f"{self.path}: {sum(self.clicks.values())} {simulated}clicks on "
            f"{sum(self.instances.values())} instances, {self.images} with pictures, "
            f"{len(self.configs)} configs{notes}"
        )


def build_dataset(
    clicks: pa.Table,
    sources: Mapping[str, ImageSource],
    out: str | Path,
    *,
    splits: Splits | None = None,
    replace: bool = False,
    progress: bool = True,
) -> BuildReport:
    """Write a dataset repo that ``datasets.load_dataset`` reads without a script.

    The folder appears under its name when it is whole; an interrupted build leaves an older dataset
    of that name in place.

    Args:
        clicks: Columns of `CLICK_SCHEMA`, as `read_clicks` and `simulate_rounds` give them.
        sources: Dataset -> its images; a dataset without one gets no ``-images`` config.
        out: Folder to make.
        splits: dataset -> image_stem -> split, see `complete_clicks`.
        replace: Put the new dataset in the place of an older folder.
        progress: Show a progress bar.

    Returns:
        Counts of what was written.

    Raises:
        RclicksError: If the table or a picture is unsound, ``out`` exists and ``replace`` is false,
            or the disk refuses.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.data.schema import CLICK_SCHEMA
        >>> row = ("simulated_scenes", "a", "a", "", "first", "none", "pc", 1, 2, 64, 48)
        >>> clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
        >>> out = Path(tempfile.mkdtemp()) / "rclicks"
        >>> report = build_dataset(clicks, {}, out, progress=False)
        >>> report.is_simulated, report.clicks, (out / "README.md").is_file()
        (True, {('simulated_scenes', 'first'): 1}, True)
    """
    out = Path(out)
    with atomic_directory(out, replace=replace) as part:
        table = complete_clicks(clicks, splits)
        _write_clicks(table, part)
        facts = _write_images(table, sources, part, progress)
        instances, resized = instance_table(table, facts)
        _write_instances(instances, part)
        is_simulated = bool(table["is_simulated"][0].as_py())
        configs = write_card(part, is_simulated=is_simulated)
        return BuildReport(
            path=out,
            clicks=_counts(table["dataset"].to_pylist(), table["round"].to_pylist()),
            instances=_counts(*(_words(instances, name) for name in ("dataset", "round"))),
            images=len(facts),
            outside=count_outside(table),
            duplicates=count_duplicates(table),
            resized=resized,
            is_simulated=is_simulated,
            configs=tuple(configs),
        )


def build_from_files(
    clicks: str | Path,
    sources: str | Path | None,
    out: str | Path,
    *,
    replace: bool = False,
    progress: bool = True,
) -> BuildReport:
    """Write a dataset repo from the click CSV and the folders of the source datasets.

    Args:
        clicks: CSV for `read_clicks`. TETRIS' split lists lie beside it (`read_split_lists`).
        sources: Folder that holds ``GrabCut/``, ``Berkeley/``... (`find_sources`), one for each
            dataset of the CSV; None to leave the pictures out.
        out: Folder to make.
        replace: Put the new dataset in the place of an older folder.
        progress: Show a progress bar.

    Returns:
        Counts of what was written.

    Raises:
        RclicksError: If a file is missing or unsound, or ``out`` exists and ``replace`` is false.

    Example:
        >>> build_from_files("none.csv", None, "never-made")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: none.csv: cannot be read (No such file or directory); ...
    """
    if not replace:
        require_absent(Path(out))
    table = read_clicks(clicks)
    datasets = pc.unique(table["dataset"]).to_pylist()
    listed = [name for name in datasets if len(SOURCE_DATASETS[name].splits) > 1]
    splits = {
        name: read_split_lists(Path(clicks).parent)
        for name in listed
        if not SOURCE_DATASETS[name].is_simulated and "split" not in table.column_names
    }
    pictures = {} if sources is None else find_sources(sources, datasets)
    return build_dataset(table, pictures, out, splits=splits, replace=replace, progress=progress)


def count_duplicates(table: pa.Table) -> int:
    """Number of rows that equal an earlier one in every column.

    Example:
        >>> count_duplicates(pa.table({"x": [1, 1, 2], "y": [5, 5, 5]}))
        1
    """
    return len(table) - len(table.group_by(table.column_names).aggregate([]))


def _write_clicks(table: pa.Table, root: Path) -> None:
    known = click_features()
    features = click_features([name for name in table.column_names if name not in known])
    for dataset in pc.unique(table["dataset"]).to_pylist():
        rows = table.filter(pc.equal(table["dataset"], dataset))
        for round_, device, split in product(ROUNDS, DEVICES, SPLITS):
            chosen = rows
            for name, value in (("round", round_), ("device", device), ("split", split)):
                chosen = chosen.filter(pc.equal(chosen[name], value))
            if len(chosen):
                path = root / part_path("clicks", split, dataset, round_, device)
                _write(_encoded(chosen), path, features)


def _write_images(
    table: pa.Table, sources: Mapping[str, ImageSource], root: Path, progress: bool
) -> dict[tuple[str, str], ImageFacts]:
    order, starts = group_by_instance(table)
    heads = table.take(pa.array(order[starts[:-1]])).select(
        ["dataset", "full_stem", "image_stem", "object_stem", "click_type", "split", "is_simulated"]
    )
    facts: dict[tuple[str, str], ImageFacts] = {}
    wanted = [name for name in pc.unique(heads["dataset"]).to_pylist() if name in sources]
    total = sum(int(np.sum(heads["dataset"].to_numpy() == name)) for name in wanted)
    with tqdm(total=total, desc="pictures", unit="instance", disable=not progress) as bar:
        for dataset, split in product(wanted, SPLITS):
            chosen = heads.filter(
                pc.and_(pc.equal(heads["dataset"], dataset), pc.equal(heads["split"], split))
            )
            if len(chosen):
                rows = ImageRows(dataset, sources[dataset])
                path = root / part_path("images", split, dataset)
                path.parent.mkdir(parents=True)
                write_image_rows(path, _ticking(rows, _by_image(chosen), bar))
                facts |= rows.facts
    return facts


def _by_image(heads: pa.Table) -> list[dict[str, Any]]:
    """Instances with those of one image together, images in order of first appearance."""
    images: dict[str, list[dict[str, Any]]] = {}
    for instance in heads.to_pylist():
        images.setdefault(instance["image_stem"], []).append(instance)
    return [instance for group in images.values() for instance in group]


def _ticking(
    rows: ImageRows, instances: list[dict[str, Any]], bar: tqdm
) -> Iterator[dict[str, Any]]:
    for instance in instances:
        yield rows.row(instance)
        bar.update()


def _write_instances(instances: pa.Table, root: Path) -> None:
    datasets, splits = (_words(instances, name) for name in ("dataset", "split"))
    for dataset, split in sorted(set(zip(datasets, splits, strict=True))):
        chosen = instances.filter(
            pa.array([pair == (dataset, split) for pair in zip(datasets, splits, strict=True)])
        )
        _write(chosen, root / part_path("instances", split, dataset), instance_features())


def _words(table: pa.Table, name: str) -> list[str]:
    return [CLOSED_VALUES[name][label] for label in table[name].to_pylist()]


def _counts(datasets: list[str], rounds: list[str]) -> dict[tuple[str, str], int]:
    return dict(Counter(zip(datasets, rounds, strict=True)))


def _encoded(table: pa.Table) -> pa.Table:
    columns = {
        name: encode_labels(table[name], name) if name in CLOSED_VALUES else table[name]
        for name in table.column_names
    }
    return pa.table(columns)


def _write(table: pa.Table, path: Path, features: Features) -> None:
    path.parent.mkdir(parents=True)
    schema = features.arrow_schema
    table = table.select(schema.names).cast(schema).replace_schema_metadata(schema.metadata)
    pq.write_table(table, path, compression="zstd", row_group_size=_ROW_GROUP_ROWS)
