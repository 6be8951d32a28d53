"""Building the dataset repo: a click table and image sources in, Parquet files and a card out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from tqdm.auto import tqdm

from rclicks_hf.data.build.card import is_build, write_card
from rclicks_hf.data.build.image_rows import ImageRows, write_image_rows
from rclicks_hf.data.build.instance_rows import ImageFacts, gather, instance_table
from rclicks_hf.data.build.irregular_clicks import count_duplicates, count_outside
from rclicks_hf.data.build.parquet_files import (
    write_click_parts,
    write_instance_parts,
    write_rejected,
)
from rclicks_hf.data.clicks.completion import Splits, complete_clicks
from rclicks_hf.data.clicks.csv_reader import RejectedRow, read_clicks
from rclicks_hf.data.clicks.word_codes import decode_table
from rclicks_hf.data.images.folders import find_sources
from rclicks_hf.data.images.interface import ImageStore
from rclicks_hf.data.repo_files import part_path
from rclicks_hf.data.schema import SOURCE_DATASETS, SPLITS
from rclicks_hf.data.splits import UNLISTED, read_split_lists
from rclicks_hf.data.stems import FullStem
from rclicks_hf.errors import RclicksError
from rclicks_hf.simulation.full_size_copy import twin_clicks
from rclicks_hf.support.atomic import atomic_directory, require_absent


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
        rejected: Lines of the CSV that could not be read; they lie in ``rejected.parquet``.
        is_simulated: True where no person clicked.
        configs: Names of the configs.

    Example:
        >>> clicks, instances = {("davis", "first"): 3}, {("davis", "first"): 1}
        >>> print(BuildReport(Path("rclicks"), clicks, instances, images=1, outside=2, duplicates=0,
        ...                   resized=0, rejected=0, is_simulated=False, configs=("all", "davis")))
        rclicks: 3 clicks on 1 instances, 1 with pictures, 2 configs;
        clicks outside their image clipped: 2
    """

    path: Path
    clicks: dict[tuple[str, str], int]
    instances: dict[tuple[str, str], int]
    images: int
    outside: int
    duplicates: int
    resized: int
    rejected: int
    is_simulated: bool
    configs: tuple[str, ...]

    def __str__(self) -> str:
        """The report in one line."""
        simulated = "simulated " if self.is_simulated else ""
        counts = {
            "clicks outside their image clipped": self.outside,
            "duplicates kept": self.duplicates,
            "instances with clicks recorded at another image size": self.resized,
            "lines left out, see rejected.parquet": self.rejected,
        }
        notes = "".join(f"; {what}: {number:,}" for what, number in counts.items() if number)
        return (
            f"{self.path}: {sum(self.clicks.values()):,} {simulated}clicks on "
            f"{sum(self.instances.values()):,} instances, {self.images:,} with pictures, "
            f"{len(self.configs)} configs{notes}"
        )


def build_dataset(
    clicks: pa.Table,
    sources: Mapping[str, ImageStore],
    out: str | Path,
    *,
    splits: Splits | None = None,
    rejected: Sequence[RejectedRow] = (),
    is_twin: bool = False,
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
        rejected: Lines that `read_clicks` left out; they are written to ``rejected.parquet``.
        is_twin: True for clicks of `twin_clicks`; the card then says so, and `verify_dataset`
            compares their numbers with those published of the real datasets.
        replace: Put the new dataset in the place of an older build.
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
    check_out(out, replace=replace)
    # What a link names is swapped, so that the link goes on naming it.
    place = out.resolve() if replace else out
    with atomic_directory(place, replace=replace) as part, ThreadPoolExecutor(2) as background:
        table = complete_clicks(clicks, splits)
        writing = [background.submit(write_click_parts, table, part)]
        gathered = gather(table, _clickless(table, sources, splits or {}))
        facts = _write_images(gathered.heads, sources, part, progress)
        instances, resized = instance_table(table, gathered, facts)
        writing.append(background.submit(write_instance_parts, instances, part))
        if rejected:
            write_rejected(rejected, part)
        # Counted while the files are written.
        clicks_of, instances_of = _counts(table), _counts(gathered.heads)
        outside, duplicates = count_outside(table), count_duplicates(table)
        is_simulated = bool(table["is_simulated"][0].as_py())
        for done in writing:
            done.result()
        configs = write_card(part, is_simulated=is_simulated, is_twin=is_twin)
        return BuildReport(
            path=out,
            clicks=clicks_of,
            instances=instances_of,
            images=len(facts),
            outside=outside,
            duplicates=duplicates,
            resized=resized,
            rejected=len(rejected),
            is_simulated=is_simulated,
            configs=tuple(configs),
        )


def build_from_files(
    clicks: str | Path,
    sources: str | Path | None,
    out: str | Path,
    *,
    on_error: Literal["raise", "skip"] = "raise",
    replace: bool = False,
    progress: bool = True,
) -> BuildReport:
    """Write a dataset repo from the click CSV and the folders of the source datasets.

    Args:
        clicks: CSV for `read_clicks`. TETRIS' split lists lie beside it (`read_split_lists`).
        sources: Folder that holds ``GrabCut/``, ``Berkeley/``... (`find_sources`), one for each
            dataset of the CSV; None to leave the pictures out.
        out: Folder to make.
        on_error: ``"skip"`` writes the lines that cannot be read to ``rejected.parquet`` in
            ``out``; ``"raise"`` stops at the first.
        replace: Put the new dataset in the place of an older build.
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
    check_out(Path(out), replace=replace)
    rejected: list[RejectedRow] = []
    table = read_clicks(clicks, on_error=on_error, rejected=rejected, encoded=True)
    if not len(table):
        raise RclicksError(f"{clicks}: holds no click that can be read; give the click CSV")
    datasets = pc.unique(table["dataset"]).to_pylist()
    splits = {
        name: read_split_lists(Path(clicks).parent)
        for name in datasets
        if SOURCE_DATASETS[name].has_split_lists and "split" not in table.column_names
    }
    pictures = {} if sources is None else find_sources(sources, datasets, progress=progress)
    return build_dataset(
        table,
        pictures,
        out,
        splits=splits,
        rejected=rejected,
        replace=replace,
        progress=progress,
    )


def build_twin(out: str | Path, *, seed: int = 0, replace: bool = False) -> BuildReport:
    """Write a dataset repo of simulated clicks with exactly the published numbers, to try things.

    Args:
        out: Folder to make.
        seed: Seed of `twin_clicks`.
        replace: Put the new dataset in the place of an older build.

    Returns:
        Counts of what was written.

    Raises:
        RclicksError: If the seed is negative, ``out`` exists and ``replace`` is false, or the disk
            refuses.

    Example:
        >>> build_twin(".")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: .: already exists; remove it or give another name with --out
    """
    if seed < 0:
        raise RclicksError(f"--seed {seed}: must be at least 0")
    check_out(Path(out), replace=replace)
    return build_dataset(twin_clicks(seed), {}, out, is_twin=True, replace=replace, progress=False)


def check_out(out: Path, *, replace: bool) -> None:
    """Refuse an output that is in the way, before any work is done.

    Args:
        out: Folder about to be made.
        replace: Whether an older build may be swapped out; an empty folder may be as well.

    Raises:
        RclicksError: If ``out`` exists and ``replace`` is false, or it holds something that no
            build made, or the command runs in it.

    Example:
        >>> check_out(Path("."), replace=True)
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: .: the command runs in this folder; ...
    """
    if not replace:
        require_absent(out)
    if not os.path.lexists(out):
        return
    if Path.cwd().is_relative_to(out.resolve()):
        raise RclicksError(f"{out}: the command runs in this folder; run it beside the build")
    if out.is_dir() and not any(out.iterdir()):
        return
    if not is_build(out):
        raise RclicksError(
            f"{out}: is no dataset that `rclicks build` made, so --replace leaves it alone; "
            "remove it yourself or give another name with --out"
        )


def _clickless(
    table: pa.Table, sources: Mapping[str, ImageStore], splits: Splits
) -> list[dict[str, Any]]:
    """Objects that a dataset is known to have and that nobody clicked on."""
    rows = []
    for dataset, source in sources.items():
        if not SOURCE_DATASETS[dataset].clickless:
            continue
        clicked = _clicked_objects(table, dataset)
        objects = source.objects()
        per_image = Counter(image for image, _ in objects)
        for image, code in objects:
            stem = FullStem(image, code if per_image[image] > 1 else "")
            # The table may name an image's only object by its code or not at all.
            if not clicked & {(image, code), (image, stem.object_stem)}:
                rows.append(
                    {
                        "dataset": dataset,
                        "full_stem": str(stem),
                        "image_stem": stem.image_stem,
                        "object_stem": stem.object_stem,
                        "split": splits.get(dataset, {}).get(image, UNLISTED),
                    }
                )
    return rows


def _clicked_objects(table: pa.Table, dataset: str) -> set[tuple[str, str]]:
    """(image_stem, object_stem) that have clicks in the first round."""
    of_first = pc.and_(pc.equal(table["dataset"], dataset), pc.equal(table["round"], "first"))
    names = ["image_stem", "object_stem"]
    pairs = decode_table(table.select(names).filter(of_first)).group_by(names).aggregate([])
    return set(zip(*(pairs[name].to_pylist() for name in names), strict=True))


def _write_images(
    heads: pa.Table, sources: Mapping[str, ImageStore], root: Path, progress: bool
) -> dict[tuple[str, str], ImageFacts]:
    facts: dict[tuple[str, str], ImageFacts] = {}
    wanted = [name for name in pc.unique(heads["dataset"]).to_pylist() if name in sources]
    total = pc.sum(pc.is_in(heads["dataset"], value_set=pa.array(wanted, pa.string()))).as_py()
    with tqdm(
        total=total, desc="pictures", unit="instance", disable=not (progress and total)
    ) as bar:
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


def _counts(table: pa.Table) -> dict[tuple[str, str], int]:
    pairs = table.select(["dataset", "round"]).group_by(["dataset", "round"], use_threads=False)
    return {
        (row["dataset"], row["round"]): row["count_all"]
        for row in pairs.aggregate([([], "count_all")]).to_pylist()
    }
