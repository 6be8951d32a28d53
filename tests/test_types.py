"""What a type checker sees of the package: real types of all exports, and no export that is not."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from inspect import isfunction
from pathlib import Path
from pkgutil import resolve_name, walk_packages

import pytest

import rclicks_hf

# Libraries that mypy does not read here: some take minutes, others have no types. So this also
# shows that classes that derive from one without types come out as their own class.
UNREAD = (
    *("torch", "transformers", "datasets", "evaluate", "accelerate", "matplotlib", "pandas"),
    *("pyarrow", "scipy", "cv2", "skimage", "PIL", "huggingface_hub", "typer", "tqdm", "jinja2"),
    *("gradio", "starlette"),
)

#: Expression -> what mypy reveals, as a regular expression.
EXPECTED = {
    "rclicks_hf.load_segmenter": r"def \(spec: str \| os.PathLike\[str\] \| .*\.Segmenter, \*, "
    r"device: .*\) -> rclicks_hf\.segmenters\.interface\.Segmenter",
    "rclicks_hf.load_click_model": r"def \(spec: .*\) -> "
    r"rclicks_hf\.click_models\.interface\.ClickModel",
    "rclicks_hf.load_instances": r"def \(.*\) -> rclicks_hf\.data\.loading\.InstanceTable",
    "rclicks_hf.run_benchmark": r"def \(instances: .*\) -> .+",
    "rclicks_hf.RclicksError('x')": r"rclicks_hf\.errors\.RclicksError",
    "rclicks_hf.ClickabilityModel": r"def \(.*\) -> rclicks_hf\.networks\.clickability\."
    r"modeling_clickability\.ClickabilityModel",
    "rclicks_hf.Clicker": r"def \(.*\) -> rclicks_hf\.benchmark\.clicker\.Clicker",
    "rclicks_hf.load_segmenter('geocut').threshold": r"float",
    "rclicks_hf.segmenters.SEGMENTERS['sam'].label": r"str",
}


def rooms() -> list[str]:
    """The package and its rooms that export something, by their dotted names."""
    found = [rclicks_hf.__name__]
    for module in walk_packages(rclicks_hf.__path__, "rclicks_hf."):
        if module.ispkg and getattr(importlib.import_module(module.name), "__all__", ()):
            found.append(module.name)
    return found


def stubs() -> list[Path]:
    return sorted(Path(rclicks_hf.__path__[0]).rglob("__init__.pyi"))


def exports() -> list[str]:
    """Every exported name of every room, as an expression."""
    return [
        f"{room}.{name}"
        for room in rooms()
        for name in importlib.import_module(room).__all__
        if not name.startswith("_")
    ]


@pytest.fixture(scope="module")
def revealed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Expression -> type, by one run of mypy on a script in a folder of its own."""
    folder = tmp_path_factory.mktemp("user")
    expressions = [*dict.fromkeys([*EXPECTED, *exports()])]
    lines = [f"reveal_type({expression})" for expression in expressions]
    head = [f"import {room}" for room in rooms()]
    (folder / "script.py").write_text("\n".join([*head, *lines]) + "\n")
    (folder / "wrong.py").write_text("".join(f"from {room} import nonsense\n" for room in rooms()))
    unread = ",".join(f"{name}.*" for name in UNREAD)
    (folder / "mypy.ini").write_text(
        "[mypy]\nignore_missing_imports = true\nfollow_imports = silent\n"
        f"[mypy-{unread}]\nfollow_imports = skip\nfollow_imports_for_stubs = true\n"
    )
    command = [sys.executable, "-m", "mypy", "--no-pretty", "--cache-dir", os.devnull]
    done = subprocess.run(
        [*command, "script.py", "wrong.py"], cwd=folder, capture_output=True, text=True
    )
    notes = re.findall(r'^script\.py:(\d+): note: Revealed type is "(.*)"$', done.stdout, re.M)
    found = {expressions[int(line) - 1 - len(head)]: text for line, text in notes}
    assert len(found) == len(expressions), done.stdout + done.stderr
    assert "script.py" not in "\n".join(re.findall(r".*: error: .*", done.stdout))
    return {**found, "wrong": done.stdout}


def test_exports_have_the_type_that_they_are(revealed: dict[str, str]) -> None:
    for expression, expected in EXPECTED.items():
        assert re.fullmatch(expected, revealed[expression]), (expression, revealed[expression])


def test_no_export_is_of_any_type(revealed: dict[str, str]) -> None:
    found = {name: resolve_name(name) for name in exports() if revealed[name] == "Any"}
    # An object of a library without types, such as a pyarrow.Schema, cannot have one here.
    assert [n for n, v in found.items() if type(v).__module__.partition(".")[0] not in UNREAD] == []


def test_every_exported_function_says_what_it_returns() -> None:
    functions = {name: resolve_name(name) for name in exports()}
    assert [
        name
        for name, value in functions.items()
        if isfunction(value) and value.__annotations__.get("return", "Any") == "Any"
    ] == []


def test_every_exported_class_is_its_own(revealed: dict[str, str]) -> None:
    for expression in exports():
        value = resolve_name(expression)
        if isinstance(value, type) and value.__module__.startswith("rclicks_hf"):
            own = f"{value.__module__}.{value.__qualname__}"
            assert own in revealed[expression], (expression, revealed[expression])


def test_names_that_are_not_exported_are_errors(revealed: dict[str, str]) -> None:
    for number, room in enumerate(rooms(), start=1):
        pattern = rf'^wrong\.py:{number}: error: Module "{re.escape(room)}" has no attribute'
        assert re.search(pattern, revealed["wrong"], re.M), room


@pytest.mark.parametrize("stub", stubs(), ids=lambda stub: stub.parent.name)
def test_every_name_of_a_stub_resolves(stub: Path) -> None:
    parts = stub.parent.relative_to(Path(rclicks_hf.__path__[0]).parent).parts
    room = importlib.import_module(".".join(parts))
    names = re.findall(r"^from \S+ import (\w+) as \1$", stub.read_text(), re.M)
    assert sorted(names) == sorted(room.__all__)
    assert len(set(names)) == len(names)
    for name in names:
        assert getattr(room, name) is not None
    assert set(room.__all__) <= set(dir(room))
