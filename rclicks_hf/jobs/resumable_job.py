"""One machine for work that resumes and is shared out: parts, claims, processes, manifest, merging.

A `Job` says what is particular about the work; nothing here knows what the work is.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from rclicks_hf.errors import RclicksError
from rclicks_hf.jobs.claims import CLAIMS, claim
from rclicks_hf.jobs.processes import WorkerPool, one_thread
from rclicks_hf.jobs.results_folder import (
    MANIFEST,
    PARQUET_OPTIONS,
    PARTS,
    keep_known,
    part_path,
    read_manifest,
    read_table,
    refuse_other,
    write_manifest,
    write_table,
)
from rclicks_hf.jobs.threads import one_ahead
from rclicks_hf.jobs.workers import Workers
from rclicks_hf.support.files.atomic import atomic_file
from rclicks_hf.support.progress import is_quiet
from rclicks_hf.support.provenance import command_line, library_versions, utc_day

TOGETHER = 8  # tasks that a process gets at once, to prepare the next one meanwhile
PATIENCE = 600.0  # seconds that a helper of a launch waits for the main process
_LIBRARIES = ("numpy", "scipy", "opencv-python-headless", "pyarrow", "torch", "transformers")


class JobTask(Protocol):
    """A piece of work with a part file of its own."""

    @property
    def part_name(self) -> str:
        """Unique name among the job's tasks; any characters."""
        ...

    @property
    def size(self) -> int:
        """How many instances it counts for."""
        ...


T = TypeVar("T", bound=JobTask)


@dataclass(frozen=True)
class Job(ABC, Generic[T]):
    """What is particular about some work; it travels to the processes by pickle."""

    out: Path
    threads: int = field(default=0, kw_only=True)  # of a process; they change no result

    kind: ClassVar[str]  # what the folder holds, in words for an error message
    results: ClassVar[str]  # file name of the merged rows
    schema: ClassVar[pa.Schema]
    identity: ClassVar[tuple[str, ...]]  # manifest entries that must be equal to resume
    of_worker: ClassVar[tuple[str, ...]] = ()  # manifest entries of `manifest_of`
    rows_per_group: ClassVar[int] = 1  # rows collected before they are merged: bounds the memory

    @property
    @abstractmethod
    def title(self) -> str:
        """Text next to the progress bar."""

    @abstractmethod
    def open(self) -> Callable[[T], pa.Table]:
        """Load what the tasks need, once per process; the result makes the rows of a task.

        Where it has a method ``prepare`` and there are threads, that is called with the next task
        in another thread meanwhile; what it returns is given along with the task.
        """

    @abstractmethod
    def manifest(self) -> dict[str, Any]:
        """The manifest of an unfinished run, with `run_facts`; called after `open`."""

    def manifest_of(self, worker: Callable[[T], pa.Table]) -> dict[str, Any]:
        """Manifest entries that need what `open` loaded."""
        return {}

    def may_stay_closed(self) -> bool:
        """Whether ``of_worker`` follows from ``identity``, so that finished work need not open."""
        return True

    def manifest_closed(self) -> dict[str, Any]:
        """Those entries of `manifest_of` that are known without `open`."""
        return {}

    @abstractmethod
    def is_whole(self, task: T, table: pa.Table) -> bool:
        """Whether a part holds every row that the task asks for."""

    def read_manifest(self) -> dict[str, Any] | None:
        """The folder's manifest; None where the folder is empty or absent."""
        return read_manifest(self.out, self.kind, self.identity)

    def refuse_other(self, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        """Refuse to resume results of another configuration."""
        refuse_other(self.out, found, wanted, self.identity)

    def select(self, task: T, table: pa.Table) -> pa.Table:
        """The rows of a part that go into the results."""
        return table

    def tally(self, table: pa.Table) -> Counter[str]:
        """What is counted over rows, for `progress_text` and `finished`."""
        return Counter()

    def progress_text(self, tally: Counter[str]) -> str:
        """Text behind the progress bar, on the rows made in this run."""
        return ""

    def finished(self, tally: Counter[str]) -> dict[str, Any]:
        """Entries that the finished manifest adds, on all merged rows."""
        return {}

    def part(self, task: T) -> Path:
        """File of a task's rows."""
        return part_path(self.out, task.part_name)

    def is_done(self, task: T) -> bool:
        """Whether the task's part is undamaged and whole."""
        table = read_table(self.part(task), self.schema)
        return table is not None and self.is_whole(task, table)


def run_facts() -> dict[str, Any]:
    """Manifest entries of every unfinished run: the command, library versions, the machine."""
    return {
        "is_finished": False,
        "command": command_line(),
        "versions": {"python": platform.python_version(), **library_versions(_LIBRARIES)},
        "machine": {"platform": platform.platform(), "cpus": os.cpu_count(), **_accelerator()},
    }


def _accelerator() -> dict[str, str]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return {}
    return {"gpu": torch.cuda.get_device_name()}


def run_job(
    job: Job[T],
    tasks: Sequence[T],
    workers: Workers,
    *,
    is_main: bool = True,
    overwrite: bool = False,
    progress: bool = True,
) -> Path:
    """Do the tasks that are not done yet, then merge all parts; returns the results file.

    Where all are done, the job is not opened. Else it is opened in this process before the folder
    is touched, so that a wrong name leaves nothing behind; with one process that opened worker does
    the tasks, with several it is dropped and each process opens its own. Calls on the same folder
    at the same time share the tasks. A helper of a launch (``is_main`` false) leaves manifest and
    merging to the main process.
    """
    start, results = time.time(), job.out / job.results
    made = _finished_before(job, tasks) if is_main and not overwrite else None
    if workers.note and progress and is_main and not is_quiet():
        tqdm.write(f"{job.title}: {workers.note}", file=sys.stderr)
    job = replace(job, threads=workers.threads)
    together = TOGETHER if workers.threads else 1
    with WorkerPool(_OpenWorker(job), workers.processes, workers.gpus, together=together) as pool:
        of_worker = job.manifest_of(_opened(pool)) if made is None else made
        manifest = {"kind": job.kind, **job.manifest(), **of_worker}
        if is_main:
            manifest = open_folder(job, manifest, overwrite=overwrite)
        else:
            join_folder(job, manifest)
        _run_missing(job, tasks, pool, is_main=is_main, progress=progress)
    if not is_main:
        return results
    rows, tally = _merge(job, tasks)
    instances = sum(task.size for task in tasks)
    manifest |= {"is_finished": True, "rows": rows, "instances": instances, **job.finished(tally)}
    manifest["date"] = utc_day()
    manifest["seconds"] = round(time.time() - start, 3)
    write_manifest(job.out, manifest)
    shutil.rmtree(job.out / CLAIMS, ignore_errors=True)
    return results


def _finished_before(job: Job[T], tasks: Sequence[T]) -> dict[str, Any] | None:
    """What an earlier run noted that made every part; None if a part is missing."""
    found = job.read_manifest() if job.may_stay_closed() else None
    if found is None or not all(map(job.is_done, tasks)) or not {*job.of_worker} <= found.keys():
        return None
    kept = (*job.of_worker, "versions", "machine")  # the parts are not of this machine
    return {name: found[name] for name in kept if name in found} | job.manifest_closed()


def open_folder(job: Job[T], manifest: dict[str, Any], *, overwrite: bool) -> dict[str, Any]:
    """Create the results folder, or resume in one of the same configuration.

    Returns the manifest written, which keeps what an earlier run knew of a model that this one does
    without. ``overwrite`` removes older results first, of any configuration.
    """
    found = job.read_manifest()
    if found is not None and overwrite:
        (job.out / MANIFEST).unlink()
        (job.out / job.results).unlink(missing_ok=True)
        for folder in (PARTS, CLAIMS):
            shutil.rmtree(job.out / folder, ignore_errors=True)
    elif found is not None:
        job.refuse_other(found, manifest)
        manifest = keep_known(found, manifest, job.identity)
    write_manifest(job.out, manifest)
    return manifest


def join_folder(job: Job[T], manifest: Mapping[str, Any], patience: float = PATIENCE) -> None:
    """Wait at most ``patience`` seconds until the main process has opened the folder; check it."""
    end = time.monotonic() + patience
    while not (job.out / MANIFEST).is_file():
        if time.monotonic() > end:
            raise RclicksError(
                f"{job.out}: the main process has not opened it; check that all nodes see the same "
                "folder there"
            )
        time.sleep(0.05)
    found = job.read_manifest()
    if found is not None:
        job.refuse_other(found, manifest)


@dataclass(frozen=True)
class _Order(Generic[T]):
    """A task, and whether to wait where another process has claimed it."""

    task: T
    waits: bool


@dataclass(frozen=True)
class _Outcome(Generic[T]):
    """Whether a task's part is there now (another process may be at it), and the rows' tally."""

    task: T
    is_done: bool = True
    tally: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _OpenWorker(Generic[T]):
    job: Job[T]

    def __call__(self) -> Callable[[_Order[T]], _Outcome[T]]:
        return _Worker(self.job)


class _Worker(Generic[T]):
    def __init__(self, job: Job[T]) -> None:
        self._job = job
        self.make_rows: Any = job.open()

    def in_a_row(self, orders: Sequence[_Order[T]]) -> Iterator[_Outcome[T]]:
        """The outcomes of many tasks; where there are threads, the next one is prepared ahead."""
        if not self._job.threads or not hasattr(self.make_rows, "prepare"):
            yield from map(self, orders)
            return
        with one_thread():
            for order, prepared in one_ahead(self._prepare, orders):
                yield self(order, prepared)

    def _prepare(self, order: _Order[T]) -> Any:
        return None if self._job.is_done(order.task) else self.make_rows.prepare(order.task)

    def __call__(self, order: _Order[T], prepared: Any = None) -> _Outcome[T]:
        """Write the part of one task, unless another process does or did."""
        job, task, part = self._job, order.task, self._job.part(order.task)
        if job.is_done(task):
            return _Outcome(task)
        with claim(job.out / CLAIMS / part.stem, wait=order.waits) as is_mine:
            if not is_mine:
                return _Outcome(task, is_done=False)
            if job.is_done(task):  # since we looked
                return _Outcome(task)
            with one_thread():
                table = self.make_rows(task, *([] if prepared is None else [prepared]))
            write_table(part, table)
        return _Outcome(task, tally=job.tally(table))


def _opened(pool: WorkerPool[_Order[T], _Outcome[T]]) -> Callable[[T], pa.Table]:
    """What the job has opened in this process."""
    worker = pool.open_here()
    assert isinstance(worker, _Worker)
    return worker.make_rows


def _run_missing(
    job: Job[T],
    tasks: Sequence[T],
    pool: WorkerPool[_Order[T], _Outcome[T]],
    *,
    is_main: bool,
    progress: bool,
) -> None:
    missing = [task for task in tasks if not job.is_done(task)]
    total, left = (sum(task.size for task in some) for some in (tasks, missing))
    tally: Counter[str] = Counter()
    with tqdm(
        total=total,
        initial=total - left,
        desc=job.title,
        unit="instance",
        disable=is_quiet() or not (progress and is_main),
    ) as bar:
        # The main process waits for tasks of others at the end, and does those of dead processes.
        for waits in (False, True) if is_main else (False,):
            others = []
            for outcome in pool.run([_Order(task, waits) for task in missing]):
                if not outcome.is_done:
                    others.append(outcome.task)
                    continue
                tally.update(outcome.tally)
                if text := job.progress_text(tally):
                    bar.set_postfix_str(text, refresh=False)
                bar.update(outcome.task.size)
            missing = others


def _merge(job: Job[T], tasks: Sequence[T]) -> tuple[int, Counter[str]]:
    """Write the parts into one file in the order of the tasks; number of rows, and their tally."""
    rows, tally = 0, Counter[str]()
    with (
        atomic_file(job.out / job.results) as target,
        pq.ParquetWriter(target, job.schema, **PARQUET_OPTIONS) as writer,
    ):
        for table in _row_groups(job, tasks):
            writer.write_table(table)
            rows += table.num_rows
            tally.update(job.tally(table))
    return rows, tally


def _row_groups(job: Job[T], tasks: Sequence[T]) -> Iterator[pa.Table]:
    collected: list[pa.Table] = []
    rows = 0
    for task in tasks:
        part = job.part(task)
        table = read_table(part, job.schema)
        if table is None:
            raise RclicksError(f"{part}: damaged since it was written; run the command again")
        collected.append(job.select(task, table))
        rows += collected[-1].num_rows
        if rows >= job.rows_per_group:
            yield pa.concat_tables(collected)
            collected, rows = [], 0
    if collected:
        yield pa.concat_tables(collected)
