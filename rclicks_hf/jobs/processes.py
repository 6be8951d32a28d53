"""Worker processes that share tasks; a killed or stopped run leaves none of them behind."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import re
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import connection, parent_process
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

from rclicks_hf.errors import RclicksError

_PR_SET_PDEATHSIG = 1
_GUARD = re.compile(rb"__name__\s*[!=]=|[!=]=\s*__name__")
_QUIET_TRACKER = "ignore:resource_tracker:UserWarning"

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def process_count(num_proc: int | None) -> int:
    """The number of processes asked for; None means one per core that this process may use."""
    if num_proc is None:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    if num_proc < 1:
        raise RclicksError(f"num_proc: must be at least 1, got {num_proc}; give 1 or more")
    return num_proc


def processes_for(num_proc: int | None, given: Mapping[str, object]) -> tuple[int, str]:
    """The number of processes for work with a caller's objects, and why it is only one.

    It is one where other processes cannot start, or an object (``given`` has them by their
    arguments' names) cannot be sent to them, with a warning if more were asked for. By default it
    is also one where an object is on an accelerator, which would hold a copy per process.
    """
    processes = process_count(num_proc)
    reason = why_one_process(given) if processes > 1 else ""
    if reason and num_proc is not None:
        warnings.warn(
            f"num_proc: one process is used, not {num_proc}: {reason} to use more", stacklevel=3
        )
    if reason:
        return 1, f"one process: {reason}"
    for name, thing in given.items() if num_proc is None and processes > 1 else ():
        device = str(getattr(getattr(thing, "model", thing), "device", "cpu"))
        if not device.startswith("cpu"):
            return 1, f"one process: {name} is on {device}"
    return processes, ""


def why_one_process(given: Mapping[str, object]) -> str:
    """What keeps other processes from the work, and what to do about it; ``""`` for nothing."""
    if script := _script_without_guard():
        return (
            f"others would run {script} again from its top; put its calls below "
            '`if __name__ == "__main__":`'
        )
    for name, thing in given.items():
        if reason := why_not_sendable(thing):
            return f"{name} cannot be sent to others ({reason}); define it in a module of its own"
    return ""


def _script_without_guard() -> str:
    """Name of the script that is running, if a process that imports it would do its work too."""
    main = sys.modules["__main__"]
    file = getattr(main, "__file__", None)
    if file is None or getattr(main, "__spec__", None) is not None:  # a notebook, `python -m`
        return ""
    try:
        return "" if _GUARD.search(Path(file).read_bytes()) else Path(file).name
    except OSError:
        return ""


def why_not_sendable(thing: object) -> str:
    """Why an object cannot be sent to other processes; ``""`` where it can."""
    sink = _PickleSink()
    try:
        # Large arrays are handed to the callback, which drops them, so nothing is copied.
        pickle.Pickler(sink, protocol=5, buffer_callback=lambda buffer: None).dump(thing)
    except Exception as error:  # whatever the code of the object's class raises
        return " ".join(f"it cannot be pickled ({error})".split())
    return "it is defined in a notebook or script" if sink.names_main else ""


class _PickleSink:
    """Looks through a pickle for names of the main module, which other processes lack."""

    names_main = False

    def write(self, data: Any) -> int:
        self.names_main = self.names_main or b"__main__" in bytes(data)
        return len(data)


class WorkerPool(Generic[Task, Outcome]):
    """One or more processes, each with a worker that `open_worker` makes there once.

    With one process all is done in this one. `open_worker`, tasks and outcomes travel by pickle. A
    worker with a method ``in_a_row``, which yields the outcomes of many tasks, gets them together,
    at most `together` where there are several processes.
    """

    def __init__(
        self,
        open_worker: Callable[[], Callable[[Task], Outcome]],
        processes: int,
        gpus: int = 0,
        *,
        together: int = 1,
    ):
        self._open_worker, self._processes, self._gpus = open_worker, processes, gpus
        self._together = together
        self._worker: Callable[[Task], Outcome] | None = None
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> WorkerPool[Task, Outcome]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def open_here(self) -> Callable[[Task], Outcome]:
        """The worker of this process: whatever is wrong with it is raised here.

        If the tasks then need several processes it is dropped, with the memory that it holds.
        """
        if self._worker is None:
            self._worker = self._open_worker()
        return self._worker

    def run(self, tasks: Sequence[Task]) -> Iterator[Outcome]:
        """Yield one outcome per task as they come; a task's error is raised here."""
        if not tasks:
            return
        if self._pool is None and min(self._processes, len(tasks)) <= 1:
            yield from _in_a_row(self.open_here(), tasks)
            return
        self._worker = None
        _free_gpu_memory()
        try:
            # Few enough that all processes end at about the same time.
            size = max(1, min(self._together, len(tasks) // (4 * self._processes)))
            shares = [tasks[first : first + size] for first in range(0, len(tasks), size)]
            futures = [self._start(len(shares)).submit(_run_tasks, share) for share in shares]
            for future in as_completed(futures):
                yield from future.result()
        except BrokenProcessPool as error:
            raise RclicksError(
                "num_proc: a worker process was killed (out of memory?); run the same command "
                "again to resume, with a smaller --num-proc if memory is short"
            ) from error

    def _start(self, shares: int) -> ProcessPoolExecutor:
        if self._pool is None:
            hush_resource_tracker()
            # Spawned, not forked: PyTorch's and OpenCV's threads do not survive a fork.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                min(self._processes, shares),
                mp_context=context,
                initializer=_start_process,
                # Pickled here: PyTorch would share the tensors' memory with the other processes.
                initargs=(pickle.dumps(self._open_worker), self._gpus, context.Value("i", 0)),
            )
        return self._pool


def _free_gpu_memory() -> None:
    """Give the memory of dropped networks back to the other processes."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenCV and PyTorch to one thread: tasks run in parallel, and sums have one order."""
    import cv2

    torch = sys.modules.get("torch")
    before_cv2, before_torch = cv2.getNumThreads(), torch.get_num_threads() if torch else 0
    cv2.setNumThreads(1)
    if torch:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before_cv2)
        if torch:
            torch.set_num_threads(before_torch)


class _Process:
    """A worker process; it opens its worker with the first task, whose errors travel back."""

    open_worker: bytes
    gpu: int | None = None
    worker: Callable[[Any], Any] | None = None


def _start_process(open_worker: bytes, gpus: int, started: Any) -> None:
    die_with_parent()
    with started.get_lock():
        number, started.value = started.value, started.value + 1
    _Process.gpu = number % gpus if gpus > 1 else None
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once and without a traceback
    _Process.open_worker = open_worker


def _run_tasks(tasks: Sequence[Any]) -> list[Any]:
    if _Process.worker is None:
        if _Process.gpu is not None:
            import torch

            torch.cuda.set_device(_Process.gpu)  # what "cuda" means from here on
        _Process.worker = pickle.loads(_Process.open_worker)()
    return list(_in_a_row(_Process.worker, tasks))


def _in_a_row(worker: Callable[[Task], Outcome], tasks: Sequence[Task]) -> Iterator[Outcome]:
    many = getattr(worker, "in_a_row", None)
    return many(tasks) if many else map(worker, tasks)


def die_with_parent() -> None:
    """Let the system end this process with its parent, which a killed parent cannot do itself."""
    parent = parent_process()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library without prctl
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None:  # it may be dead already; elsewhere than on Linux this is the only way
        threading.Thread(target=_wait_for_death, args=(parent.sentinel,), daemon=True).start()


def _wait_for_death(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def hush_resource_tracker() -> None:
    """Silence its warnings about semaphores that a killed process left, which it then removes."""
    if _QUIET_TRACKER not in sys.warnoptions:
        sys.warnoptions.append(_QUIET_TRACKER)  # it is started with these options of this process
