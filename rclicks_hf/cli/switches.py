"""The switches of every verb: how much is printed."""

from __future__ import annotations

import inspect
import logging
import os
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.text.visible_text import without_secrets


class Shown:
    """What the switches asked for."""

    traceback = False


class _Masked(logging.Formatter):
    """Log lines without tokens and passwords, which addresses of requests may hold."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


def _switches(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also print what the libraries log.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only results and errors.")] = False,
    show_traceback: Annotated[
        bool, typer.Option("--traceback", help="Print the traceback of an error.")
    ] = False,
) -> None:
    """Set what the libraries look at when they are loaded, also in worker processes."""
    Shown.traceback = show_traceback
    if verbose and quiet:
        raise RclicksError("--verbose, --quiet: give only one of them")
    if verbose or quiet:
        for library in ("TRANSFORMERS", "DATASETS", "HF_HUB"):
            os.environ[f"{library}_VERBOSITY"] = "info" if verbose else "error"
    if verbose:
        handler = logging.StreamHandler()
        handler.setFormatter(_Masked("%(name)s: %(message)s"))
        logging.basicConfig(level=logging.INFO, handlers=[handler])
    if quiet:
        os.environ |= {"TQDM_DISABLE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        os.environ["PYTHONWARNINGS"] = "ignore"
        warnings.simplefilter("ignore")


def with_switches(verb: Callable[..., None]) -> Callable[..., None]:
    """The verb with the switches after its own options."""

    @wraps(verb)
    def run(*, verbose: bool, quiet: bool, show_traceback: bool, **options: Any) -> None:
        _switches(verbose, quiet, show_traceback)
        verb(**options)

    own, ours = inspect.signature(verb), inspect.signature(_switches)
    parameters = [*own.parameters.values(), *ours.parameters.values()]
    hints = [get_type_hints(function, include_extras=True) for function in (verb, _switches)]
    del run.__wrapped__  # Typer would take its signature
    run.__annotations__ = hints[0] | hints[1]
    run.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[p.replace(annotation=run.__annotations__[p.name]) for p in parameters]
    )
    return run
