"""Every function that a room exports teaches its use: arguments, result, an example that runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from collections.abc import Callable
from typing import Any

ROOMS = (
    "data",
    "metrics",
    "analysis",
    "networks",
    "click_models",
    "segmenters",
    "benchmark",
    "downloads",
    "report",
    "simulation",
    "space",
    "training",
)


def exported_functions() -> dict[str, Callable[..., Any]]:
    """Qualified name -> function, for every function in a room's ``__all__``."""
    rooms = {room: importlib.import_module(f"rclicks_hf.{room}") for room in ROOMS}
    exports = {
        f"{room}.{name}": getattr(module, name)
        for room, module in rooms.items()
        for name in module.__all__
    }
    return {name: value for name, value in exports.items() if inspect.isfunction(value)}


FUNCTIONS = exported_functions()


def section(function: Callable[..., Any], *heads: str) -> str:
    """Text of the first Google-style section with one of these heads, ``""`` without."""
    text = inspect.getdoc(function) or ""
    found = re.search(rf"^(?:{'|'.join(heads)}):\n((?:    .*\n?|\n)*)", text, re.MULTILINE)
    return found[1].rstrip() if found else ""


def test_every_room_exports_functions() -> None:
    assert {name.rpartition(".")[0] for name in FUNCTIONS} == set(ROOMS)


def test_every_function_has_an_example_with_expected_output() -> None:
    def shows(function: Callable[..., Any]) -> bool:
        examples = doctest.DocTestParser().get_examples(section(function, "Example", "Examples"))
        return any(example.want for example in examples)

    assert [name for name, function in FUNCTIONS.items() if not shows(function)] == []


def test_arguments_are_documented() -> None:
    wrong = {}
    for name, function in FUNCTIONS.items():
        documented = re.findall(r"^    \**(\w+):", section(function, "Args"), re.MULTILINE)
        both = documented, list(inspect.signature(function).parameters)
        if len({tuple(one for one in names if one != "progress") for names in both}) > 1:
            wrong[name] = both
    assert wrong == {}


def test_results_are_documented() -> None:
    def returns(function: Callable[..., Any]) -> bool:
        return inspect.signature(function).return_annotation not in (None, "None")

    assert [
        name
        for name, function in FUNCTIONS.items()
        if returns(function) != bool(section(function, "Returns", "Yields"))
    ] == []
