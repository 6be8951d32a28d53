"""Building a dataset repo: a click table and image stores in, Parquet files and a card out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import replace as changed
from itertools import product
from pathlib import Path
from typing import Any, Literal
from unicodedata import normalize

import pyarrow as pa
import pyarrow.compute as pc
from tqdm.auto import tqdm

from rclicks_hf.data.build.card import foreign_files, is_build, write_card
from rclicks_hf.data.build.image_rows import ImageRows, write_image_rows
from rclicks_hf.data.build.instance_rows import ImageFacts, gather, instance_table
from rclicks_hf.data.build.irregular_clicks import count_duplicates, count_outside
from rclicks_hf.data.build.parquet_files import (
    write_click_files,
    write_instance_files,
    write_rejected,
)
from rclicks_hf.data.clicks.click_table import Splits, complete_clicks
from rclicks_hf.data.clicks.csv_reader import RejectedRow, read_clicks
from rclicks_hf.data.clicks.word_codes import decode_table
from rclicks_hf.data.images.folders import FolderStore, find_stores
from rclicks_hf.data.images.interface import ImageStore
from rclicks_hf.data.repo_files import parquet_path
from rclicks_hf.data.schema import SOURCE_DATASETS, SPLITS
from rclicks_hf.data.splits import UNLISTED, SplitMatch, read_split_lists
from rclicks_hf.data.stems import FullStem
from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.atomic import atomic_directory, require_absent
from rclicks_hf.support.progress import is_quiet
from rclicks_hf.support.text.visible_text import shown

_LONGEST = 100  # characters of a path in a message


@dataclass(frozen=True)
class BuildReport:
    """What a build wrote; ``str()`` of it is a summary of one line.

    Attributes:
        path: Folder of the dataset repo.
        clicks: (dataset, round) -> number of clicks.
        instances: (dataset, round) -> number of instances.
        images: Number of instances with images and masks.
        outside: Clicks outside their image, which were clipped.
        duplicates: Clicks equal to an earlier one in every column; they are kept.
        resized: Instances whose clicks were recorded on an image of another size.
        rejected: Lines of the CSV that could not be read; they are in ``rejected.parquet``.
        is_simulated: True if the clicks are simulated.
        configs: Names of the configs.
        listed: How far the split lists and the images fit together; None without lists.
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
    listed: SplitMatch | None = None

    def __str__(self) -> str:
        """The counts in one line."""
        simulated = "simulated " if self.is_simulated else ""
        counts = {
            "clicks outside their image clipped": self.outside,
            "duplicates kept": self.duplicates,
            "instances with clicks recorded at another image size": self.resized,
            "lines left out, see rejected.parquet": self.rejected,
        }
        if self.listed:
            counts["stems in the split lists without an image"] = self.listed.without_image
            counts[f"images in no split list, now in {UNLISTED}"] = self.listed.unlisted
        notes = "".join(f"; {what}: {number:,}" for what, number in counts.items() if number)
        return (
            f"{self.path}: {sum(self.clicks.values()):,} {simulated}clicks on "
            f"{sum(self.instances.values()):,} instances, {self.images:,} with images, "
            f"{len(self.configs)} configs{notes}"
        )


def build_dataset(
    clicks: pa.Table,
    stores: Mapping[str, ImageStore],
    out: str | Path,
    *,
    splits: Splits | None = None,
    rejected: Sequence[RejectedRow] = (),
    is_full_size_copy: bool = False,
    replace: bool = False,
    progress: bool = True,
) -> BuildReport:
    """Write a dataset repo that ``datasets.load_dataset`` reads without a script.

    The folder appears under its final name when it is complete; an interrupted build leaves an
    older dataset of that name in place.

    Args:
        clicks: Columns of `CLICK_SCHEMA`, as from `read_clicks` or `simulate_rounds`.
        stores: Dataset -> its images; a dataset without one gets no ``-images`` config.
        out: Folder to create.
        splits: Dataset -> image_stem -> split; by default as listed, or drawn by image.
        rejected: Lines that `read_clicks` left out; they are written to ``rejected.parquet``.
        is_full_size_copy: True for the clicks of `rclicks_hf.simulation.full_size_clicks`, whose
            counts are those published for the real datasets.
        replace: Replace an older build.

    Returns:
        Counts of what was written.

    Raises:
        RclicksError: If the table or an image is invalid, ``out`` exists and ``replace`` is false,
            or ``out`` cannot be written.

    Example:
        >>> import tempfile
        >>> from rclicks_hf.data import CLICK_SCHEMA
        >>> row = ("simulated_scenes", "a", "a", "", "first", "none", "pc", 1, 2, 64, 48)
        >>> clicks = pa.table([[value] for value in row], names=CLICK_SCHEMA.names)
        >>> out = Path(tempfile.mkdtemp()) / "rclicks"
        >>> report = build_dataset(clicks, {}, out, progress=False)
        >>> report.is_simulated, report.clicks, (out / "README.md").is_file()
        (True, {('simulated_scenes', 'first'): 1}, True)
    """
    out = Path(out)
    check_out(out, replace=replace)
    # The target of a link is replaced, so that the link stays valid.
    target = out.resolve() if replace else out
    with atomic_directory(target, replace=replace) as part, ThreadPoolExecutor(2) as background:
        table = complete_clicks(clicks, splits)
        writing = [background.submit(write_click_files, table, part)]
        gathered = gather(table, _clickless(table, stores, splits or {}))
        facts = _write_images(gathered.heads, stores, part, progress)
        instances, resized = instance_table(table, gathered, facts)
        writing.append(background.submit(write_instance_files, instances, part))
        if rejected:
            write_rejected(rejected, part)
        # Counted while the files are written.
        clicks_of, instances_of = _counts(table), _counts(gathered.heads)
        outside, duplicates = count_outside(table), count_duplicates(table)
        is_simulated = bool(table["is_simulated"][0].as_py())
        for done in writing:
            done.result()
        configs = write_card(part, is_simulated=is_simulated, is_full_size_copy=is_full_size_copy)
        if replace:  # what is there now may be another folder than at the start
            check_out(target, replace=True)
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
        clicks: CSV for `read_clicks`; the split lists (`read_split_lists`) are in the same folder.
        sources: Folder with one folder per source dataset (``GrabCut/``, ``Berkeley/``, ...);
            None to build without images.
        out: Folder to create.
        on_error: ``"skip"`` writes lines that cannot be read to ``rejected.parquet``; ``"raise"``
            stops at the first one.
        replace: Replace an older build.

    Returns:
        Counts of what was written.

    Raises:
        RclicksError: If a file is missing or invalid, or ``out`` exists and ``replace`` is false.

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
        raise RclicksError(f"{clicks}: contains no readable click; give the click CSV")
    datasets = pc.unique(table["dataset"]).to_pylist()
    stores = {} if sources is None else find_stores(sources, datasets, progress=progress)
    splits, listed = {}, None
    for name in datasets:
        if SOURCE_DATASETS[name].has_split_lists and "split" not in table.column_names:
            images = _image_stems(table, name, stores.get(name))
            splits[name] = read_split_lists(Path(clicks).parent, images)
            listed = SplitMatch.of(splits[name], images)
    report = build_dataset(
        table,
        stores,
        out,
        splits=splits,
        rejected=rejected,
        replace=replace,
        progress=progress,
    )
    return changed(report, listed=listed)


def _image_stems(table: pa.Table, dataset: str, store: FolderStore | None) -> set[str]:
    """The images of a dataset: those with clicks, and those in its folder."""
    stems = pc.unique(table["image_stem"].filter(pc.equal(table["dataset"], dataset))).to_pylist()
    clicked = {normalize("NFC", stem) for stem in stems}
    more = store.image_stems() if store else []
    return {*stems, *(stem for stem in more if normalize("NFC", stem) not in clicked)}


def check_out(out: Path, *, replace: bool) -> None:
    """Refuse an ``out`` that exists and may not be replaced, before any work is done."""
    if not replace:
        require_absent(out)
    if not os.path.lexists(out):
        return
    if Path.cwd().is_relative_to(out.resolve()):
        raise RclicksError(f"{out}: is the current folder; run the command in another one")
    if out.is_dir() and not any(out.iterdir()):
        return
    if not is_build(out):
        raise RclicksError(
            f"{out}: is not a dataset made by `rclicks build`, so --replace refuses to overwrite "
            "it; remove it yourself or give another name with --out"
        )
    if foreign := foreign_files(out):
        more = f" and {len(foreign) - 1:,} more" if len(foreign) > 1 else ""
        raise RclicksError(
            f"{out}: holds {shown(foreign[0], _LONGEST)}{more}, which --replace would remove, but "
            "no build wrote; move it to another folder first"
        )


def _clickless(
    table: pa.Table, stores: Mapping[str, ImageStore], splits: Splits
) -> list[dict[str, Any]]:
    """Instances without clicks, of datasets that are known to have some."""
    rows = []
    for dataset, store in stores.items():
        if not SOURCE_DATASETS[dataset].clickless:
            continue
        clicked = _clicked_objects(table, dataset)
        objects = store.objects()
        per_image = Counter(image for image, _ in objects)
        for image, code in objects:
            stem = FullStem(image, code if per_image[image] > 1 else "")
            # The table may give the code of an image's only object, or leave it empty.
            name = normalize("NFC", image)
            if not clicked & {(name, code), (name, stem.object_stem)}:
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
    """(image_stem in NFC, object_stem) that have clicks in the first round."""
    of_first = pc.and_(pc.equal(table["dataset"], dataset), pc.equal(table["round"], "first"))
    names = ["image_stem", "object_stem"]
    pairs = decode_table(table.select(names).filter(of_first)).group_by(names).aggregate([])
    images, objects = (pairs[name].to_pylist() for name in names)
    return {(normalize("NFC", image), code) for image, code in zip(images, objects, strict=True)}


def _write_images(
    heads: pa.Table, stores: Mapping[str, ImageStore], root: Path, progress: bool
) -> dict[tuple[str, str], ImageFacts]:
    """Write the image files; returns the facts about the image of each instance."""
    facts: dict[tuple[str, str], ImageFacts] = {}
    wanted = [name for name in pc.unique(heads["dataset"]).to_pylist() if name in stores]
    total = pc.sum(pc.is_in(heads["dataset"], value_set=pa.array(wanted, pa.string()))).as_py()
    with tqdm(
        total=total, desc="images", unit="instance", disable=is_quiet() or not (progress and total)
    ) as bar:
        for dataset, split in product(wanted, SPLITS):
            chosen = heads.filter(
                pc.and_(pc.equal(heads["dataset"], dataset), pc.equal(heads["split"], split))
            )
            if len(chosen):
                rows = ImageRows(dataset, stores[dataset])
                path = root / parquet_path("images", split, dataset)
                path.parent.mkdir(parents=True)
                write_image_rows(path, _with_progress(rows, _by_image(chosen), bar), rows.pictures)
                facts |= rows.facts
    return facts


def _by_image(heads: pa.Table) -> list[dict[str, Any]]:
    """The instances grouped by image, images in order of first appearance."""
    images: dict[str, list[dict[str, Any]]] = {}
    for instance in heads.to_pylist():
        images.setdefault(instance["image_stem"], []).append(instance)
    return [instance for group in images.values() for instance in group]


def _with_progress(
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
