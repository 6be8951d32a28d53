"""Every function that a room exports teaches its use: arguments, result, an example that runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

ROOMS = (
    "data",
    "metrics",
    "analysis",
    "networks.clickability",
    "networks.mobile_sam",
    "networks.sam_family",
    "networks.saliency",
    "click_models",
    "segmenters",
    "benchmark",
    "report",
    "simulation",
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


@pytest.fixture(params=sorted(FUNCTIONS))
def function(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return FUNCTIONS[request.param]


def section(function: Callable[..., Any], *heads: str) -> str:
    """Text of the first Google-style section with one of these heads, ``""`` without."""
    text = inspect.getdoc(function) or ""
    found = re.search(rf"^(?:{'|'.join(heads)}):\n((?:    .*\n?|\n)*)", text, re.MULTILINE)
    return found[1].rstrip() if found else ""


def test_every_room_exports_functions() -> None:
    assert {name.rpartition(".")[0] for name in FUNCTIONS} == set(ROOMS)


def test_example_has_expected_output(function: Callable[..., Any]) -> None:
    examples = doctest.DocTestParser().get_examples(section(function, "Example", "Examples"))
    assert any(example.want for example in examples)


def test_arguments_are_documented(function: Callable[..., Any]) -> None:
    documented = re.findall(r"^    \**(\w+):", section(function, "Args"), re.MULTILINE)
    named = [name for name in inspect.signature(function).parameters if name != "progress"]
    assert [name for name in documented if name != "progress"] == named


def test_result_is_documented(function: Callable[..., Any]) -> None:
    returns_nothing = inspect.signature(function).return_annotation in (None, "None")
    assert returns_nothing != bool(section(function, "Returns", "Yields"))
