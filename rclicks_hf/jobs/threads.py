"""Threads of a process beside the one that runs networks; what they do has the same results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Threads:
    """A number of threads for short pieces of work; with none, the caller's thread does it.

    Example:
        >>> Threads(2).each(abs, [-3, 2, -1])
        [3, 2, 1]
    """

    def __init__(self, count: int = 0):
        self._pool = _pool(count) if count else None

    def each(self, call: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """The results in the order of the items; the first error is raised."""
        return list((self._pool.map if self._pool else map)(call, items))


def one_ahead(prepare: Callable[[T], R], items: Sequence[T]) -> Iterator[tuple[T, R | None]]:
    """Each item with what it was prepared to while the caller was busy with the one before it.

    None for the first, and where preparing it failed: whoever prepares it again sees why.

    Example:
        >>> list(one_ahead(lambda number: 6 // number, [3, 2, 0, 1]))
        [(3, None), (2, 3), (0, None), (1, 6)]
    """
    with _pool(1) as thread:
        ready: Future[R] | None = None
        for place, item in enumerate(items):
            last, ready = ready, None
            prepared = None if last is None or last.exception() else last.result()
            if place + 1 < len(items):
                ready = thread.submit(prepare, items[place + 1])
            yield item, prepared


def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="rclicks", initializer=_start)


def _start() -> None:
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)  # PyTorch counts them per thread
