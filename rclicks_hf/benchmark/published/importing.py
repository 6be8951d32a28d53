"""Imports the paper's published results: one results folder per method, in our own form."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from tqdm.auto import tqdm

from rclicks_hf.benchmark.manifest import RESULTS, describe_run
from rclicks_hf.benchmark.protocol import PROTOCOLS
from rclicks_hf.benchmark.published.archive import ResultsArchive, ResultsFile
from rclicks_hf.benchmark.published.pickled_results import InstanceResult, read_pickled_results
from rclicks_hf.benchmark.result_rows import RESULT_SCHEMA, ResultRow, rows_to_table
from rclicks_hf.benchmark.runs import RUNS, SAMPLED_RUN, USER_RUN
from rclicks_hf.data.schema import SOURCE_DATASETS
from rclicks_hf.data.stems import FullStem, stem_problem
from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.processes import WorkerPool, processes_for
from rclicks_hf.jobs.results_folder import (
    MANIFEST,
    PARQUET_OPTIONS,
    read_manifest,
    write_manifest,
)
from rclicks_hf.segmenters.methods import METHODS
from rclicks_hf.support.files.atomic import atomic_directory
from rclicks_hf.support.progress import is_quiet
from rclicks_hf.support.text.visible_text import shown

#: What the manifest names as source.
_PUBLISHED = "the paper's published per-click results"
CLICK_MODEL = "cm"  # whose clicks the paper's groups are drawn from

_SMALL = 32 << 20  # bytes of an archive; starting processes takes longer than reading it

_PROTOCOL = PROTOCOLS["reference"]
_DIGEST = _PROTOCOL.digest
_DATASETS = [name for name, source in SOURCE_DATASETS.items() if source.clicks]
_SINGLE_CLICKS = (USER_RUN, SAMPLED_RUN)
_ENDING = re.compile(r"\.(jpe?g|png|bmp|jfif|tiff?|webp)", re.I)


@dataclass
class ImportReport:
    """What was imported, and what was not there.

    Attributes:
        imported: Methods whose results are in the folder now.
        kept: Those of them that an earlier import had finished.
        notes: One line for each thing that is missing or was left out.

    Example:
        >>> print(ImportReport(imported=["mobile_sam"], notes=["davis: run g3 is missing"]))
        imported 1 method: mobile_sam
        davis: run g3 is missing
    """

    imported: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        count = f"{len(self.imported)} method{'s' * (len(self.imported) != 1)}"
        lines = [f"imported {count}: {', '.join(self.imported)}"]
        if self.kept:
            lines.append(f"{len(self.kept)} of them were already there")
        return "\n".join([*lines, *self.notes])


def import_results(
    archive: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    num_proc: int | None = None,
    progress: bool = True,
) -> ImportReport:
    """Import the paper's published per-click results.

    Each method becomes a results folder ``out/METHOD``, as the benchmark writes it, with protocol
    ``rclicks-reference-1``. Instances are named by their image and object, not by their position.
    The same call resumes a stopped import.

    Args:
        archive: ``evaluation_results.zip``, or the folder that it was unpacked to. The pickles in
            it are not run: anything but numbers is refused.
        out: Folder for the methods' folders.
        num_proc: Number of processes; None means one per core.
        progress: Show a progress bar.

    Returns:
        What was imported and what is missing.

    Raises:
        RclicksError: If the archive is damaged, hostile or something else, or ``out`` holds other
            results.

    Example:
        >>> import_results("none.zip", "runs/paper")
        Traceback (most recent call last):
        ...
        rclicks_hf.errors.RclicksError: none.zip: does not exist; give evaluation_results.zip of the
        paper
    """
    source, folder, report = Path(archive), Path(out), ImportReport()
    with ResultsArchive(source) as opened:
        by_method = _by_method(opened, report)
        digest = opened.digest()
    todo = []
    for method, files in by_method.items():
        if _is_finished(folder / method, digest, files):
            report.kept.append(method)
        else:
            todo.append(_Task(source, digest, method, tuple(files)))
    notes: dict[str, list[str]] = {}
    is_small = num_proc is None and source.is_file() and source.stat().st_size < _SMALL
    with (
        WorkerPool[_Task, tuple[str, list[str]]](
            partial(_Importer, folder), processes_for(1 if is_small else num_proc, {})[0]
        ) as pool,
        tqdm(total=len(todo), desc="methods", disable=not (progress and todo) or is_quiet()) as bar,
    ):
        for method, found in pool.run(todo):
            notes[method] = found
            bar.update()
    for method in report.kept:
        notes[method] = _read(folder / method)["published"]["notes"]
    report.imported = list(by_method)
    report.notes += _grouped({method: notes[method] for method in by_method})
    missing = [name for name in METHODS if name not in by_method]
    if missing:
        report.notes.append(f"not in the archive: {', '.join(missing)}")
    return report


def _grouped(notes: Mapping[str, Sequence[str]]) -> list[str]:
    """Notes of methods in lines; what several have in common is said once."""
    methods: dict[str, list[str]] = {}
    for method, lines in notes.items():
        for line in lines:
            methods.setdefault(line, []).append(method)
    every = len(notes) if len(notes) > 1 else 0
    return [
        f"{'all methods' if len(names) == every else ', '.join(names)}: {line}"
        for line, names in methods.items()
    ]


def _by_method(archive: ResultsArchive, report: ImportReport) -> dict[str, list[ResultsFile]]:
    """The files of each method, methods in the order of the paper's table, then by name."""
    found: dict[str, dict[tuple[str, str], list[ResultsFile]]] = {}
    for file in archive.files:
        if problem := stem_problem(file.method):
            raise RclicksError(f"{archive.path}: a method's name {problem}: {shown(file.method)}")
        found.setdefault(file.method, {}).setdefault((file.dataset, file.run), []).append(file)
    if not found:
        raise RclicksError(
            f"{archive.path}: holds no results of the paper; looked for "
            "METHOD_RUN/plots/DATASET_cvpr_MODE_N.pickle, for example in evaluation_results.zip"
        )
    order = {name: place for place, name in enumerate(METHODS)}
    by_method = {}
    for method in sorted(found, key=lambda name: (order.get(name, len(order)), name)):
        for (dataset, run), files in found[method].items():
            if len(files) > 1:
                names = " and ".join(file.name for file in files)
                raise RclicksError(
                    f"{archive.path}: two files hold run {run} of {method} on {dataset}: {names}; "
                    "remove one"
                )
        by_method[method] = [files[0] for files in found[method].values()]
        if method not in order:
            report.notes.append(
                f"{method}: is not a method of the paper's table; imported under this name"
            )
    if archive.others:
        few = ", ".join(shown(name, 80) for name in archive.others[:3])
        more = ", ..." if len(archive.others) > 3 else ""
        report.notes.append(f"{len(archive.others)} other files were left out: {few}{more}")
    return by_method


@dataclass(frozen=True)
class _Task:
    """One method to import."""

    archive: Path
    digest: str
    method: str
    files: tuple[ResultsFile, ...]


class _Importer:
    """Imports methods in one process."""

    def __init__(self, folder: Path):
        self._folder = folder

    def __call__(self, task: _Task) -> tuple[str, list[str]]:
        final = self._folder / task.method
        with ResultsArchive(task.archive) as archive, atomic_directory(final) as part:
            notes: list[str] = []
            runs: set[str] = set()
            datasets: list[str] = []
            with pq.ParquetWriter(part / RESULTS, RESULT_SCHEMA, **PARQUET_OPTIONS) as writer:
                for dataset in _DATASETS:
                    files = [file for file in task.files if file.dataset == dataset]
                    files.sort(key=lambda file: RUNS.index(file.run))
                    written = _write_dataset(archive, files, writer, notes)
                    runs |= written
                    datasets += [dataset] if written else []
                    notes += _missing(dataset, written)
            write_manifest(part, _manifest(task, datasets, sorted(runs, key=RUNS.index), notes))
        return task.method, notes


def _write_dataset(
    archive: ResultsArchive,
    files: Sequence[ResultsFile],
    writer: pq.ParquetWriter,
    notes: list[str],
) -> set[str]:
    """Write the runs on one dataset; the runs that were written."""
    expected: dict[str, ResultRow] = {}
    written = set()
    for file in files:
        rows = _rows(archive, file)
        if not expected:
            expected = rows
        lacking = [stem for stem in expected if stem not in rows]
        if file.run in _SINGLE_CLICKS:
            for stem in lacking:  # nobody clicked on it
                rows[stem] = replace(expected[stem], run=file.run, **_NO_CLICKS)
            if lacking and file.run == USER_RUN:
                notes.append(
                    f"{file.dataset}: {len(lacking)} objects without user clicks "
                    f"({_few(lacking)}) stay out of user and nuser"
                )
            lacking = []
        extra = [stem for stem in rows if stem not in expected]
        if lacking or extra:
            what = f"lacks {_few(lacking)}" if lacking else f"has {_few(extra)} besides"
            notes.append(f"{file.dataset}: run {file.run} {what} and was left out")
            continue
        writer.write_table(rows_to_table([rows[stem] for stem in expected]))
        written.add(file.run)
    return written


_NO_CLICKS: dict[str, Any] = {name: [] for name in ("iou", "boundary_iou", "x", "y", "is_positive")}


def _rows(archive: ResultsArchive, file: ResultsFile) -> dict[str, ResultRow]:
    """full_stem -> row of one file."""
    name = f"{archive.path}: {file.name}"
    rows: dict[str, ResultRow] = {}
    for found in read_pickled_results(archive.read(file), name):
        stem = _stem(found, file.dataset, name)
        if str(stem) in rows:
            raise RclicksError(
                f"{name}: holds {shown(str(stem))} twice; download the archive again"
            )
        if file.run not in _SINGLE_CLICKS and len(found.ious) != _PROTOCOL.max_clicks:
            raise RclicksError(
                f"{name}: {shown(str(stem))} has {len(found.ious)} clicks, not "
                f"{_PROTOCOL.max_clicks}; download the archive again"
            )
        rows[str(stem)] = ResultRow(
            dataset=file.dataset,
            full_stem=str(stem),
            image_stem=stem.image_stem,
            split=_split(file.dataset),
            segmenter=file.method,
            click_model=CLICK_MODEL,
            run=file.run,
            is_simulated=False,
            protocol_id=_PROTOCOL.id,
            protocol_digest=_DIGEST,
            iou=found.ious,
            boundary_iou=found.boundary_ious,
            x=found.xs,
            y=found.ys,
            is_positive=found.are_positive,
        )
    if not rows:
        raise RclicksError(f"{name}: holds no instances; download the archive again")
    return rows


def _stem(found: InstanceResult, dataset: str, name: str) -> FullStem:
    """The instance by its names; datasets of one object per image have mask 1."""
    file = found.image.replace("\\", "/").rpartition("/")[2]
    ending = _ENDING.fullmatch(file[file.rfind(".") :]) if "." in file else None
    image = file[: -len(ending[0])] if ending else file
    if problem := stem_problem(image):
        raise RclicksError(f"{name}: an image's name {problem}: {shown(found.image, 80)}")
    is_code = SOURCE_DATASETS[dataset].layout == "tetris" or found.mask_id != 1
    return FullStem(image, str(found.mask_id) if is_code else "")


def _split(dataset: str) -> str:
    """The only split of a dataset; of several the archive does not say which: empty."""
    splits = SOURCE_DATASETS[dataset].splits
    return splits[0] if len(splits) == 1 else ""


def _missing(dataset: str, written: set[str]) -> list[str]:
    if not written:
        return [f"{dataset}: is missing"]
    missing = [run for run in RUNS if run not in written]
    return [f"{dataset}: missing runs: {', '.join(missing)}"] if missing else []


def _manifest(
    task: _Task, datasets: list[str], runs: list[str], notes: list[str]
) -> dict[str, Any]:
    identity = {
        "segmenter": task.method,
        "segmenter_fingerprint": f"published-{task.digest}",
        "click_model": CLICK_MODEL,
        "click_model_fingerprint": f"published-{task.digest}",
        "dataset": ",".join(datasets),
        "split": "",
        "dataset_fingerprint": "",
    }
    return {
        **describe_run(_PROTOCOL, identity, tuple(runs)),
        "published": {
            "by": _PUBLISHED,
            "archive": task.archive.name,
            "archive_sha256": task.digest,
            "files": sorted(file.name for file in task.files),
            "notes": notes,
        },
        "pictures_fingerprint": "",  # the archive holds no pictures
        "is_finished": True,
    }


def _is_finished(folder: Path, digest: str, files: Sequence[ResultsFile]) -> bool:
    """Whether an earlier import of the same archive wrote the folder; another one is refused."""
    if not os.path.lexists(folder):
        return False
    published = _read(folder).get("published")
    if not isinstance(published, dict) or "archive_sha256" not in published:
        raise RclicksError(f"{folder}: holds other results; give another --out")
    if published["archive_sha256"] != digest:
        raise RclicksError(
            f"{folder}: was imported from another archive ({published.get('archive')}); give "
            "another --out or remove it"
        )
    if not (folder / RESULTS).is_file():
        shutil.rmtree(folder)
        return False
    return True


def _read(folder: Path) -> dict[str, Any]:
    found = read_manifest(folder, "imported results", ("segmenter", "protocol"))
    if found is None:
        raise RclicksError(f"{folder / MANIFEST}: is missing; remove the folder")
    return found


def _few(stems: Iterable[str]) -> str:
    """The first names of several."""
    names = list(stems)
    return ", ".join(shown(name, 100) for name in names[:3]) + (", ..." if len(names) > 3 else "")
