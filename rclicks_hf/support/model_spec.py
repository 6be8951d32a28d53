"""The text that names a segmenter or click model: how it is read, and how a user's class is made.

A spec is a name (``geocut``, ``dt``), ``name:WEIGHTS`` (``si:FOLDER``), a folder, a Hub id
(``owner/name``), the name of a network that ``rclicks download`` fetched, or ``module:Class``.
Names win over folders of the same name.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rclicks_hf.errors import RclicksError
from rclicks_hf.support.files.download_folder import find_network
from rclicks_hf.support.network_options import NetworkOptions, keywords_for, require_device

SpecKind = Literal["name", "folder", "hub", "class", "unknown"]


@dataclass(frozen=True)
class ModelSpec:
    """A spec taken apart; ``kind`` is ``"unknown"`` if it has none of the forms."""

    text: str  # what the user typed
    kind: SpecKind
    name: str = ""  # built-in name, also the one before ":WEIGHTS"
    place: str = ""  # folder or Hub id of the weights
    module: str = ""  # of "module:Class"
    class_name: str = ""


def parse_model_spec(
    text: str | os.PathLike[str],
    names: Collection[str],
    names_with_weights: Collection[str] = (),  # those of ``names`` that take ":WEIGHTS"
) -> ModelSpec:
    """Take a spec apart; only the file system is consulted, nothing is imported or downloaded.

    Example:
        >>> spec = parse_model_spec("si:owner/net", ["dt", "si"], ["si"])
        >>> spec.kind, spec.name, spec.place
        ('hub', 'si', 'owner/net')
    """
    text = os.fspath(text)
    if text in names:
        return ModelSpec(text, "name", name=text)
    first, colon, rest = text.partition(":")
    if colon and first in names_with_weights:
        rest = find_network(rest)
        return ModelSpec(text, _kind_of_place(rest) if rest else "name", name=first, place=rest)
    place = find_network(text)
    kind = _kind_of_place(place)
    if kind == "unknown" and colon and first not in names:
        return ModelSpec(text, "class", module=first, class_name=rest)
    return ModelSpec(text, kind, place=place)


def _kind_of_place(place: str) -> SpecKind:
    if Path(place).is_dir():  # a folder may hold a colon
        return "folder"
    return "hub" if place.count("/") == 1 and ":" not in place else "unknown"


def make_from_class(spec: ModelSpec, options: NetworkOptions | None = None) -> Any:
    """Import the module of ``module:Class`` and call the class, with the given options only.

    The module is looked up on Python's path and in the working directory. Whatever the user's code
    raises becomes an `RclicksError` of one line.
    """
    module = _import(spec)
    make = getattr(module, spec.class_name, None)
    if make is None:
        raise RclicksError(
            f"{spec.text}: {spec.module} has no {spec.class_name}; check the spelling"
        )
    keywords = keywords_for(make, options, spec.text) if options else {}
    try:
        made = make(**keywords)
    except TypeError as error:
        raise RclicksError(
            f"{spec.text}: cannot be created without arguments ({error}); give every argument a "
            "default"
        ) from error
    except (Exception, SystemExit) as error:
        raise RclicksError(
            f"{spec.text}: creating it raised {in_one_line(error)}; fix that"
        ) from error
    if options:
        require_device(made, options, spec.text)
    return made


def _import(spec: ModelSpec) -> Any:
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)  # a console script does not have the working directory on its path
    try:
        return importlib.import_module(spec.module)
    except ImportError as error:
        raise RclicksError(
            f"{spec.text}: cannot import {spec.module} ({error}); run the command from the folder "
            "of that module"
        ) from error
    except (Exception, SystemExit) as error:  # a script without `if __name__ == "__main__":`
        raise RclicksError(
            f"{spec.text}: importing {spec.module} raised {in_one_line(error)}; fix that"
        ) from error


def in_one_line(error: BaseException) -> str:
    """``"Type: text"`` of an exception, without line breaks."""
    return " ".join(f"{type(error).__name__}: {error}".split())
