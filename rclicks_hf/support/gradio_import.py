"""Importing Gradio in half the time."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def without_type_stubs() -> Iterator[None]:
    """Keep Gradio from composing type stubs, which it does at each import, beside its source.

    It leaves out components that have no source file.
    """
    find = inspect.getfile

    def file_of(thing: object) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError
        return find(thing)  # type: ignore[arg-type]

    with mock.patch.object(inspect, "getfile", file_of):
        yield
