"""Tasks shared out over processes, so that a killed or stopped run leaves no process behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import connection, parent_process
from typing import Any, TypeVar

from rclicks_hf.errors import RclicksError

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


def process_count(num_proc: int | None) -> int:
    """Number of processes that a user asked for.

    Args:
        num_proc: The number; None takes one a core that this process may run on.

    Returns:
        The number, at least 1.

    Raises:
        RclicksError: If it is below 1.

    Example:
        >>> process_count(3), process_count(None) >= 1
        (3, True)
    """
    if num_proc is None:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    if num_proc < 1:
        raise RclicksError(f"num_proc: must be at least 1, got {num_proc}")
    return num_proc


def run_tasks(
    open_worker: Callable[[], Callable[[Task], Outcome]], tasks: Sequence[Task], processes: int
) -> Iterator[Outcome]:
    """Outcomes of tasks, as they come.

    Args:
        open_worker: Makes the function that does a task; called once in every process, so it opens
            files and models there. It travels by pickle, as tasks and outcomes do.
        tasks: What to do.
        processes: Number of processes; with 1 all is done in this one.

    Yields:
        One outcome a task, in the order of the tasks only with one process.

    Raises:
        RclicksError: If a worker process died. What a task raises is raised here.

    Example:
        >>> list(run_tasks(lambda: abs, [-1, 2], processes=1))
        [1, 2]
    """
    processes = min(processes, len(tasks))
    if not tasks:
        return
    if processes <= 1:
        yield from map(open_worker(), tasks)
        return
    # Spawned, not forked: PyTorch's and OpenCV's threads do not survive a fork.
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_process,
        initargs=(open_worker,),
    )
    try:
        futures = [pool.submit(_run_task, task) for task in tasks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise RclicksError(
            "a worker process was killed (out of memory?); the same command goes on from here, "
            "with a smaller --num-proc if memory is short"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenCV and PyTorch to one thread: tasks are what runs in parallel.

    Sums then are taken in one order on every machine, too.

    Example:
        >>> import cv2
        >>> before = cv2.getNumThreads()
        >>> with one_thread():
        ...     cv2.getNumThreads()
        1
        >>> cv2.getNumThreads() == before
        True
    """
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
    """State of a worker process.

    The worker is opened with its first task, so that its errors travel back as the task's.
    """

    open_worker: Callable[[], Callable[[Any], Any]]
    worker: Callable[[Any], Any] | None = None


def _start_process(open_worker: Callable[[], Callable[[Any], Any]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once and without a traceback
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _Process.open_worker = open_worker


def _run_task(task: Any) -> Any:
    if _Process.worker is None:
        _Process.worker = _Process.open_worker()
    return _Process.worker(task)


def _die_with_parent() -> None:
    """A killed parent cannot stop its workers, which would wait for tasks for ever."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
